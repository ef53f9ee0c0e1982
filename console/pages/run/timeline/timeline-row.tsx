import { StateMark } from '../../../parts/badge.tsx';
import { Glyph } from '../../../parts/glyph.tsx';
import { durationText } from '../../../parts/words.ts';
import { listBarParts, readTimes } from './bars.ts';
import type { Scale } from './scale.ts';
import { canOpen, type Entry, type TreeRow } from './tree.ts';

/** The properties of a row. */
interface RowProps {
  row: TreeRow;
  id: string;
  height: number;
  scale: Scale;
  /** The instant up to which what has not ended has lasted, in milliseconds. */
  now: number;
  isOpenRun: boolean;
  isActive: boolean;
  toggle: () => void;
  choose: () => void;
}

/** A visit, an item or an attempt: its key, its state, how long it was queued and has run, and its bar. */
export function TimelineRow({ row, id, height, scale, now, isOpenRun, isActive, toggle, choose }: RowProps) {
  const { index, level, place, siblings, entry, isOpen } = row;
  const [name, state] = entry === undefined ? ['Loading', null] : [nameOf(entry), stateOf(entry)];
  const times = entry === undefined ? null : readTimes(entry, now);
  return (
    <tr
      role="row"
      id={id}
      class={`timeline-row ${isActive ? 'current' : ''}`}
      style={{ transform: `translateY(${index * height}px)`, height: `${height}px` }}
      aria-label={state === null ? name : `${name}, ${state}`}
      aria-level={level}
      aria-posinset={place}
      aria-setsize={siblings}
      aria-rowindex={index + 2}
      aria-selected={isActive}
      {...(canOpen(entry) ? { 'aria-expanded': isOpen } : {})}
      onClick={choose}
    >
      <th role="rowheader" scope="row" class="timeline-key" style={{ paddingInlineStart: `${8 + (level - 1) * 16}px` }}>
        <Chevron isShown={canOpen(entry)} isOpen={isOpen} toggle={toggle} />
        <span title={name}>{name}</span>
      </th>
      <td role="cell" class="timeline-state">
        {state !== null && (
          <>
            <StateMark state={state} />
            <span>{state}</span>
          </>
        )}
      </td>
      <td role="cell" class="timeline-time soft">
        {times?.queued && textOf(times.queued)}
      </td>
      <td role="cell" class="timeline-time">
        {times?.ran && textOf(times.ran)}
      </td>
      <td role="cell" class="timeline-bar" aria-label="Bar">
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
      </td>
    </tr>
  );
}

function Chevron({ isShown, isOpen, toggle }: { isShown: boolean; isOpen: boolean; toggle: () => void }) {
  if (!isShown) return <span class="chevron" />;
  const press = (event: Event) => {
    event.stopPropagation();
    toggle();
  };
  return (
    // The arrow keys do the same on the row.
    <span class={`chevron ${isOpen ? 'opened' : ''}`} aria-hidden="true" onClick={press}>
      <Glyph of="right" size={14} />
    </span>
  );
}

function textOf([from, to]: readonly [number, number]): string {
  return durationText(to - from);
}

function nameOf(entry: Entry): string {
  return entry.kind === 'task' ? entry.line.key : `Attempt ${entry.attempt.attempt}`;
}

function stateOf(entry: Entry) {
  if (entry.kind === 'task') return entry.line.state;
  const { started, ended, error } = entry.attempt;
  if (ended === null) return started === null ? 'scheduled' : 'running';
  return error === null ? 'completed' : 'failed';
}
