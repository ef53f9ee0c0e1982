import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command, RunEvent } from '../../interpreter/events.ts';
import { projectInquiries } from '../../interpreter/inquiries.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import type { RunState } from '../../interpreter/state.ts';
import { listWaits } from '../../interpreter/waits.ts';
import { workDone } from '../../interpreter/work.ts';
import type { Definition } from '../../model/definition.ts';
import { DECISION_SIGNAL, type Decision, type Inquiry } from '../../model/inquiry.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { draws } from '../seed.ts';
import { INQUIRY_SCRIPTS, question, type ScriptStep, wordOf } from './inquiry-scripts.ts';
import { give, runInput, STARTED } from './rehearse.ts';

/** A run in the interpreter alone: activities succeed at once, timers fire when the test says so. */
function play(definition: Definition, input: JsonObject = {}, starters: string[] = []) {
  const begun = begin({ ...runInput(definition), starters }, input, STARTED);
  const { state } = begun;
  const all: Command[] = [];
  const timers = new Map<string, number>();
  let now = STARTED;
  let next = 0;

  const perform = (commands: Command[]): void => {
    all.push(...commands);
    const answers: RunEvent[] = [];
    for (const command of commands) {
      if (command.type === 'activity') answers.push({ type: 'completed', key: command.key, output: null });
      else if (command.type === 'timer') timers.set(command.key, now + command.milliseconds);
      else if (command.type === 'cancel_timer') timers.delete(command.key);
      else if (command.type === 'cancel_work') timers.clear();
    }
    if (answers.length > 0 && state.outcome === null) perform(step(state, answers, now));
  };
  const take = (events: RunEvent[]) => perform(step(state, events, now));
  const decision = (given: Extract<ScriptStep, { decide: string }>): RunEvent => {
    const { decide: inquiry, ...rest } = given;
    next += 1;
    const shown = projectInquiries(state).find(({ key }) => key === inquiry)?.bound_to ?? null;
    const made: Decision = {
      id: `decision-${next}`,
      inquiry,
      option: 'approve',
      response: null,
      comment: null,
      by: 'somebody',
      names: [],
      groups: [],
      channel: 'api',
      at: new Date(now).toISOString(),
      ...rest,
      bound_to: rest.bound_to === 'what is shown' ? shown : (rest.bound_to ?? null),
    };
    return { type: 'signal', name: DECISION_SIGNAL, payload: made as unknown as Json };
  };
  perform(begun.commands);
  return {
    state,
    all,
    take,
    decision,
    expiry(): RunEvent[] {
      const due = Math.min(...timers.values());
      now = Math.max(now, due);
      const fired = [...timers].filter(([, at]) => at === due).map(([key]) => key);
      for (const key of fired) timers.delete(key);
      return fired.map((key) => ({ type: 'fired', key }));
    },
    act(given: ScriptStep): void {
      if ('decide' in given) take([decision(given)]);
      else take('cancel' in given ? [{ type: 'cancel' }] : this.expiry());
    },
    statuses: () => Object.fromEntries(projectInquiries(state).map(({ key, status }) => [key, status])),
    words: () => state.decisions.map(({ verdict }) => wordOf(verdict)),
  };
}

const closeOf = (all: Command[]) => all.find((command) => command.type === 'close');

