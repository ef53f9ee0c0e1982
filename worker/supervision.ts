import type { RunKey } from '../model/run-key.ts';
import type { WatchReport } from './watch.ts';

/** Seconds without a message from a worker process after which it is killed. */
export const SILENCE_LIMIT = 20;

/** Seconds that one workflow task may take before the worker process is killed, unless a setting says otherwise. */
export const TASK_LIMIT = 30;

/** Seconds in which a worker process must become ready. */
export const START_LIMIT = 120;

/** Seconds that a worker process after a death takes one workflow task at a time, to find the run that caused it. */
export const PROBATION = 60;

/** Seconds that a replaced worker process has for the activities that it still runs. */
export const DRAIN_LIMIT = 3_600;

/** The number of replaced worker processes that may still run activities; beyond it, only dead ones are replaced. */
const MAX_DRAINING = 2;

/** Seconds until the next start after the first, second, … death in a row; the last one counts for all further ones. */
const RESTART_DELAYS = [0, 1, 2, 4, 8, 16, 30];

/** Seconds between two ticks beyond which this process itself must have been stopped or blocked. */
const TICK_LIMIT = 5;

/** Seconds in flight from which a run is taken to have caused a death that may also have a reason outside of the process. */
const NOTABLE_SECONDS = 1;

/** The number of decisions of a run that came too late for Temporal after which they count as one death. */
const LATE_LIMIT = 10;

/** The number of runs whose late decisions are counted at once. */
const MAX_COUNTED = 1_000;

/** How a worker process ended: by itself with an exit code, by an error, or by SIGKILL. */
export type Ending = 'exited' | 'crashed' | 'killed';

/** Something that happened to worker processes, which are known by number. `tick` comes every half second. */
export type SupervisionEvent =
  | { type: 'ready' | 'retire'; worker: number }
  | { type: 'watch'; worker: number; report: WatchReport }
  | { type: 'ended'; worker: number; ending: Ending }
  | { type: 'tick' }
  | { type: 'stop' };

/** Actions for the caller, in order. `drain` finishes activities within `DRAIN_LIMIT`; `stop` within seconds. */
export type SupervisionAction =
  | { type: 'start'; worker: number; probation: boolean }
  | { type: 'drain' | 'stop'; worker: number }
  | { type: 'kill'; worker: number; reason: string }
  | { type: 'strike'; run: RunKey };

interface WorkerState {
  worker: number;
  phase: 'starting' | 'serving' | 'draining';
  /** The beginning of the phase, in seconds. */
  since: number;
  probation: boolean;
  /** Whether it has asked to be replaced. */
  retiring: boolean;
  /** The last message, in seconds. */
  heard: number;
  alone: WatchReport['alone'];
  stalled: number;
  killed: boolean;
}

/** The state of the worker processes of one supervisor. */
export interface Supervision {
  /** Seconds that one workflow task may take before the worker process is killed. */
  readonly taskLimit: number;
  workers: WorkerState[];
  /** The number of the next worker process. */
  next: number;
  /** When the next one starts, in seconds; null when none is needed. */
  startAt: number | null;
  /** Deaths in a row. */
  deaths: number;
  /** Whether a worker process has died and no later one has passed its probation. */
  suspicious: boolean;
  stopping: boolean;
  ticked: number;
  late: Map<string, number>;
}

/** Creates the state before the first worker process is started; times are seconds of any clock that never goes back. */
export function createSupervision(now: number, taskLimit = TASK_LIMIT): Supervision {
  return {
    taskLimit,
    workers: [],
    next: 1,
    startAt: now,
    deaths: 0,
    suspicious: false,
    stopping: false,
    ticked: now,
    late: new Map(),
  };
}

/** Returns whether a worker process takes tasks. */
export function isServing({ workers }: Supervision): boolean {
  return workers.some(({ phase }) => phase === 'serving');
}

/** Decides what an event requires, and changes the state in place. Pure otherwise. */
export function supervise(state: Supervision, event: SupervisionEvent, now: number): SupervisionAction[] {
  if (event.type === 'tick') return tick(state, now);
  if (event.type === 'stop') return stop(state);
  const worker = state.workers.find((each) => each.worker === event.worker);
  if (worker === undefined) return [];
  worker.heard = now;
  if (event.type === 'ready') return ready(state, worker, now);
  if (event.type === 'watch') return watched(state, worker, event.report);
  if (event.type === 'ended') return ended(state, worker, event.ending, now);
  worker.retiring = true;
  return [];
}

