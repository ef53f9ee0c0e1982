import type { Scope } from '../expression/evaluator.ts';
import { compileValue, createCompilation, renderValue } from '../language/templates/value.ts';
import type { Definition } from '../model/definition.ts';
import { engineFailure, type Failure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { Parameters, RunInput, RunTurn } from '../model/run-input.ts';
import type { WorkMeter } from '../model/work.ts';
import { dialectOf } from './scope.ts';
import type { RunState } from './state.ts';
import { decide, templateFailure } from './visits.ts';

/** The number of characters that a concurrency key may have. */
const MAX_KEY = 256;

/** The answer to whether a slot of the concurrency key is free: the run begins, or it is skipped or fails instead of waiting. */
export type SlotVerdict = 'begin' | 'skip' | 'fail';

/**
 * Renders the concurrency key of a run; null: its definition has none. The key is a text, a number or a boolean. `interpreter` is the
 * version of the run; `meter` counts the work of the template.
 */
export function renderConcurrencyKey(
  { definition, ref, version }: { definition: Definition; ref: string; version: string },
  input: Parameters,
  interpreter: number,
  meter?: WorkMeter,
): { turn: RunTurn } | { failure: Failure } | null {
  const { concurrency_key: given } = definition;
  if (given === undefined) return null;
  const template = compileValue(given.key, '/definition/concurrency_key/key', createCompilation([]));
  let key: Json;
  try {
    key = renderValue(template, { ...scopeOver(input, ref, version), dialect: dialectOf(interpreter), meter });
  } catch (error) {
    return { failure: templateFailure(error) };
  }
  const text = typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean' ? String(key) : '';
  if (text !== '' && text.length <= MAX_KEY) {
    return { turn: { key: text, limit: given.limit ?? 1, policy: given.policy ?? 'queue' } };
  }
  const message = `the concurrency key must be a text of 1 to ${MAX_KEY} characters, a number or a boolean`;
  return { failure: engineFailure('input_invalid', message, { details: { field: 'concurrency_key' } }) };
}

/** Creates the names that a concurrency key sees: the parameters alone. */
function scopeOver(input: Parameters, ref: string, version: string): Omit<Scope, 'dialect'> {
  const lookup = (root: string) => {
    if (root === 'workflow') return { param: input, ref, version };
    if (root === 'parameters') return input;
    return Object.hasOwn(input, root) ? input[root] : undefined;
  };
  return { lookup, names: () => Object.keys(input), random: () => 0 };
}

/** Returns whether a run must wait before it begins until a signal reports that a slot is free, because its start did not find that out. */
export function mustAwaitSlot({ definition, turn, carried }: RunInput): boolean {
  return definition.concurrency_key !== undefined && turn === undefined && carried?.middle === undefined;
}

/** Takes the answer about the slot of a run; false when the run does not wait for it. */
export function takeSlotVerdict(state: RunState, verdict: SlotVerdict): boolean {
  if (state.turn === null || state.outcome !== null) return false;
  state.turn = null;
  if (verdict === 'skip') closeSkipped(state);
  if (verdict === 'fail') {
    decide(state, engineFailure('concurrency_conflict', 'another run has its concurrency key'), false);
  }
  return true;
}

/** Closes a run as skipped before anything has begun. */
export function closeSkipped(state: RunState): void {
  state.outcome = 'skipped';
  state.pending.clear();
  state.commands.push({ type: 'close', outcome: 'skipped', output: null, failure: null, also: [] });
}
