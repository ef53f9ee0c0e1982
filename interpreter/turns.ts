import type { Scope } from '../expression/evaluator.ts';
import { compilationOf, compileValue, renderValue } from '../language/templates/value.ts';
import type { Definition } from '../model/definition.ts';
import { engineFailure, type Failure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { Parameters, RunInput, RunTurn } from '../model/run-input.ts';
import type { WorkMeter } from '../model/work.ts';
import { dialectOf } from './scope.ts';
import type { RunState } from './state.ts';
import { decide, templateFailure } from './visits.ts';

/** Characters of a concurrency key. */
const MAX_KEY = 256;

/** What is found out about the turn of a run: there is room for it, or not and it is not to wait. */
export type TurnVerdict = 'begin' | 'skip' | 'fail';

/**
 * What a run of a definition shares with others; null: nothing. The key is a text, a number or a boolean. `interpreter` is the version
 * that the run has, `meter` counts the work of the template.
 */
export function turnOf(
  { definition, ref, version }: { definition: Definition; ref: string; version: string },
  input: Parameters,
  interpreter: number,
  meter?: WorkMeter,
): { turn: RunTurn } | { failure: Failure } | null {
  const { concurrency_key: given } = definition;
  if (given === undefined) return null;
  const template = compileValue(given.key, '/definition/concurrency_key/key', compilationOf([]));
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

/** The names that a concurrency key sees: the parameters alone. */
function scopeOver(input: Parameters, ref: string, version: string): Omit<Scope, 'dialect'> {
  const lookup = (root: string) => {
    if (root === 'workflow') return { param: input, ref, version };
    if (root === 'parameters') return input;
    return Object.hasOwn(input, root) ? input[root] : undefined;
  };
  return { lookup, names: () => Object.keys(input), random: () => 0 };
}

/** Whether a run that begins must be told first that it is its turn: nobody has found that out when it was started. */
export function mustWait({ definition, turn, carried }: RunInput): boolean {
  return definition.concurrency_key !== undefined && turn === undefined && carried?.middle === undefined;
}

/** Takes what was found out about the turn of a run; false when it does not wait for that. */
export function takeTurn(state: RunState, verdict: TurnVerdict): boolean {
  if (state.turn === null || state.outcome !== null) return false;
  state.turn = null;
  if (verdict === 'skip') closeSkipped(state);
  if (verdict === 'fail') {
    decide(state, engineFailure('concurrency_conflict', 'another run has its concurrency key'), false);
  }
  return true;
}

/** Closes a run of which nothing has begun. */
export function closeSkipped(state: RunState): void {
  state.outcome = 'skipped';
  state.pending.clear();
  state.commands.push({ type: 'close', outcome: 'skipped', output: null, failure: null, also: [] });
}