describe('an inquiry', () => {
  it('adds the people of a ladder and takes nobody away; nothing that was shown changes', () => {
    const ladder = {
      approvers: ['ann', 'bob'],
      quorum: 2,
      timeout: 900,
      escalate: [
        { after: 200, approvers: ['boss'], reason: 'nobody has answered' },
        { after: 400, groups: ['ops'] },
      ],
    };
    const run = play({ tasks: [question('ask', ladder), give('who', '{{ ask.output.decided_by }}')] });
    const asked = () => projectInquiries(run.state)[0]!;
    const shown = asked().bound_to;
    const eve = { decide: 'ask', by: 'eve', groups: ['ops'] };
    run.act({ decide: 'ask', by: 'boss' });
    expect(asked()).toMatchObject({ escalated: [], request: { approvers: ['ann', 'bob'], groups: [] } });
    run.act({ expire: true });
    expect(asked()).toMatchObject({
      status: 'pending',
      bound_to: shown,
      escalated: [new Date(STARTED + 200_000).toISOString()],
      expires_at: new Date(STARTED + 900_000).toISOString(),
      request: { approvers: ['ann', 'bob', 'boss'], groups: [] },
    });
    expect(listWaits(run.state)).toMatchObject([{ kind: 'inquiry', until: STARTED + 900_000 }]);
    run.act({ decide: 'ask', by: 'boss', bound_to: shown });
    run.act(eve);
    run.act({ expire: true });
    expect(asked()).toMatchObject({ bound_to: shown, request: { approvers: ['ann', 'bob', 'boss'], groups: ['ops'] } });
    run.act({ ...eve, bound_to: shown });
    expect(run.words()).toEqual(['not_allowed', 'counted', 'not_allowed', 'decided']);
    expect(closeOf(run.all)?.output).toEqual(['boss', 'eve']);
    // One timer for each step, one after the other, and one for the expiry of the question.
    expect(run.all.flatMap((command) => (command.type === 'timer' ? [command.milliseconds] : []))).toEqual([
      200_000, 200_000, 500_000,
    ]);
  });

  it.each(INQUIRY_SCRIPTS)('$name', ({ definition, input, starters, script, expect: wanted }) => {
    const run = play(definition, input, starters);
    for (const each of script) run.act(each);
    const close = closeOf(run.all);
    expect([close?.outcome, run.statuses(), run.words()]).toEqual([wanted.outcome, wanted.inquiries, wanted.verdicts]);
    if (wanted.output !== undefined) expect(close?.output).toEqual(wanted.output);
    if (wanted.failure !== undefined) expect(close?.failure).toMatchObject(wanted.failure);
    if (wanted.done !== undefined) {
      const done = run.state.visits.filter(({ status }) => status === 'succeeded').map(({ key }) => key);
      expect(done.sort()).toEqual(wanted.done);
    }
  });

  it('costs the timer that bounds it, and nothing else', () => {
    const untimed = play({ tasks: [question('ask')] });
    untimed.act({ decide: 'ask' });
    expect(untimed.all.map(({ type }) => type)).toEqual(['close']);
    const timed = play({ tasks: [question('ask', { timeout: 60 })] });
    timed.act({ decide: 'ask' });
    expect(timed.all.map(({ type }) => type)).toEqual(['timer', 'close']);
  });

  it('that is decided in the very activation in which its time ends is decided, and its timer is not cancelled', () => {
    const run = play({ tasks: [question('ask', { timeout: 60 }), question('next')] });
    const decision = run.decision({ decide: 'ask', by: 'ann' });
    const before = run.all.length;
    run.take([...run.expiry(), decision]);
    expect([run.statuses(), run.words()]).toEqual([{ ask: 'approved', next: 'pending' }, ['decided']]);
    // A timer that has fired cannot be cancelled.
    expect(run.all.slice(before).map(({ type }) => type)).toEqual([]);
  });

  it('is bound to what it shows: the tasks that approval runs, with their inputs as they are known', () => {
    const run = play(
      {
        tasks: [
          question('ask', { prompt: 'Deploy {{ version }}?' }, { on_success: ['deploy', 'tell'], on_failure: 'noop' }),
          { name: 'deploy', action: 'test.act', input: { version: '{{ version }}', at: '{{ now() }}' } },
          { name: 'tell', action: 'test.act', input: { text: 'deploying {{ version }}' } },
        ],
      },
      { version: '1.2' },
    );
    const [shown] = projectInquiries(run.state);
    expect(shown?.plan).toEqual([
      { task: 'deploy', action: 'test.act', input: { version: '{{ version }}', at: '{{ now() }}' }, rendered: false },
      { task: 'tell', action: 'test.act', input: { text: 'deploying 1.2' }, rendered: true },
    ]);
    expect(shown?.bound_to).toMatch(/^[0-9a-f]{64}$/);
    const other = play({ tasks: [question('ask', { prompt: 'x' }), { name: 'a', action: 'core.noop' }] });
    expect(projectInquiries(other.state)[0]?.bound_to).not.toBe(shown?.bound_to);
  });

  it('is shown as it was when it was decided, whatever the run has done since', () => {
    const run = play({ tasks: [question('ask', {}, { on_success: 'again' }), question('again', {}, {})] });
    const before = projectInquiries(run.state)[0]!;
    run.act({ decide: 'ask' });
    const after = projectInquiries(run.state)[0]!;
    expect([after.bound_to, after.plan]).toEqual([before.bound_to, before.plan]);
  });
});

describe('work', () => {
  it('of a form that is checked counts as the work of the run', () => {
    const spent = (response: Json) => {
      const run = play({ tasks: [question('ask', { response_schema: { items: { type: 'integer' } } })] });
      const before = workDone(run.state);
      run.act({ decide: 'ask', response });
      expect(run.words()).toEqual(['decided']);
      return workDone(run.state) - before;
    };
    expect(spent(Array(2_000).fill(1)) - spent([])).toBeGreaterThanOrEqual(2_000);
  });
});

