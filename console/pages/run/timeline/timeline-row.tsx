import type { ComponentChildren } from 'preact';
import { StateMark } from '../../../parts/badge.tsx';
import { Glyph } from '../../../parts/glyph.tsx';
import { durationText } from '../../../parts/words.ts';
import { listBarParts, readTimes } from './bars.ts';
import { type Entry, entryState } from './entry.ts';
import type { Scale } from './scale.ts';
import type { TreeRow } from './tree.ts';

/** The properties of a row. */
interface RowProps {
  row: TreeRow;
  id: string | undefined;
  scale: Scale;
  /** The instant up to which what has not ended has lasted, in milliseconds. */
  now: number;
  isOpenRun: boolean;
  isActive: boolean;
  toggle: () => void;
  choose: () => void;
}

/** A visit, an item or an attempt: its key, its state, how long it was queued and has run, and its bar. */
export function TimelineRow({ row, id, scale, now, isOpenRun, isActive, toggle, choose }: RowProps) {
  const { index, level, place, siblings, entry, canOpen, isOpen } = row;
  const [name, state] = entry === undefined ? ['Loading', null] : [nameOf(entry), entryState(entry)];
  const times = entry === undefined ? null : readTimes(entry, now);
  return (
    <tr
      role="row"
      id={id}
      class={`timeline-row ${isActive ? 'current' : ''}`}
      style={{ '--index': index }}
      aria-label={state === null ? name : `${name}, ${state}`}
      aria-level={level}
      aria-posinset={place}
      aria-setsize={siblings}
      aria-rowindex={index + 2}
      aria-selected={isActive}
      {...(canOpen ? { 'aria-expanded': isOpen } : {})}
      onClick={choose}
    >
      <th
        role="rowheader"
        scope="row"
        aria-label={name}
        class="timeline-key"
        style={{ paddingInlineStart: `${8 + (level - 1) * 16}px` }}
      >
        {canOpen ? <Chevron of={name} isOpen={isOpen} toggle={toggle} /> : <span class="chevron" />}
        <span title={name}>{name}</span>
      </th>
      <Cell look="timeline-state">
        {state !== null && (
          <>
            <StateMark state={state} />
            <span>{state}</span>
          </>
        )}
      </Cell>
      <Cell look="timeline-time soft">{times?.queued && textOf(times.queued)}</Cell>
      <Cell look="timeline-time">{times?.ran && textOf(times.ran)}</Cell>
      <Cell look="timeline-bar" label="Bar">
        {entry !== undefined &&
          listBarParts(entry, now).map(({ from, to, look }) => {
            const [left, right] = [scale.place(from), scale.place(to)];
            const at = { left: `${left * 100}%`, width: `${Math.max(0, right - left) * 100}%` };
            return <i key={`${look} ${from}`} class={`part ${look}`} style={at} />;
          })}
        {scale.breaks.map((each) => (
          <i key={each} class="break" style={{ left: `${each * 100}%` }} />
        ))}
        {isOpenRun && <i class="now" style={{ left: `${scale.place(now) * 100}%` }} />}
      </Cell>
    </tr>
  );
}

function Cell({ look, label, children }: { look: string; label?: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the cells of a treegrid
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
    <td role="gridcell" class={look} aria-label={label}>
      {children}
    </td>
  );
}

function Chevron({ of, isOpen, toggle }: { of: string; isOpen: boolean; toggle: () => void }) {
  const press = (event: Event) => {
    event.stopPropagation();
    toggle();
  };
  return (
    // For those who have no keys: the arrow keys do the same on the row.
    <button
      type="button"
      tabIndex={-1}
      class={`chevron ${isOpen ? 'opened' : ''}`}
      aria-label={`${isOpen ? 'Close' : 'Open'} ${of}`}
      onClick={press}
    >
      <Glyph of="right" size={14} />
    </button>
  );
}

function textOf([from, to]: readonly [number, number]): string {
  return durationText(to - from);
}

function nameOf(entry: Entry): string {
  return entry.kind === 'task' ? entry.line.key : `Attempt ${entry.attempt.attempt}`;
}
