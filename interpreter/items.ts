import type { ItemsPlan } from '../language/program.ts';
import { renderValue } from '../language/templates/value.ts';
import { engineFailure, type Failure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { MAX_CONCURRENCY } from '../model/words.ts';
import { derive } from './derive.ts';
import { createScope } from './scope.ts';
import type { Items, RunState, Visit, WorkEnding } from './state.ts';
import { ATTEMPTS_COUNTED, UNSTARTED_ITEMS } from './versions.ts';
import { mayStart, taskOf, templateFailure } from './visits.ts';

/** The number of items that one visit may have. */
const MAX_ITEMS = 100_000;

/** The number of items that a failure names among those that have not started. */
const MAX_UNSTARTED = 1_000;

/** The number of items that run at once, unless the task sets another. */
const DEFAULT_CONCURRENCY = 100;

/** Renders the list of a visit and the number of its items that run at once. Returns the failure when that is not possible. */
export function renderItems(state: RunState, visit: Visit, plan: ItemsPlan): { items: Items } | { failure: Failure } {
  const scope = createScope(state, { visit, variables: visit.variables });
  const invalid = (field: string, message: string) => ({
    failure: engineFailure('input_invalid', message, { details: { field } }),
  });
  try {
    const { action } = taskOf(state, visit);
    const site = state.actions[action]?.workflow ? (`items:${action}` as const) : 'template';
    const list = derive(state, site, () => renderValue(plan.list, scope));
    if (!Array.isArray(list)) return invalid('with_items', `with_items must give a list, not ${kindOf(list)}`);
    if (list.length > MAX_ITEMS) {
      const message = `with_items has ${list.length} items, more than ${MAX_ITEMS}`;
      return { failure: engineFailure('limit_exceeded', message, { details: { field: 'with_items' } }) };
    }
    const { concurrency: most } = plan;
    const concurrency = most === null ? DEFAULT_CONCURRENCY : derive(state, 'template', () => renderValue(most, scope));
    if (typeof concurrency !== 'number' || concurrency < 1) {
      return invalid('concurrency', `concurrency must be a number of at least 1, not ${JSON.stringify(concurrency)}`);
    }
    return {
      items: {
        list,
        first: 0,
        concurrency: Math.min(Math.floor(concurrency), MAX_CONCURRENCY),
        work: [],
        outputs: [],
        forgotten: false,
        again: [],
        running: 0,
        failed: [],
        queued: false,
      },
    };
  } catch (error) {
    return { failure: templateFailure(error) };
  }
}

/** Returns whether another item of a visit is to start once there is room for it. */
export function mayStartItem(state: RunState, visit: Visit): boolean {
  const { list, work, again, failed } = visit.items!;
  if (!mayStart(state, visit) || (work.length === list.length && again.length === 0)) return false;
  return failed.length === 0 || taskOf(state, visit).items!.finish;
}

/**
 * Returns how a visit ends when none of its items runs or will start. The ending has no outputs when nothing reads them and the run did not
 * keep them.
 */
export function itemsEnding(state: RunState, visit: Visit, items: Items): WorkEnding {
  const { list, work, again, failed, forgotten } = items;
  const outputs = forgotten ? null : Array.from(list, (_, item) => outputAt(items, item));
  const all = work.length === list.length && again.length === 0;
  if (failed.length === 0 && all) return { output: outputs };
  const reasons: Json[] = failed.map((item) => {
    const { type, message } = work[item]!.failure!;
    return { index: item, type, reason: message };
  });
  if (state.version >= UNSTARTED_ITEMS) reasons.push(...unstarted(items));
  const partial = forgotten ? {} : { partial: outputs };
  const rest = { details: { items: reasons, ...(forgotten ? {} : { outputs }) } };
  const stopped = state.stopping !== null && !visit.shielded;
  if (stopped && (!all || work.some(({ status }) => status === 'cancelled'))) {
    return { failure: engineFailure('cancelled', 'the task was cancelled', rest), ...partial };
  }
  const first = failed[0];
  if (first === undefined) {
    const message = `the run failed before item ${work.length} began`;
    return { failure: engineFailure('cancelled', message, rest), ...partial };
  }
  const { failure, lost } = work[first]!;
  const { type, message, code, attempt } = failure!;
  const more = failed.length === 1 ? '' : `, and ${failed.length - 1} more`;
  return {
    failure: {
      type,
      message: `item ${first} failed: ${message}${more}`,
      task: visit.key,
      ...(code === undefined ? {} : { code }),
      ...(attempt === undefined || state.version < ATTEMPTS_COUNTED ? {} : { attempt }),
      ...rest,
      cause: failure!,
    },
    lost,
    ...partial,
  };
}

/** Returns the items that have not started, the first 1,000 at most. */
function unstarted({ list, work, again }: Items): Json[] {
  const count = Math.min(list.length - work.length, MAX_UNSTARTED);
  const rest = Array.from({ length: count }, (_, at) => work.length + at);
  return [...again.slice(0, MAX_UNSTARTED), ...rest]
    .slice(0, MAX_UNSTARTED)
    .map((index) => ({ index, type: 'cancelled', reason: 'the item did not start' }));
}

/** Returns the output of an item, from this run of a chain or an earlier one; null: it has none. */
export function outputAt({ work, outputs }: Items, item: number): Json {
  const own = work[item];
  if (own === undefined) return outputs[item] ?? null;
  return own.status === 'succeeded' ? own.output : null;
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
