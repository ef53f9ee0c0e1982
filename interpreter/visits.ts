import type { ProgramTask, Retry } from '../language/program.ts';
import { RenderError } from '../language/templates/value.ts';
import { engineFailure, type Failure } from '../model/failure.ts';
import { visitKey } from '../model/task-key.ts';
import { MAX_SECONDS } from '../model/words.ts';
import { endBranch } from './branches.ts';
import { CLEANUP_LINEAGE, type Place, RUN_LINEAGE, type RunState, type Visit, type Work } from './state.ts';
import type { Variables } from './variables.ts';
import { STARTED_TOGETHER } from './versions.ts';

/** The number of visits that a run may have. */
const MAX_VISITS = 100_000;

/** How a visit came about; an empty `from` makes it one of the first. */
export interface Arrival {
  from: readonly number[];
  variables: Variables;
  cleanup?: boolean;
  shielded?: boolean;
  /** How many times in a row the word `retry` led here, and the seconds to wait. */
  retried?: number;
  wait?: number;
  /** Whether other transitions of the same visit lead to the same task, so that each opens a lineage. */
  several?: boolean;
  /** The visit that scheduled it and its batch. */
  batch?: number;
  /** The arrivals, at a join. */
  gathered?: Visit['gathered'];
}

/** Adds a visit to a task to the end of the queue. Fails the run beyond the limit of visits. */
export function schedule(state: RunState, name: string, arrival: Arrival): void {
  const {
    from,
    variables,
    cleanup = false,
    shielded = false,
    retried = 0,
    wait = 0,
    gathered = null,
    batch = -1,
  } = arrival;
  if (state.visits.length >= MAX_VISITS) {
    decide(state, engineFailure('limit_exceeded', `the run has visited tasks ${MAX_VISITS} times`), false);
    endBranch(state, variables);
    return;
  }
  const indexes = state.visitsOf.get(name) ?? [];
  const visit = (state.visits[indexes.at(-1) ?? -1]?.visit ?? 0) + 1;
  const index = state.visits.length;
  // One spread, and that last: several, or one that comes first, cost each round of a loop 4 % of its replay.
  state.visits.push({
    name,
    visit,
    from,
    cleanup,
    shielded,
    variables,
    began: variables,
    retried,
    wait,
    gathered,
    batch,
    together: false,
    handled: false,
    carried: false,
    lineage: lineageOf(state, name, index, arrival),
    error: errorOf(state, from),
    startedAt: null,
    items: null,
    created: state.now,
    endedAt: null,
    ...newWork(visitKey(name, visit)),
  });
  indexes.push(index);
  if (visit === 1) state.visitsOf.set(name, indexes);
  state.starting.push({ visit: index, item: null });
}

/** Returns work that has not begun. */
export function newWork(key: string): Work {
  return {
    key,
    status: 'held',
    tries: 1,
    reissues: 0,
    postponed: 0,
    // Written of nearly all work: objects to which fields are added later are slow.
    attempts: undefined,
    made: undefined,
    input: null,
    output: null,
    failure: null,
    lost: false,
    skipped: null,
    started: null,
    ended: null,
  };
}

/**
 * Yields the visits that led to a visit, latest first, as far back as the state has them. Behind a join several paths lead back; a visit
 * always has a higher index than the visits that led to it.
 */
export function* pathBack({ visits }: RunState, from: Iterable<number>): Generator<[index: number, visit: Visit]> {
  const ahead = new Set(from);
  while (ahead.size > 0) {
    const index = Math.max(...ahead);
    ahead.delete(index);
    const visit = visits[index];
    if (visit === undefined) continue;
    yield [index, visit];
    for (const earlier of visit.from) ahead.add(earlier);
  }
}

/** Returns the work at a place: a visit, or one of its items. */
export function workAt(state: RunState, { visit: index, item }: Place): Work {
  const visit = state.visits[index]!;
  return item === null ? visit : visit.items!.work[item]!;
}

function lineageOf(state: RunState, name: string, index: number, arrival: Arrival): number {
  const { from, shielded, retried = 0, several = false } = arrival;
  // The word `retry` leads to another visit in the same lineage.
  if ((state.program.tasks.get(name)!.opensLineage || several) && retried === 0) return index;
  const [first] = from;
  if (first !== undefined) return state.visits[first]!.lineage;
  return shielded ? CLEANUP_LINEAGE : RUN_LINEAGE;
}

/** Returns the visit whose failure a branch carries; of several branches the latest; null without one. */
function errorOf(state: RunState, from: readonly number[]): number | null {
  let latest: number | null = null;
  for (const index of from) {
    const { failure, error } = state.visits[index]!;
    const carried = failure === null ? error : index;
    const later = (at: number) => state.visits[at]?.endedAt ?? 0;
    if (carried !== null && (latest === null || later(carried) > later(latest))) latest = carried;
  }
  return latest;
}

/**
 * Returns whether a visit may still start work. Nothing starts once the run is stopping, except the cleanup; once it has failed, only
 * cleanup branches and the batch of the failed visit start; and nothing at all once the run has exhausted its work.
 */
export function mayStart(state: RunState, visit: Visit): boolean {
  if (state.work.exhausted) return false;
  return visit.shielded || (state.stopping === null && (state.failure === null || visit.cleanup || visit.together));
}

/** Lets the rest of a visit's batch start, although that visit has just failed the run. */
export function startTogether(state: RunState, { batch }: Visit): void {
  if (state.version < STARTED_TOGETHER || state.stopping !== null || batch === null) return;
  for (const { visit: index, item } of state.starting) {
    const visit = state.visits[index]!;
    if (item === null && visit.batch === batch && visit.startedAt === null) visit.together = true;
  }
}

/** Marks work as failed. */
export function fail(state: RunState, work: Work, task: ProgramTask, failure: Failure, lost: boolean): void {
  work.failure = { ...failure, task: failure.task ?? work.key, action: failure.action ?? task.action };
  if (work.attempts) work.failure.attempt ??= work.attempts;
  work.output = null;
  work.lost = lost;
  const cancelled = state.stopping !== null && failure.type === 'cancelled';
  work.status = cancelled ? 'cancelled' : failure.type === 'timeout' ? 'timed_out' : 'failed';
}

/** Records a failure of the run: the first one decides it, unless it is stopping; later ones are listed in `also`. */
export function decide(state: RunState, failure: Failure, lost: boolean): void {
  if (state.failure === null && state.stopping === null) {
    state.failure = failure;
    state.lost = lost;
  } else state.also.push(failure);
}

/** Returns the failure `template_error` with field, line and column. Rethrows anything but a RenderError. */
export function templateFailure(error: unknown, rest: Omit<Failure, 'type' | 'message'> = {}): Failure {
  if (!(error instanceof RenderError)) throw error;
  const { field, line, column } = error;
  const message = `${field} (line ${line}, column ${column}): ${error.message}`;
  return engineFailure('template_error', message, { ...rest, details: { field, line, column } });
}

/** Returns the task of a visit. */
export function taskOf(state: RunState, visit: Visit): ProgramTask {
  return state.program.tasks.get(visit.name)!;
}

/** Returns the seconds before the n-th retry, from 1. */
export function retryDelay({ delay, factor, maxDelay }: Retry, n: number): number {
  return Math.min(delay * factor ** (n - 1), maxDelay ?? MAX_SECONDS);
}
