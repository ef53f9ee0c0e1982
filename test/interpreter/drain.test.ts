import { describe, expect, it } from 'vitest';
import { carry } from '../../interpreter/carry.ts';
import type { Command, RunEvent } from '../../interpreter/events.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import type { RunState } from '../../interpreter/state.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import type { Definition } from '../../model/definition.ts';
import { type Json, jsonSize } from '../../model/json.ts';
import type { RunInput } from '../../model/run-input.ts';
import { question } from './inquiry-scripts.ts';
import { act, runInput, STARTED } from './rehearse.ts';

// When a run continues as new, and the state that it passes on.

const done = (key: string, output: Json = null): RunEvent => ({ type: 'completed', key, output });
const fired = (key: string): RunEvent => ({ type: 'fired', key });

/** Begins a run that takes events with a length of history; returns the effect of each, in short. */
function play(run: RunInput, at = STARTED) {
  const { state, commands } = begin(run, {}, at);
  const told = (all: Command[]) =>
    all.map((command) => ('key' in command ? `${command.type} ${command.key}` : command.type));
  let last = commands;
  return {
    state,
    first: told(commands),
    take(length: number, suggested: boolean, ...events: RunEvent[]) {
      last = step(state, events, at + 1000, { length, suggested });
      return told(last);
    },
    /** The run as which it continues, by way of JSON. */
    next(later = 5000) {
      const onward = last.find((command) => command.type === 'continue');
      return play(JSON.parse(JSON.stringify(onward!.run)) as RunInput, at + later);
    },
    get carried(): CarriedState {
      return last.find((command) => command.type === 'continue')!.run.carried!;
    },
  };
}

const two: Definition = { start: ['a', 'b'], tasks: [act('a', { on_success: 'c' }), act('b'), act('c')] };

describe('a run whose history is long', () => {
  it('goes on in another run once nothing is with a worker, and begins nothing before', () => {
    const run = play(runInput(two));
    expect(run.take(4_100, true, done('a'))).toEqual(['timer ~drain']);
    expect(run.take(4_103, true, done('b'))).toEqual(['continue']);
    const next = run.next();
    expect(next.first).toEqual(['activity c']);
    expect(next.take(10, false, done('c', 7))).toEqual(['close']);
    expect(next.state.output).toEqual({ b: null, c: 7 });
  });

  it('goes on at once where nothing is with a worker, and ends where nothing is left', () => {
    const run = play(runInput({ tasks: [act('a'), act('b')] }));
    expect(run.take(4_100, true, done('a'))).toEqual(['continue']);
    const other = play(runInput({ tasks: [act('a')] }));
    expect(other.take(4_100, true, done('a'))).toEqual(['close']);
  });

  it('waits no longer than ten seconds, tries again later, and from 20,000 events on for as long as it takes', () => {
    const run = play(runInput(two));
    expect(run.take(4_100, true, done('a'))).toEqual(['timer ~drain']);
    expect(run.take(4_102, true, fired('~drain'))).toEqual(['activity c']);
    expect(run.take(5_000, true)).toEqual([]);
    expect(run.take(6_102, true)).toEqual(['timer ~drain']);
    expect(run.take(20_000, true)).toEqual(['cancel_timer ~drain']);
    expect(run.state.drain).toBe('hard');
    run.take(20_003, true, done('b'));
    expect(run.take(20_006, true, done('c'))).toEqual(['close']);
  });

  it('is stopped by a cancel request as any other', () => {
    const run = play(runInput({ ...two, on_cancel: 'undo', tasks: [...two.tasks, act('undo')] }));
    expect(run.take(4_100, true, done('a'))).toEqual(['timer ~drain']);
    expect(run.take(4_103, true, { type: 'cancel' })).toEqual(['cancel_timer ~drain', 'cancel_work', 'timer ~grace']);
    const gone: RunEvent = { type: 'failed', key: 'b', fault: { kind: 'cancelled' } };
    expect(run.take(4_105, true, gone)).toEqual(['cancel_timer ~grace', 'activity undo']);
    expect(run.take(4_108, true, done('undo'))).toEqual(['close']);
    expect(run.state.outcome).toBe('cancelled');
  });

  it('of an older interpreter goes on where it is', () => {
    const run = play({ ...runInput(two), interpreter: 4 });
    run.take(4_100, true, done('b'));
    expect(run.take(4_103, true, done('a'))).toEqual(['activity c']);
  });

  it('goes on where it is while its state is too large, and fails before Temporal would end it', () => {
    const list = ['a', 'b'].map((letter) => letter.repeat(800_000));
    const run = play(
      runInput({
        tasks: [
          act('a', { publish: { all: '{{ result() }}' } }),
          act('b', { publish: { more: '{{ result() }}' } }),
          act('c'),
          act('d'),
        ],
      }),
    );
    run.take(10, false, done('a', list[0]!));
    expect(run.take(4_100, true, done('b', list[1]!))).toEqual(['activity c']);
    expect(run.take(45_000, true, done('c'))).toEqual(['close']);
    expect(run.state.failure).toMatchObject({
      type: 'limit_exceeded',
      message: expect.stringContaining('45000 events'),
    });
  });
});

