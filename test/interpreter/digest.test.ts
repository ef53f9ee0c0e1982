import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carry } from '../../interpreter/carry.ts';
import { buildChildInput } from '../../interpreter/children.ts';
import type { Fault } from '../../interpreter/events.ts';
import { projectInquiries } from '../../interpreter/inquiries.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import type { RunState } from '../../interpreter/state.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import type { Definition } from '../../model/definition.ts';
import { DECISION_SIGNAL } from '../../model/inquiry.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { RunInput } from '../../model/run-input.ts';
import { draws } from '../seed.ts';
import { question } from './inquiry-scripts.ts';
import { act, give, runInput, STARTED } from './rehearse.ts';

const pay: Definition = {
  tasks: [
    question('ask', { prompt: 'Pay the invoice?' }, { on_success: 'pay' }),
    give('pay', 'paid {{ amount }} to {{ to }} (by {{ ask.output.decided_by[0] }})'),
  ],
};
const INPUT = { amount: 10, to: 'ACME' };

/** Digests the first question of a run. */
function digestOf(run: RunInput, input: JsonObject = INPUT): { what: string | undefined; bound_to: string } {
  const [{ what, bound_to }] = projectInquiries(begin(run, input, STARTED).state) as [
    ReturnType<typeof projectInquiries>[number],
  ];
  return { what, bound_to };
}

const base: RunInput = { ...runInput(pay, 7), tenant: 'acme', blind: '00' };

describe('the digest of a question', () => {
  it.each<[string, RunInput, JsonObject?]>([
    ['another run', { ...base, n: 8 }],
    ['another tenant', { ...base, tenant: 'other' }],
    ['a run that claims the code of another tree', { ...base, n: 8, code: 'other' }],
  ])('differs in `bound_to` alone in %s', (_, run) => {
    expect(digestOf(run).what).toBe(digestOf(base).what);
    expect(digestOf(run).bound_to).not.toBe(digestOf(base).bound_to);
  });

  const specs = base.actions;
  const sub = { ...runInput(pay, 7, { 'sub.one': { tasks: [act('a')] } }), tenant: 'acme', blind: '00' };
  it.each<[string, RunInput, RunInput, JsonObject?]>([
    ['another input', base, base, { amount: 999_999, to: 'mallory' }],
    ['an input of another type', base, base, { amount: '10', to: 'ACME' }],
    ['another blind', base, { ...base, blind: '01' }],
    ['another task', base, { ...base, definition: { tasks: [...pay.tasks, act('more')] } }],
    ['another revision', { ...base, hash: 'a' }, { ...base, hash: 'b' }],
    [
      'another timeout of an action',
      base,
      { ...base, actions: { ...specs, 'test.act': { ...specs['test.act']!, timeout: 1 } } },
    ],
    [
      'another queue of an action',
      base,
      { ...base, actions: { ...specs, 'test.act': { ...specs['test.act']!, task_queue: 'x' } } },
    ],
    [
      'another sub-workflow',
      sub,
      { ...sub, workflows: { 'sub.one': { ...sub.workflows!['sub.one']!, hash: 'other' } } },
    ],
    ['one more sub-workflow', base, sub],
  ])('differs with %s', (_, one, other, input = INPUT) => {
    expect(digestOf(other, input).what).not.toBe(digestOf(one).what);
    expect(digestOf(other, input).bound_to).not.toBe(digestOf(one).bound_to);
  });

  it.each<[string, JsonObject]>([
    ['who is asked', { approvers: ['ann'] }],
    ['the quorum', { quorum: 2 }],
    ['the time there is', { timeout: 5 }],
    ['the form', { response_schema: { type: 'object' } }],
  ])('differs with %s', (_, more) => {
    const other = {
      tasks: [question('ask', { prompt: 'Pay the invoice?', ...more }, { on_success: 'pay' }), pay.tasks[1]!],
    };
    // The revision is the same, as when a template renders the difference.
    const [one, two] = [pay, other].map((definition) => digestOf({ ...base, definition, hash: 'same' }));
    expect(two!.what).not.toBe(one!.what);
  });

  it('is the same wherever people are told', () => {
    const told = question(
      'ask',
      { prompt: 'Pay the invoice?', notify: { email: ['a@example.com'] } },
      { on_success: 'pay' },
    );
    const [one, two] = [pay, { tasks: [told, pay.tasks[1]!] }].map((definition) =>
      digestOf({ ...base, definition, hash: 'same' }),
    );
    expect(two).toEqual(one);
  });

  it('differs from visit to visit and from item to item', () => {
    const each: Definition = { tasks: [{ ...question('ask', { prompt: 'Sure?' }), with_items: '{{ [1, 1, 1] }}' }] };
    const bound = projectInquiries(begin({ ...base, definition: each }, INPUT, STARTED).state).map(
      ({ bound_to }) => bound_to,
    );
    expect([bound.length, new Set(bound).size]).toEqual([3, 3]);
  });

  it('is that of the whole tree at every depth', () => {
    const deep: Definition = { tasks: [{ name: 'down', action: 'sub.two' }] };
    const tree = (leaf: string): RunInput => {
      const run = runInput({ tasks: [{ name: 'sub', action: 'sub.one' }] }, 7, {
        'sub.one': pay,
        'sub.two': deep,
        'sub.three': pay,
      });
      run.actions = { 'sub.one': { workflow: true, timeout: 1, heartbeat_timeout: 1, queue_timeout: 1 } };
      // Workflows that the sub-workflow itself cannot reach are part of its digest, too.
      run.workflows!['sub.three'] = { ...run.workflows!['sub.three']!, hash: leaf };
      return { ...run, blind: '00' };
    };
    const below = (run: RunInput) => {
      const { state } = begin(run, INPUT, STARTED);
      const child = buildChildInput(state, { ref: 'sub.one', key: 'sub', timeout: undefined, input: INPUT });
      return digestOf((child as { run: RunInput }).run);
    };
    expect(below(tree('a'))).toEqual(below(tree('a')));
    expect(below(tree('b')).what).not.toBe(below(tree('a')).what);
  });

  it('keeps its formula below interpreter 9', () => {
    const old = digestOf({ ...base, interpreter: 8 });
    expect(old).toEqual({
      what: undefined,
      bound_to: digestOf({ ...base, interpreter: 8, n: 8, tenant: 'x' }).bound_to,
    });
  });
});

