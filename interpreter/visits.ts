import type { ProgramTask, Retry } from '../language/program.ts';
import { RenderError } from '../language/template-value.ts';
import { engineFailure, type Failure } from '../model/failure.ts';
import { MAX_SECONDS } from '../model/words.ts';
import type { RunState, Variables, Visit } from './state.ts';
import { endBranch } from './variables.ts';

/** Visits that a run may have. */
const MAX_VISITS = 100_000;

/** How a visit comes about; without `from` it is one of the first. */
export interface Arrival {
  from: number | null;
  variables: Variables;
  cleanup?: boolean;
  shielded?: boolean;
  /** It is led to by the word `retry`, this often in a row, after some seconds. */
  retried?: number;
  wait?: number;
}

/** Puts a visit to a task at the end of what is to start. */
export function schedule(state: RunState, name: string, arrival: Arrival): void {
  const { from, variables, cleanup = false, shielded = false, retried = 0, wait = 0 } = arrival;
  if (state.visits.length >= MAX_VISITS) {
    decide(state, engineFailure('limit_exceeded', `the run has visited tasks ${MAX_VISITS} times`), false);
    endBranch(state, variables);
    return;
  }
  const indexes = state.visitsOf.get(name) ?? [];
  const visit = indexes.length + 1;
  const previous = from === null ? undefined : state.visits[from];
  const index = state.visits.length;
  state.visits.push({
    ...{ name, key: visit === 1 ? name : `${name}#${visit}`, visit, status: 'held', from: from === null ? [] : [from] },
    ...{ error: previous?.failure ? from : (previous?.error ?? null), cleanup, shielded, variables, retried, wait },
    ...{ startedAt: null, started: null, tries: 1, reissues: 0, input: null, output: null, failure: null, lost: false },
    ...{ created: state.now, ended: null, endedAt: null },
  });
  indexes.push(index);
  if (visit === 1) state.visitsOf.set(name, indexes);
  state.starting.push(index);
}

/**
 * Whether anything more may start for a visit: not once the run is to stop, nor, but for a cleanup branch, once it has
 * failed; what cleans up after a stop always may.
 */
export function mayStart(state: RunState, visit: Visit): boolean {
  return visit.shielded || (state.stopping === null && (state.failure === null || visit.cleanup));
}

/** Makes a visit one that has failed. */
export function fail(state: RunState, visit: Visit, failure: Failure, lost: boolean): void {
  const task = failure.task ?? visit.key;
  visit.failure = { ...failure, task, action: failure.action ?? taskOf(state, visit).action };
  visit.output = null;
  visit.lost = lost;
  const cancelled = state.stopping !== null && failure.type === 'cancelled';
  visit.status = cancelled ? 'cancelled' : failure.type === 'timeout' ? 'timed_out' : 'failed';
}

/** The first failure decides the run, unless it is to stop anyway; later ones stand beside it. */
export function decide(state: RunState, failure: Failure, lost: boolean): void {
  if (state.failure === null && state.stopping === null) {
    state.failure = failure;
    state.lost = lost;
  } else state.also.push(failure);
}

/** `template_error` with the field, the line and the column; anything but a RenderError is thrown again. */
export function templateFailure(error: unknown, rest: Omit<Failure, 'type' | 'message'> = {}): Failure {
  if (!(error instanceof RenderError)) throw error;
  const { field, line, column } = error;
  const message = `${field} (line ${line}, column ${column}): ${error.message}`;
  return engineFailure('template_error', message, { ...rest, details: { field, line, column } });
}

/** The task that a visit is to. */
export function taskOf(state: RunState, visit: Visit): ProgramTask {
  return state.program.tasks.get(visit.name)!;
}

/** Seconds before the n-th further attempt, from 1. */
export function retryDelay({ delay, factor, maxDelay }: Retry, n: number): number {
  return Math.min(delay * factor ** (n - 1), maxDelay ?? MAX_SECONDS);
}
