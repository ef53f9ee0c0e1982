import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { request } from '../../../client/request.ts';
import { RequestError } from '../../../client/request-error.ts';
import { useIsNarrow } from '../../../client/screen.ts';
import type { Run } from '../../../client/shapes.ts';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { durationText } from '../../../parts/words.ts';
import { go, hrefWith, pageQuery } from '../../../routing/location.ts';
import { createScale, listIdle, type Scale } from './scale.ts';
import { CHOICES, type Choice, createSources, type Sources } from './sources.ts';
import { TimelineRow } from './timeline-row.tsx';
import { canOpen, countRows, entryKey, indexOfRow, refreshBranch, rowAt, type TreeRow } from './tree.ts';
import { useVirtualRows } from './virtual-rows.ts';

/** The height of the head, and of a row on a wide and on a narrow screen, in pixels. */
const HEAD = 36;
const HEIGHTS = { wide: 32, narrow: 56 };

/** The edges of the grid, above and below, in pixels. */
const EDGES = 2;

/** Rows that a page key moves. */
const PAGE = 12;

/** The properties of a timeline. */
interface TimelineProps {
  run: Run;
  /** The path of the run in the API. */
  path: string;
  /** Changes whenever the run has. */
  stamp: string;
  isOpen: boolean;
}