/** Answers the open question with this key. */
function approve(state: RunState, inquiry: string, at: number) {
  const payload = {
    id: `${inquiry} ${at}`,
    inquiry,
    option: 'approve',
    response: null,
    comment: null,
    by: 'ann',
    names: [],
    groups: [],
    channel: 'api',
    at: new Date(at).toISOString(),
    bound_to: null,
  } as Json;
  return step(state, [{ type: 'signal', name: DECISION_SIGNAL, payload }], at);
}

/** Runs a definition in which every question is approved and `broken` fails, and begins a retry of it. */
function retry(definition: Definition, change: (run: RunInput) => RunInput) {
  const { state } = begin({ ...base, definition }, INPUT, STARTED);
  const fault: Fault = { kind: 'application', type: 'E', message: 'E', details: [] };
  for (let at = STARTED + 1; state.outcome === null && at < STARTED + 50; at += 1) {
    const open = projectInquiries(state).find(({ status }) => status === 'pending');
    if (open !== undefined) approve(state, open.key, at);
    const running = [...state.pending].flatMap(([key, { kind }]) => (kind === 'activity' ? [key] : []));
    for (const key of running.filter((each) => each !== 'broken')) {
      step(state, [{ type: 'completed', key, output: null }], at);
    }
    // The task that fails ends last, so that all others are done by then.
    if (open === undefined && running.join() === 'broken') step(state, [{ type: 'failed', key: 'broken', fault }], at);
  }
  expect(state.outcome).toBe('failed');
  const carried = JSON.parse(JSON.stringify(carry(state, null)!.state)) as CarriedState;
  const again = begin(change({ ...state.run, n: 70, carried }), INPUT, STARTED + 100).state;
  return {
    asked: projectInquiries(again).map(({ key, status }) => `${key} ${status}`),
    runs: [...again.pending].flatMap(([key, { kind }]) => (kind === 'activity' ? [key] : [])).sort(),
    votes: projectInquiries(again).flatMap(({ votes }) => votes.map(({ by, carried_from }) => [by, carried_from])),
    decisions: again.decisions.length,
  };
}

const asking: Definition = {
  tasks: [
    question('ask', { prompt: 'Deploy?' }, { on_success: ['between', 'side'] }),
    act('between', { on_success: 'broken' }),
    act('side'),
    act('broken'),
  ],
};
const items: Definition = {
  tasks: [
    { ...question('each', { prompt: 'Item {{ item }}?' }, { on_success: 'broken' }), with_items: '{{ [1, 2] }}' },
    act('broken'),
  ],
};
const two: Definition = {
  tasks: [
    question('first', {}, { on_success: 'second' }),
    question('second', {}, { on_success: 'broken' }),
    act('broken'),
  ],
};

