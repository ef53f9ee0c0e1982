import { Budget } from '../expression/budget.ts';
import type { Dialect } from '../expression/dialect.ts';
import { digest } from '../expression/encoding.ts';
import type { Scope } from '../expression/evaluator.ts';
import { Callable, type Value } from '../expression/values.ts';
import { completeFailure, type Failure } from '../model/failure.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { WorkMeter } from '../model/work.ts';
import type { RunState, Visit } from './state.ts';
import type { Variables } from './variables.ts';
import {
  ATTEMPTS_COUNTED,
  COMPLETE_ERRORS,
  HELD_VISITS_HIDDEN,
  SCHEDULED_TIME,
  SECOND_DIALECT,
  THIRD_DIALECT,
} from './versions.ts';
import { pathBack } from './visits.ts';

/** The place in a run from which a template reads. */
export interface Viewpoint {
  /** The visit that it belongs to; null where none has begun, or all have ended. */
  visit: Visit | null;
  variables: Variables;
  /** The item of the visit whose work it is. */
  item?: number | null;
  /** How the visit has just ended, for `result()`, `succeeded()` and `failed()`. */
  ended?: { status: string; output: Json };
  /** The failure that `error` reads; undefined: the one that led to the visit. */
  error?: Failure | null;
}

type Meter = WorkMeter | undefined;

/** Counts the units of work of a lookup. Throws as Budget.work does. */
function charge(meter: Meter, units: number): void {
  if (meter !== undefined) new Budget(0, meter).work(units);
}

/** Returns the dialect of the templates of a run, by the version of its interpreter. */
export function dialectOf(version: number): Dialect {
  if (version >= THIRD_DIALECT) return 3;
  return version >= SECOND_DIALECT ? 2 : 1;
}

/** Creates the names that a template sees; `meter` counts its work. */
export function createScope(state: RunState, viewpoint: Viewpoint, meter: Meter = state.work.meter): Scope {
  const { visit, variables, ended, item = null } = viewpoint;
  const { input, info } = state;
  const { scheduled } = state.run;
  const lookup = (root: string): Value | undefined => {
    switch (root) {
      case 'workflow':
        return { param: input, ref: info.ref, version: info.version };
      case 'now':
        return new Callable(() => new Date(state.now).toISOString());
      case 'uuid':
        return new Callable(() => uuid(state));
      case 'item':
        return item === null ? undefined : visit?.items?.list[item];
      case 'index':
        return item ?? undefined;
      case 'execution':
        return state.version < SCHEDULED_TIME
          ? { id: info.id }
          : { id: info.id, scheduled_at: scheduled?.at ?? null, schedule: scheduled?.schedule ?? null };
      case 'parameters':
        return input;
      case 'variables':
      case 'vars':
        return variablesSeen(variables, meter);
      case 'task':
      case 'tasks':
        charge(meter, state.visitsOf.size);
        return allTasks(state, visit, meter);
      case 'error':
        return errorSeen(state, viewpoint, meter);
      case 'result':
        return ended && new Callable(() => ended.output);
      case 'status':
        return ended && new Callable(() => ended.status);
      case 'succeeded':
        return ended && new Callable(() => ended.status === 'succeeded');
      case 'failed':
        return ended && new Callable(() => ended.status !== 'succeeded');
      case 'timed_out':
        return ended && new Callable(() => ended.status === 'timed_out');
    }
    const published = variables.get(root);
    if (published !== undefined) return published.value;
    if (Object.hasOwn(input, root)) return input[root];
    return taskValue(state, visit, root, meter);
  };
  const names = () => {
    const all = [...[...variables].map(([name]) => name), ...Object.keys(input), ...state.visitsOf.keys()];
    charge(meter, all.length);
    return all;
  };
  return { lookup, names, random: () => random(state), dialect: dialectOf(state.version), meter };
}

function variablesSeen(variables: Variables, meter: Meter): JsonObject {
  const entries = [...variables].map(([name, { value }]): [string, Json] => [name, value]);
  charge(meter, entries.length);
  return Object.fromEntries(entries);
}

function errorSeen(state: RunState, { visit, error }: Viewpoint, meter: Meter): Json | undefined {
  if (error !== undefined) return error === null ? undefined : failureValue(state, error, meter);
  return visit?.error == null ? undefined : failureValue(state, state.visits[visit.error]?.failure ?? null, meter);
}

function allTasks(state: RunState, from: Visit | null, meter: Meter): JsonObject {
  const tasks: JsonObject = {};
  // Read lazily: a definition may have a thousand tasks, and a path reads one of them.
  for (const name of state.visitsOf.keys()) {
    Object.defineProperty(tasks, name, { enumerable: true, get: () => taskValue(state, from, name, meter) });
  }
  return tasks;
}

function taskValue(state: RunState, from: Visit | null, name: string, meter: Meter): Json | undefined {
  const visit = visitSeen(state, from, name, meter);
  if (visit === undefined || (visit.status === 'held' && state.version >= HELD_VISITS_HIDDEN)) return undefined;
  const status = visit.skipped !== null ? 'skipped' : visit.status === 'delayed' ? 'running' : visit.status;
  const error = failureValue(state, visit.failure, meter);
  if (state.version < ATTEMPTS_COUNTED) return { output: visit.output, status, error };
  // Attempts of an earlier execution may be older than the counting of attempts.
  const { items, carried, attempts = carried ? null : 0 } = visit;
  return { output: visit.output, status, error, attempts: items === null ? attempts : null };
}

/** Returns the visit that the name of a task means: the latest on a path that led here, or else the one that completed last. */
function visitSeen(state: RunState, from: Visit | null, name: string, meter: Meter): Visit | undefined {
  const indexes = state.visitsOf.get(name) ?? [];
  if (indexes.length === 1) return state.visits[indexes[0]!];
  // In its own transitions a visit sees itself.
  if (from?.name === name && from.endedAt !== null) return from;
  for (const [, visit] of pathBack(state, from?.from ?? [])) {
    if (visit.name === name) return visit;
    charge(meter, 1 + visit.from.length);
  }
  charge(meter, indexes.length / 16);
  let last: Visit | undefined;
  for (const index of indexes) {
    const visit = state.visits[index]!;
    if (visit.endedAt !== null && visit.endedAt > (last?.endedAt ?? -1)) last = visit;
  }
  return last;
}

/** Returns a failure as templates see it. */
function failureValue(state: RunState, failure: Failure | null, meter: Meter): Json {
  if (failure === null) return null;
  if (state.version >= COMPLETE_ERRORS) {
    for (let at: Failure | undefined = failure; at; at = at.cause) charge(meter, 1);
    return completeFailure(failure);
  }
  const { cause, ...rest } = failure;
  return { ...rest, ...(cause === undefined ? {} : { cause: failureValue(state, cause, meter) }) };
}

/** Draws 256 random bits, in hexadecimal: new ones each time, and the same ones in each replay. */
function draw(state: RunState): string {
  state.drawn += 1;
  return digest(`${state.info.seed}:${state.drawn}`, 'sha256');
}

function random(state: RunState): number {
  return Number.parseInt(draw(state).slice(0, 13), 16) / 16 ** 13;
}

/** Draws a UUID, version 4 (RFC 9562). */
function uuid(state: RunState): string {
  const hex = draw(state);
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`];
  return [...parts, hex.slice(20, 32)].join('-');
}
