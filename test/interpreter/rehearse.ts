import type { Command, Fault, RunEvent } from '../../interpreter/events.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import type { RunState } from '../../interpreter/state.ts';
import { BUILTIN_ACTIONS, jsonSchemaOf } from '../../model/builtin-actions.ts';
import type { Definition } from '../../model/definition.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { ActionSpec, RunInput } from '../../model/run-input.ts';

/** How one attempt of a task ends: in tests of the interpreter, and by the test worker on a real server. */
export type Attempt =
  | { output: Json }
  | { fail: string; message?: string; retryable?: boolean }
  | { fault: Fault }
  | { hang: true };

/** A table row: a definition, how its tasks end, and what must come of it. */
export interface Rehearsal {
  name: string;
  definition: Definition;
  input?: JsonObject;
  /** By task; a list is consumed one an attempt. A task without one succeeds with null. */
  outcomes?: Record<string, Attempt | Attempt[]>;
  expect: {
    /** Keys of the visits in the order of their start. */
    order: string[];
    outcome: 'completed' | 'failed' | 'cancelled' | 'abandoned';
    output?: Json;
    failure?: { type: string; task?: string; message?: string };
    also?: string[];
  };
  /** The row holds only in the interpreter: it needs faults, or an order of endings, that no test can make on a server. */
  pure?: true;
}

export const ok = (output: Json): Attempt => ({ output });
export const fail = (type: string, message = `${type} happened`): Attempt => ({ fail: type, message });
export const hang: Attempt = { hang: true };
export const lost: Attempt = { fault: { kind: 'timeout', timeout: 'heartbeat' } };

/** The specs of the built-in actions, of `test.act`, and of `test.safe`, which is idempotent. */
export const SPECS: Record<string, ActionSpec> = {
  ...Object.fromEntries(
    BUILTIN_ACTIONS.map((action) => {
      const schema = jsonSchemaOf(action.param, 'input');
      const times = { timeout: 60, heartbeat_timeout: 30, queue_timeout: 60 };
      return [
        action.ref,
        action.inline ? { inline: true as const, ...times, ...(schema ? { param_schema: schema } : {}) } : times,
      ];
    }),
  ),
  'test.act': { timeout: 60, heartbeat_timeout: 30, queue_timeout: 60 },
  'test.safe': { timeout: 60, heartbeat_timeout: 30, queue_timeout: 60, idempotent: true },
};

export function runInput(definition: Definition, n = 1): RunInput {
  return {
    interpreter: 1,
    n,
    ref: 'test.rehearsal',
    version: '1.0.0',
    revision: 1,
    hash: null,
    definition,
    actions: SPECS,
  };
}

/** What came of a rehearsal. */
export interface Rehearsed {
  state: RunState;
  order: string[];
  close: Extract<Command, { type: 'close' }> | undefined;
  commands: Command[];
}

/** Plays a definition with mock outcomes through the pure interpreter, in waves: what starts together ends together. */
export function rehearse(
  { definition, input = {}, outcomes = {} }: Pick<Rehearsal, 'definition' | 'input' | 'outcomes'>,
  intervene: (events: RunEvent[], wave: number) => RunEvent[] = (events) => events,
): Rehearsed {
  const attempts = new Map<string, number>();
  const answer = (command: Extract<Command, { type: 'activity' }>): RunEvent | null => {
    const name = command.key.split(/[#~]/)[0]!;
    for (let left = command.retry.count; ; left -= 1) {
      const used = attempts.get(name) ?? 0;
      attempts.set(name, used + 1);
      const planned = outcomes[name] ?? { output: null };
      const attempt = Array.isArray(planned) ? (planned[used] ?? { output: null }) : planned;
      if ('output' in attempt) return { type: 'completed', key: command.key, output: attempt.output };
      if ('hang' in attempt) return null;
      if ('fault' in attempt) return { type: 'failed', key: command.key, fault: attempt.fault };
      if (left > 0 && attempt.retryable !== false) continue;
      const { fail: type, message = '' } = attempt;
      return { type: 'failed', key: command.key, fault: { kind: 'application', type, message, details: [] } };
    }
  };
  let now = 1_000;
  const begun = begin(runInput(definition), input, now, intervene([], 0));
  const { state } = begun;
  const all = [...begun.commands];
  let next = begun.commands;
  for (let wave = 1; wave < 10_000; wave += 1) {
    const close = all.find((command) => command.type === 'close');
    if (close !== undefined) return finished(state, all, close);
    const events = next.flatMap((command): RunEvent[] => {
      const event = command.type === 'activity' ? answer(command) : null;
      if (event !== null) return [event];
      return command.type === 'timer' ? [{ type: 'fired', key: command.key }] : [];
    });
    now += 1_000;
    const wanted = intervene(events, wave);
    if (wanted.length === 0) return finished(state, all, undefined);
    next = step(state, wanted, now);
    all.push(...next);
  }
  throw new Error('the rehearsal does not end');
}

function finished(state: RunState, commands: Command[], close: Rehearsed['close']): Rehearsed {
  const order = state.visits.filter(({ status }) => status !== 'held').map(({ key }) => key);
  return { state, order, close, commands };
}