describe('a retry', () => {
  it.each<[string, Definition, (run: RunInput) => RunInput, { asked: string[]; runs: string[] }]>([
    ['keeps a decision where nothing has changed', asking, (run) => run, { asked: ['ask approved'], runs: ['broken'] }],
    ['keeps all of several', two, (run) => run, { asked: ['first approved', 'second approved'], runs: ['broken'] }],
    [
      'keeps those of items',
      items,
      (run) => run,
      { asked: ['each[0] approved', 'each[1] approved'], runs: ['broken'] },
    ],
    [
      'asks again where the definition is another one, and drops what followed',
      asking,
      (run) => ({ ...run, hash: 'other' }),
      { asked: ['ask pending'], runs: [] },
    ],
    [
      'asks again where an action is another one',
      asking,
      (run) => ({ ...run, actions: { ...run.actions, 'test.safe': { ...run.actions['test.safe']!, timeout: 1 } } }),
      { asked: ['ask pending'], runs: [] },
    ],
    [
      'asks the first of several again',
      two,
      (run) => ({ ...run, hash: 'other' }),
      { asked: ['first pending'], runs: [] },
    ],
    [
      'asks each item again',
      items,
      (run) => ({ ...run, hash: 'other' }),
      { asked: ['each[0] pending', 'each[1] pending'], runs: [] },
    ],
    [
      'asks the one item again whose question is another one',
      items,
      (run) => {
        const carried = structuredClone(run.carried!);
        carried.inquiries[1]!.request.prompt = 'Item 3?';
        return { ...run, carried };
      },
      { asked: ['each[0] approved', 'each[1] pending'], runs: [] },
    ],
    [
      'keeps no decision of a run whose digests were others',
      asking,
      (run) => {
        const carried = structuredClone(run.carried!);
        delete carried.inquiries[0]!.settled!.what;
        return { ...run, carried };
      },
      { asked: ['ask pending'], runs: [] },
    ],
  ])('%s', (_, definition, change, wanted) => {
    const { votes, decisions, ...found } = retry(definition, change);
    expect(found).toEqual(wanted);
    const kept = wanted.asked.filter((each) => each.endsWith('approved'));
    expect([votes, decisions]).toEqual([kept.map(() => ['ann', 7 * 1024]), kept.length]);
  });

  it('keeps exactly the decisions whose question is the same, and that nothing led to which is asked again', () => {
    const tree = fc.array(fc.record({ parent: fc.nat(), asks: fc.boolean(), changed: fc.boolean() }), { maxLength: 9 });
    fc.assert(
      fc.property(tree, (nodes) => {
        // Each task follows from one before it; the first asks, and everything ends with one that fails.
        const tasks = [{ parent: -1, asks: true, changed: false }, ...nodes].map(({ parent, ...rest }, at) => {
          return { ...rest, name: `t${at}`, after: at === 0 ? -1 : parent % at };
        });
        const leads = (at: number) => tasks.flatMap(({ after, name }) => (after === at ? [name] : []));
        const definition: Definition = {
          start: ['t0'],
          tasks: [
            ...tasks.map(({ asks, name }, at) => {
              const next = { on_success: at === 0 ? [...leads(at), 'broken'] : leads(at) };
              return asks ? question(name, { prompt: `${name}?` }, next) : act(name, next);
            }),
            act('broken'),
          ],
        };
        const { asked } = retry(definition, (run) => {
          const carried = structuredClone(run.carried!);
          for (const { key, request } of carried.inquiries) {
            if (tasks.find(({ name }) => name === key)?.changed) request.prompt = 'Something else?';
          }
          return { ...run, carried };
        });
        const isAgain = (at: number): boolean => tasks[at]!.asks && tasks[at]!.changed;
        const isGone = (at: number): boolean => {
          const { after } = tasks[at]!;
          return after >= 0 && (isAgain(after) || isGone(after));
        };
        const wanted = tasks.flatMap(({ asks, name }, at) =>
          !asks || isGone(at) ? [] : [`${name} ${isAgain(at) ? 'pending' : 'approved'}`],
        );
        expect(asked.sort()).toEqual(wanted.sort());
      }),
      { numRuns: draws(60) },
    );
  });
});