function tick(state: Supervision, now: number): SupervisionAction[] {
  if (now - state.ticked > TICK_LIMIT) for (const worker of state.workers) worker.heard = now;
  state.ticked = now;
  const actions = state.workers.flatMap((worker) => overdue(state, worker, now));
  if (state.startAt !== null && now >= state.startAt) {
    actions.push(start(state, now));
  } else if (state.startAt === null && state.workers.some((worker) => isToBeReplaced(state, worker, now))) {
    state.deaths = 0;
    state.suspicious = false;
    actions.push(start(state, now));
  }
  return actions;
}

function start(state: Supervision, now: number): SupervisionAction {
  const worker = state.next;
  const probation = state.suspicious;
  state.next += 1;
  state.startAt = null;
  state.workers.push({
    worker,
    phase: 'starting',
    since: now,
    probation,
    retiring: false,
    heard: now,
    alone: null,
    stalled: 0,
    killed: false,
  });
  return { type: 'start', worker, probation };
}

/** Returns whether a worker process has passed its probation, or asks to be replaced after having served for as long. */
function isToBeReplaced({ workers, stopping }: Supervision, worker: WorkerState, now: number): boolean {
  if (stopping || worker.phase !== 'serving' || !(worker.probation || worker.retiring)) return false;
  if (workers.some(({ phase }) => phase === 'starting')) return false;
  return now - worker.since >= PROBATION && workers.filter(({ phase }) => phase === 'draining').length < MAX_DRAINING;
}

function overdue({ taskLimit }: Supervision, worker: WorkerState, now: number): SupervisionAction[] {
  if (worker.killed) return [];
  const { phase, since, heard, stalled } = worker;
  const reason =
    phase === 'starting'
      ? now - since > START_LIMIT && `it was not ready within ${START_LIMIT} seconds`
      : now - heard > SILENCE_LIMIT
        ? `it was silent for ${SILENCE_LIMIT} seconds`
        : stalled > taskLimit
          ? `a workflow task took longer than ${taskLimit} seconds`
          : phase === 'draining' &&
            now - since > DRAIN_LIMIT &&
            `activities were not finished within ${DRAIN_LIMIT} seconds`;
  if (reason === false) return [];
  worker.killed = true;
  return [{ type: 'kill', worker: worker.worker, reason }];
}

function ready(state: Supervision, worker: WorkerState, now: number): SupervisionAction[] {
  const replaced = state.workers.filter(({ phase }) => phase === 'serving');
  worker.phase = 'serving';
  worker.since = now;
  for (const each of replaced) {
    each.phase = 'draining';
    each.since = now;
  }
  return replaced.map((each) => ({ type: 'drain', worker: each.worker }));
}

function watched(
  { late: counted }: Supervision,
  worker: WorkerState,
  { alone, stalled, late }: WatchReport,
): SupervisionAction[] {
  worker.alone = alone;
  worker.stalled = stalled;
  return late.flatMap((run) => {
    const count = (counted.get(run.runId) ?? 0) + 1;
    counted.delete(run.runId);
    if (count >= LATE_LIMIT) return [{ type: 'strike', run }];
    counted.set(run.runId, count);
    if (counted.size > MAX_COUNTED) counted.delete(counted.keys().next().value!);
    return [];
  });
}

function ended(state: Supervision, worker: WorkerState, ending: Ending, now: number): SupervisionAction[] {
  state.workers = state.workers.filter((each) => each !== worker);
  if (state.stopping) return [];
  const died = worker.phase !== 'starting' && ending !== 'exited';
  const blamed = died ? blamedRun(worker, ending) : null;
  if (died) state.suspicious = true;
  if (worker.phase !== 'draining') {
    if (worker.phase === 'serving' && now - worker.since >= PROBATION) state.deaths = 0;
    state.startAt = now + RESTART_DELAYS[Math.min(state.deaths, RESTART_DELAYS.length - 1)]!;
    state.deaths += 1;
  }
  return blamed === null ? [] : [{ type: 'strike', run: blamed }];
}

/** Returns the run that has provably ended its worker process, because it alone was in flight; null without proof. */
function blamedRun({ alone }: WorkerState, ending: Ending): RunKey | null {
  if (alone === null || (ending === 'killed' && alone.seconds < NOTABLE_SECONDS)) return null;
  return { workflowId: alone.workflowId, runId: alone.runId };
}

function stop(state: Supervision): SupervisionAction[] {
  state.stopping = true;
  state.startAt = null;
  return state.workers.map(({ worker }) => ({ type: 'stop', worker }));
}
