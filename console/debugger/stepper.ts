import { buildGraph } from '../../language/graph.ts';
import { layoutGraph } from '../../language/layout/layout.ts';
import { eventTime, isoTime } from '../../projection/history.ts';
import type { FollowedRun } from '../../projection/runs/followed-run.ts';
import type { TracedRun } from '../../projection/runs/traces.ts';
import type { EventChanges } from './changes.ts';
import { markEvents } from './events.ts';
import type { ReadHistory } from './history-file.ts';
import type { ChangeKind, ChangeSearch, OpenedRun, Stop, StopRequest } from './protocol.ts';
import { type CopyLimits, type Recording, recordRun } from './recording.ts';
import { type Before, buildStop, readBefore } from './stops.ts';

/** Steps through a run, to any event in both directions. */
export interface Stepper {
  /** Describes the run. */
  readonly opened: OpenedRun;
  /** Goes to an event; numbers outside of the history count as the nearest one. */
  stop(request: StopRequest): Stop;
  /** Finds the nearest event that changes something; null: there is none. */
  find(search: ChangeSearch): number | null;
}

/** Creates a stepper, which recomputes the whole run once, and keeps copies of it on the way. */
export function createStepper(history: ReadHistory, limits?: CopyLimits): Stepper {
  const recording = recordRun(history, limits);
  const { events, firstEvent, starts } = recording;
  const cursor = new Cursor(recording);
  const searches = new Map<string, readonly number[]>();
  let compared: { start: number; before: Before } | null = null;

  const placeOf = (event: number) => Math.min(Math.max(event - firstEvent, 0), events.length - 1);

  /** Returns how the run stood before the event at a place. */
  function beforeOf(start: number): Before {
    if (compared?.start !== start) compared = { start, before: readBefore(start === 0 ? null : cursor.go(start)) };
    return compared.before;
  }

  function placesOf(of: ChangeKind): readonly number[] {
    const name = of.kind === 'task' ? `task ${of.name}` : of.kind;
    const known = searches.get(name) ?? findPlaces(recording, of);
    searches.set(name, known);
    return known;
  }

  return {
    opened: describe(history, recording),

    stop(request) {
      const at = placeOf(request.event);
      const start = starts[at]!;
      const before = beforeOf(start);
      return buildStop({ recording, at, before, request, traced: cursor.go(endOf(recording, start)) });
    },

    find({ from, direction, of }) {
      const start = starts[placeOf(from)]!;
      const places = placesOf(of);
      const found =
        direction === 'next' ? places.find((place) => place > start) : places.findLast((place) => place < start);
      return found === undefined ? null : found + firstEvent;
    },
  };
}

/** A run that goes forwards from the nearest copy before, and no further than it must. */
class Cursor {
  readonly #recording: Recording;
  #at = 0;
  #traced: TracedRun<FollowedRun>;

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#traced = recording.copies[0]!.traced.copy();
  }

  /** Returns the run once it has taken the events before a place. It continues with the next call. */
  go(until: number): TracedRun<FollowedRun> {
    const { copies, events } = this.#recording;
    const nearest = copies.findLast(({ at }) => at <= until)!;
    if (this.#at > until || this.#at < nearest.at) {
      this.#traced = nearest.traced.copy();
      this.#at = nearest.at;
    }
    for (; this.#at < until; this.#at += 1) this.#traced.take(events[this.#at]!);
    return this.#traced;
  }
}

/** Returns the place behind an event and its commands. */
function endOf({ starts }: Recording, start: number): number {
  let end = start + 1;
  while (end < starts.length && starts[end] === start) end += 1;
  return end;
}

/** Returns the places of the events that change something. */
function findPlaces({ changes }: Recording, of: ChangeKind): number[] {
  return [...changes].flatMap(([place, changed]) => (isMeant(changed, of) ? [place] : []));
}

function isMeant({ tasks, variables, joins }: EventChanges, of: ChangeKind): boolean {
  switch (of.kind) {
    case 'tasks':
      return tasks.length > 0;
    case 'task':
      return tasks.some(({ name }) => name === of.name);
    case 'variables':
      return variables;
    case 'joins':
      return joins;
  }
}

function describe({ id, workflowId, masked, runs, opening }: ReadHistory, recording: Recording): OpenedRun {
  const { firstEvent, events, verification } = recording;
  const { known: run } = opening;
  return {
    id,
    workflowId,
    ref: run.ref,
    version: run.version,
    interpreter: run.interpreter,
    masked,
    firstEvent,
    lastEvent: firstEvent + events.length - 1,
    startedAt: isoTime(eventTime(events[0]!)),
    marks: markEvents(events),
    runs: runs.map(({ index, runId, firstEvent: first, events: own }) => {
      return { index, runId, firstEvent: first, lastEvent: first + own.length - 1 };
    }),
    tasks: run.definition.tasks.map(({ name }) => name),
    graph: layoutGraph(buildGraph(run.definition)),
    verification,
  };
}