/** Signals in the order of history, with other events among them: where those stand must not matter. */
function inserted(signals: readonly RunEvent[], others: readonly RunEvent[], places: readonly number[]): RunEvent[] {
  const events = [...signals];
  for (const [index, event] of others.entries()) events.splice((places[index] ?? 0) % (events.length + 1), 0, event);
  return events;
}

/** The status that a question must have after its decisions, of which the first one of each person counts. */
function expectedStatus(inquiry: Inquiry, quorum: number, isDecided: boolean, undecided: string): string {
  const approving = inquiry.votes.filter(({ outcome }) => outcome === 'approve');
  if (approving.length >= quorum) return 'approved';
  const firstOptions = new Map([...inquiry.decisions].reverse().map(({ decision }) => [decision.by, decision.option]));
  const isDenied = isDecided && inquiry.status === 'denied' && [...firstOptions.values()].includes('deny');
  return isDenied ? 'denied' : undecided;
}

describe('races', () => {
  it('have one winner, and every loser is told why: people, expiry and cancel in one activation, hundreds of times', () => {
    const people = fc.array(
      fc.record({
        by: fc.constantFrom('ann', 'bob', 'cid', 'dan'),
        option: fc.constantFrom('approve', 'approve', 'deny'),
        id: fc.constantFrom(undefined, undefined, 'same'),
      }),
      { minLength: 1, maxLength: 5 },
    );
    const rest = fc.record({ expires: fc.boolean(), cancels: fc.boolean(), quorum: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(
        people,
        rest,
        fc.array(fc.nat(), { maxLength: 8 }),
        (votes, { expires, cancels, quorum }, shuffle) => {
          const definition: Definition = {
            tasks: [
              question('ask', { quorum, timeout: 60 }, { on_success: 'yes', on_failure: 'no' }),
              ...['yes', 'no'].map((name) => ({ name, action: 'core.noop' })),
            ],
          };
          const run = play(definition);
          const signals = votes.map((vote) =>
            run.decision({ decide: 'ask', ...vote, ...(vote.id === undefined ? {} : { id: vote.id }) } as never),
          );
          const others: RunEvent[] = [
            ...(expires ? run.expiry() : []),
            ...(cancels ? [{ type: 'cancel' as const }] : []),
          ];
          run.take(inserted(signals, others, shuffle));
          const words = run.words();
          const decided = words.filter((word) => word === 'decided');
          const [inquiry] = projectInquiries(run.state);
          expect(decided.length).toBeLessThanOrEqual(1);
          const undecided = expires ? 'expired' : cancels ? 'cancelled' : 'pending';
          expect(inquiry!.status).toBe(expectedStatus(inquiry!, quorum, decided.length === 1, undecided));
          for (const { decision, verdict } of inquiry!.decisions) {
            expect(decision.id).toBeDefined();
            if (verdict.result === 'refused') expect(verdict.message).not.toBe('');
          }
          // People who voted twice or came too late are refused; all others count.
          expect(words.filter((word) => word === 'decided' || word === 'counted')).toHaveLength(inquiry!.votes.length);
          expect(new Set(inquiry!.votes.map(({ by }) => by)).size).toBe(inquiry!.votes.length);
        },
      ),
      { numRuns: draws(200) },
    );
  });

  it.each<[string, Json]>([
    ['no object', 'approve'],
    ['nothing', null],
    ['an option that is none', { id: 'x', inquiry: 'ask', option: 7 }],
    [
      'names that are none',
      {
        id: 'x',
        inquiry: 'ask',
        option: 'approve',
        by: 'ann',
        names: 'ann',
        groups: [],
        channel: 'api',
        at: '2026-01-01T00:00:00Z',
      },
    ],
    [
      'a channel that is none',
      {
        id: 'x',
        inquiry: 'ask',
        option: 'approve',
        by: 'ann',
        names: [],
        groups: [],
        channel: 'pigeon',
        at: '2026-01-01T00:00:00Z',
      },
    ],
    [
      'no time',
      { id: 'x', inquiry: 'ask', option: 'approve', by: 'ann', names: [], groups: [], channel: 'api', at: 'soon' },
    ],
  ])('a signal with %s decides nothing', (_, payload) => {
    const run = play({ tasks: [question('ask')] });
    run.take([{ type: 'signal', name: DECISION_SIGNAL, payload }]);
    expect([run.statuses(), run.words()]).toEqual([{ ask: 'pending' }, []]);
  });
});

it('the state alone says what is waited for', () => {
  const { state }: { state: RunState } = play({ tasks: [question('ask', { prompt: 'Go?' })] });
  expect([...state.pending.values()].map(({ kind }) => kind)).toEqual(['inquiry']);
});
