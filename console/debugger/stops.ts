import { mergedVariables } from '../../interpreter/branches.ts';
import type { Variables } from '../../interpreter/variables.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import type { FollowedRun } from '../../projection/runs/followed-run.ts';
import { listWaitingJoins, type WaitingJoin } from '../../projection/runs/joins.ts';
import type { TracedRun } from '../../projection/runs/traces.ts';
import { type TaskSources, taskAt, workIn } from '../../projection/tasks/tasks.ts';
import { listChanged, type PlaceChange } from './changes.ts';
import { showHistoryEvent } from './events.ts';
import { subjectOf } from './on-screen.ts';
import type { Stop, StopChange, StopRequest, StopVariable } from './protocol.ts';
import type { Recording } from './recording.ts';
import { showNothing, showTasks } from './stop-tasks.ts';

/** How a run stood before an event, as far as its changes are found by comparing. */
export interface Before {
  status: ExecutionStatus | null;
  variables: Variables | null;
  joins: WaitingJoin[];
}

/** The parts of which a stop is made. */
interface StopParts {
  recording: Recording;
  /** The place of the event, and how the run stood before it. */
  at: number;
  before: Before;
  /** The run after the event and its commands. */
  traced: TracedRun<FollowedRun>;
  request: StopRequest;
}

/** Reads how a run stands; null: it has not begun. */
export function readBefore(traced: TracedRun<FollowedRun> | null): Before {
  if (traced === null) return { status: null, variables: null, joins: [] };
  const { run } = traced;
  const state = run.sources()?.state ?? null;
  return {
    status: run.standing().status,
    variables: state === null ? null : mergedVariables(state),
    joins: listWaitingJoins(run),
  };
}

/** Builds a stop: everything about the run as a whole, and of its tasks what is on screen. */
export function buildStop({ recording, at, before, traced, request }: StopParts): Stop {
  const { run } = traced;
  const { status, waitingFor, failure, pendingFailure, output, projection } = run.standing();
  const sources = run.sources();
  const joins = listWaitingJoins(run);
  const variables = listVariables(before.variables, sources === null ? null : mergedVariables(sources.state));
  const changed = recording.changes.get(recording.starts[at]!)?.tasks ?? [];
  const changes: StopChange[] = [
    ...(status === before.status ? [] : [{ what: 'run' as const, before: before.status, after: status }]),
    ...(sources === null ? [] : changed.map((change) => showPlaceChange(sources, change))),
    ...variables.flatMap(showVariableChange),
    ...compareJoins(before.joins, joins),
  ];
  const history = showHistoryEvent(recording.events[at]!, recording.firstEvent + at, recording.keys[at] ?? null);
  const transitions = traced.transitions();
  const { rows, selected } = request;
  const subject = selected ?? subjectOf({ history, changes, transitions });
  return {
    event: recording.firstEvent + at,
    history,
    known: projection === 'complete',
    status,
    waits: waitingFor,
    failure: failure ?? pendingFailure,
    output,
    changes,
    variables,
    joins,
    transitions,
    decidesAt: findDecision(recording, at),
    ...(sources === null ? showNothing(run.opening!) : showTasks(sources, { rows, selected: subject }, changes)),
  };
}

/** Returns the number of the workflow task that decides what follows an event; null: one has decided at the event, or none has come yet. */
function findDecision({ events, starts, firstEvent }: Recording, at: number): number | null {
  const isDecision = (place: number) => Boolean(events[place]!.workflowTaskCompletedEventAttributes);
  if (isDecision(starts[at]!)) return null;
  let place = at + 1;
  while (place < events.length && !isDecision(place)) place += 1;
  return place < events.length ? firstEvent + place : null;
}

function listVariables(before: Variables | null, after: Variables | null): StopVariable[] {
  const changed = new Set(after === null ? [] : listChanged(before, after));
  return [...(after ?? [])].map(([name, { value }]) => {
    const earlier = before?.get(name);
    return { name, value, changed: changed.has(name), ...(earlier === undefined ? {} : { before: earlier.value }) };
  });
}

function showVariableChange({ name, value: after, changed, ...rest }: StopVariable): StopChange[] {
  return changed ? [{ what: 'variable', name, after, ...rest }] : [];
}

function showPlaceChange(sources: TaskSources, { place, name, before, after }: PlaceChange): StopChange {
  const { key, attempts } = after === null ? { ...workIn(sources, place).work, attempts: [] } : taskAt(sources, place);
  return { what: 'task', key, name, before, after, attempt: attempts.at(-1)?.attempt ?? null };
}

/** Returns the joins that wait for other tasks than before: those that are gone, and those that have come. */
function compareJoins(before: readonly WaitingJoin[], after: readonly WaitingJoin[]): StopChange[] {
  const print = (join: WaitingJoin) => JSON.stringify(join);
  const [earlier, later] = [new Set(before.map(print)), new Set(after.map(print))];
  const gone = before.filter((join) => !later.has(print(join)));
  const come = after.filter((join) => !earlier.has(print(join)));
  const pairs = come.map((join): StopChange => {
    const at = gone.findIndex(({ task }) => task === join.task);
    const [was] = at < 0 ? [] : gone.splice(at, 1);
    return { what: 'join', task: join.task, before: was?.arrived ?? null, after: join.arrived };
  });
  return [
    ...pairs,
    ...gone.map(({ task, arrived }): StopChange => ({ what: 'join', task, before: arrived, after: null })),
  ];
}
