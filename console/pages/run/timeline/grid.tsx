import { useEffect, useRef, useState } from 'preact/hooks';
import { useRedraw } from '../../../client/redraw.ts';
import { useIsNarrow } from '../../../client/screen.ts';
import { durationText } from '../../../parts/words.ts';
import { go, hrefWith } from '../../../routing/location.ts';
import { entryKey } from './entry.ts';
import type { Scale, Span } from './scale.ts';
import type { Sources } from './sources.ts';
import { TimelineRow } from './timeline-row.tsx';
import { countRows, indexOfRow, rowAt, type TreeRow } from './tree.ts';
import { useVirtualRows } from './virtual-rows.ts';

/** The height of the head, and of a row on a wide and on a narrow screen, in pixels. */
const HEAD = 36;
const HEIGHTS = { wide: 32, narrow: 56 };

/** The edges of the grid, above and below, in pixels. */
const EDGES = 2;

/** Rows that a page key moves. */
const PAGE = 12;

/** The properties of the grid. */
interface GridProps {
  sources: Sources;
  scale: Scale;
  whole: Span;
  now: number;
  isOpenRun: boolean;
}

/** The rows of a timeline, of which those in sight are drawn and read. The keys go to the grid, which says which of its rows has the focus. */
export function TimelineGrid({ sources, scale, whole, now, isOpenRun }: GridProps) {
  const { root } = sources;
  const frame = useRef<HTMLTableElement>(null);
  const redraw = useRedraw();
  /** The key of the row that has the focus within the grid. */
  const [current, setCurrent] = useState<string | null>(null);
  const height = useIsNarrow() ? HEIGHTS.narrow : HEIGHTS.wide;
  const count = countRows(root);
  const active = useActive(count, current === null ? 0 : indexOfRow(root, current));
  const { indexes, reveal } = useVirtualRows({ frame, count, height, head: HEAD, active });
  const rows = indexes.flatMap((index) => rowAt(root, index) ?? []);
  /** The index of the row to which the focus goes as soon as that has been read. */
  const goal = useRef<number | null>(null);
  /** What a key does with that row, pressed before it was read. */
  const next = useRef<((row: TreeRow) => void) | null>(null);
  useEffect(() => {
    // What comes into sight is read.
    for (const row of rows) if (row.entry === undefined) row.branch.source.demand(row.place - 1);
    const row = goal.current === null ? undefined : rowAt(root, goal.current);
    if (row?.entry === undefined) return;
    const act = next.current;
    goal.current = null;
    next.current = null;
    setCurrent(entryKey(row.entry));
    act?.(row);
  });

  function moveTo(index: number) {
    const at = Math.min(count - 1, Math.max(0, index));
    const entry = rowAt(root, at)?.entry;
    goal.current = entry === undefined ? at : null;
    next.current = null;
    if (entry !== undefined) setCurrent(entryKey(entry));
    reveal(at);
  }

  function toggle({ branch, entry, canOpen, isOpen }: TreeRow) {
    if (entry?.kind !== 'task' || !canOpen) return;
    goal.current = null;
    if (isOpen) branch.open.delete(entry.line.key);
    else sources.open(branch, entry.line);
    setCurrent(entryKey(entry));
    redraw();
  }

  function show({ entry }: TreeRow) {
    if (entry === undefined) return;
    goal.current = null;
    setCurrent(entryKey(entry));
    go(hrefWith({ task: entry.line.key }));
  }

  function press(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rowAt(root, active);
    if (row === undefined) return;
    // Keys are counted from where the last one leads, also while that is being read.
    const from = goal.current ?? active;
    const moves: Record<string, () => void> = {
      ArrowDown: () => moveTo(from + 1),
      ArrowUp: () => moveTo(from - 1),
      PageDown: () => moveTo(from + PAGE),
      PageUp: () => moveTo(from - PAGE),
      Home: () => moveTo(0),
      End: () => moveTo(count - 1),
    };
    const acts: Record<string, (row: TreeRow) => void> = {
      ArrowRight: (at) => (at.isOpen ? moveTo(at.index + 1) : toggle(at)),
      ArrowLeft: (at) => (at.isOpen ? toggle(at) : at.parent !== null && moveTo(at.parent)),
      Enter: show,
    };
    const [move, act] = [moves[event.key], acts[event.key]];
    if (move === undefined && act === undefined) return;
    event.preventDefault();
    // The row of a button that somebody has pressed may be out of sight soon.
    frame.current?.focus({ preventScroll: true });
    move?.();
    if (act === undefined) return;
    if (goal.current === null) act(row);
    else next.current = act;
  }

  return (
    <table
      class="timeline"
      // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose rows open is a treegrid
      role="treegrid"
      aria-label="Timeline"
      aria-rowcount={count + 1}
      aria-activedescendant={rowId(rowAt(root, active))}
      tabIndex={0}
      style={{ '--head': `${HEAD}px`, '--row': `${height}px`, height: `${HEAD + count * height + EDGES}px` }}
      ref={frame}
      onKeyDown={press}
    >
      <thead role="rowgroup" class="timeline-head">
        <tr role="row" aria-rowindex={1}>
          {['Task', 'Status', 'Queued', 'Ran'].map((name) => (
            <th role="columnheader" scope="col" key={name}>
              {name}
            </th>
          ))}
          <th role="columnheader" scope="col" class="timeline-marks" aria-label="Time since the run began">
            {[0, 0.25, 0.5, 0.75].map((place) => (
              <span key={place} style={{ left: `${place * 100}%` }}>
                {durationText(scale.instant(place) - whole[0])}
              </span>
            ))}
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup" class="timeline-rows" style={{ height: `${count * height}px` }}>
        {rows.map((row) => (
          <TimelineRow
            key={rowId(row)}
            row={row}
            id={rowId(row)}
            scale={scale}
            now={now}
            isOpenRun={isOpenRun}
            isActive={row.index === active}
            toggle={() => toggle(row)}
            choose={() => show(row)}
          />
        ))}
      </tbody>
    </table>
  );
}

/** Returns the index of the row that has the focus: where that is gone, of the one that has taken its place. */
function useActive(count: number, found: number): number {
  const last = useRef(0);
  last.current = found < 0 ? Math.max(0, Math.min(last.current, count - 1)) : found;
  return last.current;
}

/** Returns the id of the element of a row, which is the same wherever the row stands. */
function rowId(row: TreeRow | undefined): string | undefined {
  if (row === undefined) return undefined;
  return row.entry === undefined ? `timeline-unread-${row.index}` : `timeline-row-${entryKey(row.entry)}`;
}