describe('what is handed on', () => {
  it('are the waits with what is left of their time, in order, and everything that came', () => {
    const run = play(
      runInput({
        timeout: 100,
        start: ['ask', 'wait', 'sleep', 'again', 'work'],
        tasks: [
          question('ask', { approvers: ['ann'], timeout: 60, escalate: [{ after: 40, approvers: ['boss'] }] }),
          { name: 'wait', action: 'core.wait_signal', input: { name: 'go' } },
          { name: 'sleep', action: 'core.delay', input: { seconds: 30 } },
          {
            name: 'again',
            action: 'core.fail',
            input: { message: 'no' },
            retry: { count: 1, delay: 20 },
            on_failure: 'noop',
          },
          act('work'),
        ],
      }),
    );
    const signal: RunEvent = { type: 'signal', name: 'early', payload: 1 };
    expect(run.take(4_100, true, signal, done('work'))).toEqual(['continue']);
    const next = run.next(10_000);
    expect(next.first.sort()).toEqual(['timer again~2', 'timer ask', 'timer sleep', 'timer ~timeout']);
    const due = (key: string) => next.state.pending.get(key)?.due;
    const before = (key: string) => run.state.pending.get(key)?.due;
    for (const key of ['ask', 'sleep', 'again~2', '~timeout']) expect(due(key)).toBe(before(key));
    expect([...next.state.signals.messages]).toEqual([['early', [1]]]);
    expect(next.state.inquiries.get('ask')).toEqual(run.state.inquiries.get('ask'));
    expect(next.take(9, false, { type: 'fired', key: 'ask' })).toEqual(['timer ask']);
    expect(next.state.inquiries.get('ask')).toMatchObject({ escalated: [expect.any(Number)], outcome: null });
    expect(next.take(9, false, { type: 'signal', name: 'go', payload: 2 })).toEqual([]);
    expect(next.state.visits[1]).toMatchObject({ key: 'wait', status: 'succeeded', output: 2 });
  });

  it('is a pause, with what was done to the run', () => {
    const run = play(runInput(two));
    const pause = { id: 'one', by: 'ann', what: 'pause', reason: 'lunch' };
    run.take(10, false, { type: 'signal', name: '__fermata_control', payload: pause }, done('b'));
    expect(run.take(4_100, true, done('a'))).toEqual(['continue']);
    const next = run.next();
    expect(next.first).toEqual([]);
    expect(next.state.paused).toEqual(run.state.paused);
    expect(next.state.controls).toEqual(run.state.controls);
    const resume = { id: 'two', by: 'ann', what: 'resume' };
    const signal: RunEvent = { type: 'signal', name: '__fermata_control', payload: resume };
    expect(next.take(9, false, signal)).toEqual(['activity c']);
  });

  it('is how many signals were too many', () => {
    const run = play(runInput({ tasks: [act('a'), act('b')] }));
    const signals = Array.from({ length: 1_002 }, (): RunEvent => ({ type: 'signal', name: 's', payload: 1 }));
    run.take(10, false, ...signals);
    expect(run.take(4_100, true, done('a'))).toEqual(['continue']);
    expect(run.next().state.signals).toMatchObject({ count: 1_000, dropped: 2 });
  });

  it('is what the names of tasks mean on the way of each branch', () => {
    const run = play(
      runInput({
        start: ['p', 'q'],
        tasks: [
          act('p', { on_success: 't' }),
          act('q', { on_success: 't' }),
          act('t', { on_success: 'wait' }),
          { name: 'wait', action: 'core.delay', input: { seconds: 60 }, on_success: 'r' },
          act('r', { input: { of: '{{ t.output }}' } }),
        ],
      }),
    );
    run.take(10, false, done('p'), done('q'));
    run.take(20, false, done('t', 'first'));
    expect(run.take(4_100, true, done('t#2', 'second'))).toEqual(['continue']);
    const next = run.next();
    next.take(10, false, fired('wait'), fired('wait#2'));
    expect(['r', 'r#2'].map((key) => next.state.visits.find((visit) => visit?.key === key)!.input)).toEqual([
      ...[{ of: 'first' }, { of: 'second' }],
    ]);
  });

  it('is what the result is made of, though a later visit has led on', () => {
    const run = play(
      runInput({
        start: ['p', 'q'],
        tasks: [
          act('p', { next: [{ publish: { on: false }, do: 't' }] }),
          act('q', { next: [{ publish: { on: true }, do: 't' }] }),
          act('t', { next: [{ when: 'on', do: 'u' }] }),
          act('u'),
        ],
      }),
    );
    run.take(10, false, done('p'), done('q'));
    run.take(20, false, done('t', 'a leaf'));
    expect(run.take(4_100, true, done('t#2', 'no leaf'))).toEqual(['continue']);
    const next = run.next();
    expect(next.take(10, false, done('u', 'the end'))).toEqual(['close']);
    expect(next.state.output).toEqual({ t: 'a leaf', u: 'the end' });
  });

  it('is that more items are about to start, so that they do once', () => {
    const wait = { action: 'core.wait_signal', input: { name: 's' }, with_items: [1, 2, 3], concurrency: 2 };
    const run = play(runInput({ tasks: [{ name: 'each', ...wait }, act('after')] }));
    const signal: RunEvent = { type: 'signal', name: 's', payload: 0 };
    const control = (id: string, what: string): RunEvent => ({
      type: 'signal',
      name: '__fermata_control',
      payload: { id, by: 'ann', what },
    });
    run.take(10, false, control('one', 'pause'));
    expect(run.take(4_100, true, signal)).toEqual(['continue']);
    const next = run.next();
    next.take(8, false, signal, signal);
    expect(next.take(12, false, control('two', 'resume'))).toEqual(['activity after']);
    expect(next.state.visitsOf.get('after')).toHaveLength(1);
  });

  it.each<[string, Definition, RunEvent[][], string | null, string[]]>([
    [
      'what failed, though the task was visited again',
      {
        start: ['a', 'b', 'wait'],
        tasks: [
          act('a'),
          act('b', { next: [{ when: 'loops | default(0) < 1', publish: { loops: 1 }, do: 'a' }] }),
          { name: 'wait', action: 'core.wait_signal', input: { name: 'go' } },
        ],
      },
      [
        [done('b')],
        [{ type: 'failed', key: 'a', fault: { kind: 'other', message: 'no' } }],
        [done('a#2')],
        [{ type: 'signal', name: 'go', payload: 1 }],
      ],
      ...([null, ['activity a']] as [null, string[]]),
    ],
    [
      'what ended last before the task that it goes back to',
      {
        start: ['a', 'b'],
        tasks: [
          act('a'),
          act('b', {
            input: { of: "{{ a.output | default('none') }}" },
            next: [{ when: 'loops | default(0) < 1', publish: { loops: 1 }, do: 'a' }],
          }),
          act('c'),
        ],
        output: { a: "{{ a.output | default('none') }}" },
      },
      [[done('a', 'early')], [done('b')], [done('a#2', 'late')]],
      ...(['b', ['activity b']] as [string, string[]]),
    ],
  ])('is what a retry needs: %s', (_, definition, waves, task, first) => {
    const straight = play(runInput(definition));
    const chained = play(runInput(definition));
    let last = chained;
    for (const [at, events] of waves.entries()) {
      straight.take(10, false, ...events);
      const told = last.take(4_100, at >= waves.length - 2, ...events);
      if (told[0] === 'continue') last = last.next(0);
    }
    const retried = [straight, last].map(({ state }) => {
      const carried = carry(state, task)!;
      return play(JSON.parse(JSON.stringify({ ...state.run, carried: carried.state })) as RunInput);
    });
    for (const { first: begun } of retried) expect(begun).toEqual(first);
    const inputs = retried.map(({ state }) => state.visits.find((visit) => visit?.status === 'running')!.input);
    expect(inputs[1]).toEqual(inputs[0]);
  });

  it('does not grow with the rounds of a loop', () => {
    const definition: Definition = {
      start: ['work'],
      variables: { round: 0 },
      tasks: [
        act('work', { on_success: 'check' }),
        act('check', {
          publish: { round: '{{ round + 1 }}', seen: '{{ work.output }}' },
          next: [{ when: 'round < 100000', do: 'work' }],
        }),
      ],
      output: { rounds: '{{ round }}', last: '{{ work.output }}' },
    };
    let run = play(runInput(definition));
    const sizes: number[] = [];
    for (let chain = 0; chain < 5; chain += 1) {
      for (let round = 0; round < 100; round += 1) {
        const visit = chain * 100 + round + 1;
        const key = (name: string) => (visit === 1 ? name : `${name}#${visit}`);
        run.take(10, false, done(key('work'), `${chain}`));
        run.take(4_100, round === 99, done(key('check')));
      }
      sizes.push(jsonSize(run.carried as unknown as Json));
      run = run.next();
    }
    expect(run.first).toEqual(['activity work#501']);
    expect(Math.max(...sizes.slice(1)) - Math.min(...sizes.slice(1))).toBeLessThan(100);
  });

  it('are the outputs of items only where they are read, or few', () => {
    const play20 = (definition: Definition): { state: RunState; carried: CarriedState } => {
      const run = play(runInput(definition));
      let told: string[] = [];
      for (let item = 0; item < 20; item += 1) {
        told = run.take(4_100, item === 19, done(`each[${item}]`, 'x'.repeat(5_000)));
      }
      expect(told).toEqual(['continue']);
      const { items } = run.carried.visits[0]!;
      expect(items).toMatchObject({
        first: 20,
        begun: 20,
        work: [],
        list: Array.from({ length: 10 }, (_, at) => 20 + at),
      });
      return { state: run.next().state, carried: run.carried };
    };
    const each = act('each', { with_items: '{{ range(30) | list }}', concurrency: 1 });
    const kept = [
      { tasks: [each] },
      { tasks: [each], output: '{{ each.output | length }}' },
      { tasks: [each, act('after', { input: { of: '{{ tasks | length }}' } })], output: 1 },
      { tasks: [{ ...each, publish: { count: '{{ result() | length }}' } }], output: 1 },
      { tasks: [each, act('after', { input: { of: '{{ task.each.output[0] }}' } })], output: 1 },
      { tasks: [{ ...each, on_failure: 'mend' }, act('mend', { input: { of: '{{ error.details }}' } })], output: 1 },
    ];
    for (const definition of kept) expect(play20(definition).carried.visits[0]!.items!.outputs).toHaveLength(20);
    const gone = play20({ tasks: [each, act('after')] });
    expect(gone.carried.visits[0]!.items).toMatchObject({ forgotten: true });
    expect(jsonSize(gone.carried as unknown as Json)).toBeLessThan(2_000);
    const few = play(runInput({ tasks: [each, act('after')] }));
    few.take(4_100, true, done('each[0]', 'short'));
    expect(few.carried.visits[0]!.items).toMatchObject({ outputs: ['short'] });
  });
});
