import { carry } from '../../../interpreter/carry.ts';
import { buildChildInput } from '../../../interpreter/children.ts';
import type { Command, RunEvent } from '../../../interpreter/events.ts';
import { projectInquiries } from '../../../interpreter/inquiries.ts';
import { begin, step } from '../../../interpreter/interpreter.ts';
import type { RunState } from '../../../interpreter/state.ts';
import type { CarriedState } from '../../../model/carried-state.ts';
import type { Definition } from '../../../model/definition.ts';
import { DECISION_SIGNAL } from '../../../model/inquiry.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import type { RunInput } from '../../../model/run-input.ts';
import { question } from '../../interpreter/inquiry-scripts.ts';
import { act, runInput } from '../../interpreter/rehearse.ts';
import { annDecides, SIGNED, signedDecision } from '../../interpreter/signed.ts';

/** When the questions of these runs are asked, in milliseconds. */
export const ASKED_AT = Date.parse('2026-11-28T12:00:00Z');

const CHAIN = 'first';

/** A run of the interpreter that waits at a question, and an approval of boss's that has counted somewhere else. */
export interface AskingRun {
  state: RunState;
  run: RunInput;
  /** Temporal's id of the first run of its chain. */
  chain: string;
  /** The key of the question. */
  key: string;
  /** The signed decision about another visit, item, try, task or run, in which boss has approved. */
  earlier: JsonObject;
}

/** The places in which a run asks, each with something like it that was approved before. */
export const SHAPES = ['plain', 'loop', 'item', 'try', 'sub-workflow', 'continued', 'retry'] as const;
export type Shape = (typeof SHAPES)[number];

/** Makes a run that waits at a question of a shape. `input` is that of the question; alice has started the run. */
export function askingRun(shape: Shape, input: JsonObject): AskingRun {
  return MAKERS[shape](input);
}

/** Returns whether a run let other tasks begin, or ended, which it must not do before it is approved. */
export function hasMoved({ state }: AskingRun): boolean {
  return state.outcome !== null || [...state.pending.values()].some(({ kind }) => kind === 'activity');
}

const send = (state: RunState, event: RunEvent, at = ASKED_AT) => step(state, [event], at);

/** Has boss approve the open question of a run; returns the signed decision. */
function approve({ state, run }: { state: RunState; run: RunInput }, chain = CHAIN): JsonObject {
  const { key, bound_to, what } = projectInquiries(state).find(({ status }) => status === 'pending')!;
  const at = new Date(ASKED_AT - 1).toISOString();
  const decision = annDecides(key, { id: `boss about ${key}`, by: 'boss', names: [], response: null, bound_to, at });
  const payload = signedDecision(run, chain, decision, what);
  send(state, { type: 'signal', name: DECISION_SIGNAL, payload });
  return payload as JsonObject;
}

const endActivity = (state: RunState, key: string) => send(state, { type: 'completed', key, output: null });

function started(definition: Definition, more: Partial<RunInput> = {}, n = 7) {
  const run: RunInput = { ...runInput(definition, n), ...SIGNED, starters: ['alice'], ...more };
  return { run, state: begin(run, {}, ASKED_AT, { chain: CHAIN }).state, chain: CHAIN };
}

const plainOf = (input: JsonObject): Definition => ({
  tasks: [question('ask', input, { on_success: 'deploy' }), act('deploy')],
});

const MAKERS: Record<Shape, (input: JsonObject) => AskingRun> = {
  plain(input) {
    // The other run has the same definition, parameters and blind.
    const other = started(plainOf(input), {}, 8);
    return { ...started(plainOf(input)), key: 'ask', earlier: approve(other) };
  },

  loop(input) {
    const tasks = [question('ask', input, { on_success: 'deploy' }), act('deploy', { on_success: 'ask' })];
    const made = started({ start: ['ask'], tasks });
    const earlier = approve(made);
    endActivity(made.state, 'deploy');
    return { ...made, key: 'ask#2', earlier };
  },

  item(input) {
    const each = { ...question('ask', input, { on_success: 'deploy' }), with_items: [1, 2] };
    const made = started({ tasks: [each, act('deploy')] });
    return { ...made, key: 'ask[1]', earlier: approve(made) };
  },

  try(input) {
    // Two must approve: boss has, before the time was over.
    const task = question('ask', { ...input, timeout: 60, quorum: 2 }, { on_success: 'deploy' });
    const retry = { count: 3, delay: 0, when: "error.type == 'expired'" };
    const made = started({ tasks: [{ ...task, retry }, act('deploy')] });
    const earlier = approve(made);
    const [timer] = made.state.pending.keys();
    send(made.state, { type: 'fired', key: timer! }, ASKED_AT + 60_000);
    return { ...made, key: 'ask~2', earlier };
  },

  'sub-workflow'(input) {
    const tasks = ['one', 'two'].map((name) => ({ name, action: 'sub.one' }));
    const above: RunInput = {
      ...runInput({ start: ['one', 'two'], tasks }, 7, { 'sub.one': plainOf(input) }),
      ...SIGNED,
      starters: ['alice'],
    };
    const { state } = begin(above, {}, ASKED_AT, { chain: CHAIN });
    const below = (key: string, chain: string) => {
      const { run } = buildChildInput(state, { ref: 'sub.one', key, timeout: undefined, input: {} }) as {
        run: RunInput;
      };
      return { run, chain, state: begin(run, {}, ASKED_AT, { chain }).state };
    };
    return { ...below('two', 'below two'), key: 'ask', earlier: approve(below('one', 'below one'), 'below one') };
  },

  continued(input) {
    const tasks = [
      question('first', input, { on_success: 'ask' }),
      question('ask', input, { on_success: 'deploy' }),
      act('deploy'),
    ];
    const made = started({ start: ['first'], tasks }, { limits: { run: 60_000 } });
    const earlier = approve(made);
    let commands: Command[] = [];
    for (let at = 0; at < 50 && commands.length === 0; at += 1) {
      const forged = { ...earlier, statement: { ...(earlier.statement as JsonObject), id: `forged ${at}` } };
      commands = send(made.state, { type: 'signal', name: DECISION_SIGNAL, payload: forged });
    }
    const onward = commands.find(({ type }) => type === 'continue');
    if (onward?.type !== 'continue') throw new Error('the run has not continued as another one');
    const run = JSON.parse(JSON.stringify(onward.run)) as RunInput;
    return { ...made, run, state: begin(run, {}, ASKED_AT, { chain: CHAIN }).state, key: 'ask', earlier };
  },

  retry(input) {
    const before = started(plainOf(input));
    const earlier = approve(before);
    const fault = { kind: 'application', type: 'E', message: 'E', details: [] } as const;
    send(before.state, { type: 'failed', key: 'deploy', fault: { ...fault, details: [] as Json[] } });
    const carried = JSON.parse(JSON.stringify(carry(before.state, null)!.state)) as CarriedState;
    // Whoever retries it has changed the definition: what boss has approved is another one.
    const run: RunInput = { ...before.run, n: 70, hash: 'other', carried, starters: ['alice', 'retrier'] };
    return { run, state: begin(run, {}, ASKED_AT, { chain: 'second' }).state, chain: 'second', key: 'ask', earlier };
  },
};
