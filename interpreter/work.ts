import { engineFailure } from '../model/failure.ts';
import { type ReplayMeter, type WorkLimits, WorkMeter } from '../model/work.ts';
import { sliceKey } from './events.ts';
import { awaitEvent, NO_WORK } from './pending.ts';
import type { RunState, RunWork } from './state.ts';
import { BOUNDED_WORK } from './versions.ts';
import { decide } from './visits.ts';

/** The limits of work, in units (model/work.ts). */
const LIMITS: WorkLimits = { visit: 600_000, slice: 250_000, run: 5_000_000, span: 50_000_000 };

/** Bytes that the commands of one slice may hold: with one more command they stay below the 4 MB of a gRPC message. */
const SLICE_BYTES = 2_000_000;

/** Units that a visit or an item costs before its templates, an event, and a schema check before its values. */
const VISIT = 100;
const EVENT = 20;
const CHECK = 20;

/** Bytes passed to a command that cost one unit. */
const BYTES_PER_UNIT = 64;

/**
 * Creates the counters of a run. `span` is the work of earlier runs of the chain since the last event from outside; `replay` is charged
 * for all work of a replay.
 */
export function createWork(limits: Partial<WorkLimits> = {}, span = 0, replay?: ReplayMeter): RunWork {
  const own = { ...LIMITS, ...limits };
  return {
    limits: own,
    slice: 0,
    sliceBytes: 0,
    run: 0,
    span,
    drainAt: own.run,
    meter: undefined,
    replay,
    left: false,
    slices: 0,
    exhausted: span >= own.span,
  };
}

/** Returns the units of work of a run since it began, without those of earlier runs of its chain. */
export function workDone({ work }: Pick<RunState, 'work'>): number {
  return work.run + unitsOf(work.meter);
}

/** Returns the units of work of a chain since the last event from outside. */
export function spanOf({ work }: Pick<RunState, 'work'>): number {
  return work.span + unitsOf(work.meter);
}

/** Begins the slice of an activation. */
export function beginSlice({ work }: RunState): void {
  close(work);
  work.slice = 0;
  work.sliceBytes = 0;
  work.left = false;
}

/** Restarts the count of work since the last event from outside. */
export function beginSpan({ work }: RunState): void {
  if (!work.exhausted) work.span = 0;
}

/** Begins the templates of a visit, an item, or of the run itself: they share a new meter. */
export function beginWork(state: RunState, units = VISIT): void {
  const { work } = state;
  close(work);
  spend(state, units);
  if (state.version >= BOUNDED_WORK) work.meter = createMeter(state, work.limits.visit);
}

/** Begins the work that an event leads to. */
export function beginEvent(state: RunState): void {
  beginWork(state, EVENT);
}

/** Gives templates a new meter when the last one is used up: the handler of a failure must not fail for the same reason. */
export function renewMeter(state: RunState): void {
  const { meter } = state.work;
  if (meter !== undefined && meter.spent > meter.limit) beginWork(state, 0);
}

/** Creates a meter for a part of the work of a run. */
export function createMeter({ work }: RunState, limit: number): WorkMeter {
  return new WorkMeter(limit, work.replay);
}

/** Counts work that no meter of `createMeter` counts. */
export function spend({ work }: RunState, units: number): void {
  work.replay?.charge(units);
  add(work, units);
}

/** Counts work that was charged to the meter of a replay already. */
export function spendCharged({ work }: RunState, units: number): void {
  add(work, units);
}

/** Counts the bytes of JSON that are passed to a command. */
export function spendBytes(state: RunState, bytes: number): void {
  state.work.sliceBytes += bytes;
  spend(state, bytes / BYTES_PER_UNIT);
}

/** Counts the check of a value against a schema. */
export function spendCheck(state: RunState, meter: WorkMeter): void {
  spend(state, CHECK);
  spendCharged(state, unitsOf(meter));
}

/** Returns whether this activation may do more; otherwise the rest is done in the next slice. */
export function hasTime({ version, work }: RunState): boolean {
  if (version < BOUNDED_WORK) return true;
  if (work.slice + unitsOf(work.meter) < work.limits.slice && work.sliceBytes < SLICE_BYTES) return true;
  work.left = true;
  return false;
}

/** Returns whether a run must continue as new soon: a replay does all of its work again in one workflow task. */
export function isHeavy(state: RunState): boolean {
  return workDone(state) >= state.work.drainAt;
}

/** Returns whether a run must continue as new before anything else begins. */
export function isTooHeavy(state: RunState): boolean {
  return workDone(state) >= 2 * state.work.limits.run;
}

/** Lets other runs of the worker proceed before the rest of the work, or fails a run whose work never ends. */
export function endSlice(state: RunState): void {
  const { work } = state;
  close(work);
  if (!work.exhausted && work.span >= work.limits.span) {
    exhaust(state, `the run has done ${work.limits.span} units of work, and nothing from outside came in between`);
  } else if (!work.exhausted && state.stopping !== null && isTooHeavy(state)) {
    exhaust(state, `the cleanup of the run takes more than ${work.limits.run} units of work`);
  }
  if ([...state.pending.values()].some(({ kind }) => kind === 'slice')) return;
  work.slices += 1;
  const key = sliceKey(work.slices);
  state.commands.push({ type: 'yield', key });
  awaitEvent(state, key, { ...NO_WORK, kind: 'slice', due: null });
}

/** Fails a run because of the work that it takes: nothing of it starts any more. */
export function exhaust(state: RunState, message: string): void {
  state.work.exhausted = true;
  decide(state, engineFailure('limit_exceeded', message), false);
}

/** Adds the units that the open meter has counted. */
function close(work: RunWork): void {
  add(work, unitsOf(work.meter));
  work.meter = undefined;
}

function add(work: RunWork, units: number): void {
  work.slice += units;
  work.run += units;
  work.span += units;
}

/** Returns the units that a meter has counted, without a charge that it refused; 0 for undefined. */
export function unitsOf(meter: WorkMeter | undefined): number {
  return meter === undefined ? 0 : Math.min(meter.spent, meter.limit);
}