/** What a run has done, in order of time: visits, their items and attempts as rows, each with a bar. */
export function TimelineView({ run, path, stamp, isOpen }: TimelineProps) {
  const choice = CHOICES.find((each) => each === pageQuery.value.get('show')) ?? 'all';
  const collapses = pageQuery.value.get('idle') === 'collapsed';
  const { sources, error, retry } = useSources(path, choice, stamp);
  const now = useNow(isOpen, isOpen ? null : run.updated);
  const whole = [Date.parse(run.created), Math.max(now, Date.parse(run.created) + 1)] as const;
  const { listing } = sources;
  const last = listing.rows.at(-1);
  // Nothing is known about the time after the last task that has been read.
  const known = listing.isComplete || last === undefined ? whole[1] : Date.parse(last.created);
  const leavesOut = collapses && choice === 'all';
  // Thousands of tasks are not looked at again while somebody scrolls.
  const scale = useMemo(
    () => createScale(whole, leavesOut ? listIdle(listing.rows, whole, known) : []),
    [whole[0], whole[1], leavesOut, listing.rows, known],
  );
  return (
    <>
      <div class="log-tools">
        <label class="level-choice">
          Show
          <select
            value={choice}
            onChange={({ currentTarget }) =>
              go(hrefWith({ show: currentTarget.value === 'all' ? null : currentTarget.value }), { replace: true })
            }
          >
            {CHOICES.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          role="switch"
          class="switch"
          aria-checked={collapses}
          onClick={() => go(hrefWith({ idle: collapses ? null : 'collapsed' }), { replace: true })}
        >
          Collapse idle time
        </button>
      </div>
      {error !== null && <ReadError what="The timeline could not be read" error={error} retry={retry} />}
      {listing.rows.length === 0 && listing.isComplete && (
        <p class="soft">{choice === 'all' ? 'No task has begun yet.' : `No task is ${choice}.`}</p>
      )}
      {listing.rows.length === 0 && !listing.isComplete && error === null && <Loading of="the timeline" />}
      {listing.rows.length > 0 && (
        // Another choice is another list, which begins at its top.
        <Grid key={choice} sources={sources} scale={scale} whole={whole} now={now} isOpenRun={isOpen} />
      )}
    </>
  );
}

interface GridProps {
  sources: Sources;
  scale: Scale;
  whole: readonly [from: number, to: number];
  now: number;
  isOpenRun: boolean;
}

function Grid({ sources, scale, whole, now, isOpenRun }: GridProps) {
  const { root } = sources;
  const frame = useRef<HTMLTableElement>(null);
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  /** The key of the row that has the focus within the grid. */
  const [current, setCurrent] = useState<string | null>(null);
  const height = useIsNarrow() ? HEIGHTS.narrow : HEIGHTS.wide;
  const count = countRows(root);
  const active = current === null ? 0 : Math.max(0, indexOfRow(root, current));
  const { indexes, reveal } = useVirtualRows({ frame, count, height, head: HEAD, active });
  const rows = indexes.flatMap((index) => rowAt(root, index) ?? []);
  /** The index of the row to which the focus goes as soon as that has been read. */
  const goal = useRef<number | null>(null);
  useEffect(() => {
    // What comes into sight is read.
    for (const row of rows) if (row.entry === undefined) row.branch.source.demand(row.place - 1);
    const entry = goal.current === null ? undefined : rowAt(root, goal.current)?.entry;
    if (entry === undefined) return;
    goal.current = null;
    setCurrent(entryKey(entry));
  });

  function moveTo(index: number) {
    const at = Math.min(count - 1, Math.max(0, index));
    const entry = rowAt(root, at)?.entry;
    goal.current = entry === undefined ? at : null;
    if (entry !== undefined) setCurrent(entryKey(entry));
    reveal(at);
  }

  function toggle({ branch, entry, isOpen }: TreeRow) {
    if (entry?.kind !== 'task' || !canOpen(entry)) return;
    if (isOpen) branch.open.delete(entry.line.key);
    else sources.open(branch, entry.line);
    setCurrent(entryKey(entry));
    redraw(0);
  }

  function show({ entry }: TreeRow) {
    if (entry === undefined) return;
    setCurrent(entryKey(entry));
    go(hrefWith({ task: entry.line.key }));
  }

  function press(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rowAt(root, active);
    if (row === undefined) return;
    const acts: Record<string, () => void> = {
      ArrowDown: () => moveTo(active + 1),
      ArrowUp: () => moveTo(active - 1),
      PageDown: () => moveTo(active + PAGE),
      PageUp: () => moveTo(active - PAGE),
      Home: () => moveTo(0),
      End: () => moveTo(count - 1),
      ArrowRight: () => (row.isOpen ? moveTo(active + 1) : toggle(row)),
      ArrowLeft: () => (row.isOpen ? toggle(row) : row.parent !== null && moveTo(row.parent)),
      Enter: () => show(row),
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  return (
    <table
      class="timeline"
      // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose rows open is a treegrid
      role="treegrid"
      aria-label="Timeline"
      aria-rowcount={count + 1}
      aria-activedescendant={rowId(active)}
      tabIndex={0}
      style={{ height: `${HEAD + count * height + EDGES}px` }}
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
            key={row.index}
            row={row}
            id={rowId(row.index)}
            height={height}
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

function rowId(index: number): string {
  return `timeline-row-${index}`;
}

/** Reads the timeline of a run, again whenever the stamp changes. */
function useSources(path: string, choice: Choice, stamp: string) {
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const [attempt, retry] = useReducer((times: number) => times + 1, 0);
  const [error, setError] = useState<RequestError | null>(null);
  const stop = useRef<AbortController | null>(null);
  const sources = useMemo(() => {
    stop.current?.abort();
    stop.current = new AbortController();
    const { signal } = stop.current;
    setError(null);
    return createSources({
      path,
      choice,
      request: (asked) => request(asked, { signal, isBackground: true }),
      onChange: () => {
        if (signal.aborted) return;
        setError(null);
        redraw(0);
      },
      onError: (failure) => {
        if (signal.aborted) return;
        if (!(failure instanceof RequestError)) throw failure;
        setError(failure);
      },
    });
  }, [path, choice, attempt]);
  useEffect(() => () => stop.current?.abort(), []);
  const read = useRef(stamp);
  useEffect(() => {
    if (read.current !== stamp) refreshBranch(sources.root);
    read.current = stamp;
  }, [stamp, sources]);
  return { sources, error, retry: () => retry(0) };
}

/** Returns the instant up to which a run has lasted, in milliseconds: it goes on as long as the run is open. */
function useNow(isOpen: boolean, closed: string | null): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isOpen) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isOpen]);
  return closed === null ? now : Date.parse(closed);
}
