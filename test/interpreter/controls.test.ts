import { describe, expect, it } from 'vitest';
import type { Command, RunEvent } from '../../interpreter/events.ts';
import { projectInquiries } from '../../interpreter/inquiries.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import { openStatusOf } from '../../interpreter/waits.ts';
import { CONTROL_SIGNAL, skipMarker } from '../../model/control.ts';
import type { Definition } from '../../model/definition.ts';
import { DECISION_SIGNAL } from '../../model/inquiry.ts';
import type { Json } from '../../model/json.ts';
import { INTERPRETER_VERSION } from '../../model/run-input.ts';
import { createPast } from '../../projection/replay/past.ts';
import { findHeld, listAllPlaces, taskAt } from '../../projection/tasks/tasks.ts';
import { question } from './inquiry-scripts.ts';
import { act, give, runInput, STARTED } from './rehearse.ts';

let sent = 0;
const control = (what: string, rest: object = {}): RunEvent => {
  sent += 1;
  const payload = { id: `control-${sent}`, by: 'ann', what, ...rest } as Json;
  return { type: 'signal', name: CONTROL_SIGNAL, payload };
};
const done = (key: string): RunEvent => ({ type: 'completed', key, output: null });

/** Begins a run that takes events one activation after the other; returns the effect of each. */
function play(definition: Definition, interpreter = INTERPRETER_VERSION) {
  const { state, commands } = begin({ ...runInput(definition), interpreter }, {}, STARTED);
  const told = (all: Command[]) =>
    all.map((command) => ('key' in command ? `${command.type} ${command.key}` : command.type));
  return {
    state,
    first: told(commands),
    take: (...events: RunEvent[]) => told(step(state, events, STARTED + 1000)),
    refused: () => state.controls.map(({ refused }) => refused),
  };
}

describe('a pause', () => {
  it('has nothing new start, whatever ends meanwhile, and everything after it', () => {
    const run = play({ tasks: [act('a', { on_success: ['b', 'c'] }), act('b'), act('c')] });
    expect(run.first).toEqual(['activity a']);
    expect(run.take(control('pause'))).toEqual([]);
    expect(openStatusOf(run.state)).toBe('paused');
    expect(run.take(done('a'))).toEqual([]);
    expect(run.take(control('resume'))).toEqual(['activity b', 'activity c']);
    expect(run.take(done('b'), done('c'))).toEqual(['close']);
  });

  it('holds delays, further attempts and items back, too', () => {
    const run = play({
      start: ['late', 'each', 'again'],
      tasks: [
        act('late', { delay: 5 }),
        act('each', { with_items: [1, 2], concurrency: 1 }),
        {
          ...give('again', '{{ 1 }}'),
          action: 'core.fail',
          input: { message: 'x' },
          retry: { count: 1, delay: 5 },
          on_failure: 'noop',
        },
      ],
    });
    expect(run.first).toEqual(['timer late', 'activity each[0]', 'timer again~2']);
    const states = (closed: number | null = null) => {
      const held = findHeld(run.state, closed);
      const sources = { state: run.state, past: createPast(), tries: new Map(), described: new Map(), closed, held };
      return listAllPlaces(sources).map((place) => {
        const { key, state } = taskAt(sources, place);
        return `${key} ${state}`;
      });
    };
    expect(states()).toEqual(['late scheduled', 'each running', 'each[0] running', 'again running']);
    run.take(control('pause'));
    expect(states()).toEqual(['late paused', 'each running', 'each[0] running', 'again paused']);
    expect(run.take({ type: 'fired', key: 'late' }, { type: 'fired', key: 'again~2' }, done('each[0]'))).toEqual([]);
    expect(states()).toEqual(['late paused', 'each running', 'each[0] completed', 'again paused']);
    expect(states(STARTED)).not.toContain('late paused');
    expect(run.take(control('resume'))).toEqual(['activity late', 'activity each[1]']);
    expect(states().filter((text) => text.endsWith('paused'))).toEqual([]);
  });

  it('ends with a cancel request, and with a run that has nothing left', () => {
    const cancelled = play({ on_cancel: 'tidy', tasks: [act('a'), act('tidy')] });
    cancelled.take(control('pause'));
    expect(cancelled.take({ type: 'cancel' })).toEqual(['cancel_work', 'timer ~grace']);
    expect(cancelled.take({ type: 'failed', key: 'a', fault: { kind: 'cancelled' } })).toContain('activity tidy');
    const over = play({ tasks: [act('a')] });
    over.take(control('pause'));
    expect(over.take(done('a'))).toEqual(['close']);
  });

  it('is refused twice, and so is resuming what goes on; the same id is one', () => {
    const run = play({ tasks: [act('a')] });
    const pause = control('pause');
    run.take(pause, pause);
    run.take(control('pause'));
    run.take(control('resume'), control('resume'));
    expect(run.refused()).toEqual([null, 'already_paused', null, 'not_paused']);
  });

  it('leaves questions open: people decide while everything stands still', () => {
    const run = play({ tasks: [question('ask'), act('b')] });
    run.take(control('pause'));
    const decision = {
      id: 'd',
      inquiry: 'ask',
      option: 'approve',
      response: null,
      comment: null,
      by: 'ann',
      names: [],
      groups: [],
      channel: 'api',
      at: new Date(STARTED).toISOString(),
      bound_to: null,
    };
    expect(run.take({ type: 'signal', name: '__fermata_decision', payload: decision })).toEqual([]);
    expect(run.take(control('resume'))).toEqual(['activity b']);
  });
});

describe('a skip', () => {
  it.each<[string, object, string[]]>([
    [
      'a signal',
      { name: 'wait', action: 'core.wait_signal', input: { name: 'go', timeout: 60 } },
      ['cancel_timer wait'],
    ],
    ['time', { name: 'wait', action: 'core.delay', input: { seconds: 60 } }, ['cancel_timer wait']],
    ['its delay', act('wait', { delay: 60 }), ['cancel_timer wait']],
  ])('ends the wait for %s with an output', (_, task, timers) => {
    const run = play({
      start: ['wait', 'beside'],
      output: ['{{ wait.output }}', '{{ wait.status }}'],
      tasks: [task as never, act('beside')],
    });
    expect(run.take(control('skip', { key: 'wait', output: 7 }))).toEqual(timers);
    run.take(done('beside'));
    expect([run.state.output, run.refused()]).toEqual([[7, 'skipped'], [null]]);
  });

  const sayNo: RunEvent = {
    type: 'signal',
    name: DECISION_SIGNAL,
    payload: {
      id: 'no',
      inquiry: 'ask',
      option: 'deny',
      by: 'bob',
      names: [],
      groups: [],
      channel: 'api',
      at: new Date(STARTED).toISOString(),
    },
  };
  it.each<[string, object, RunEvent[], string]>([
    ['it is open', {}, [], 'ask'],
    ['it has a delay that is not over', { delay: 60 }, [], 'ask'],
    ['it was denied and will be asked again', { retry: { count: 1, delay: 60, when: 'true' } }, [sayNo], 'ask'],
    ['it is of an item', { with_items: [1], on_item_failure: 'finish' }, [], 'ask[0]'],
  ])(
    'withdraws a question while %s: it never leads to on_success, whatever output comes along',
    (_, rest, before, key) => {
      const run = play({
        tasks: [
          question('ask', {}, { ...rest, on_success: 'deploy', on_failure: 'told' }),
          act('deploy'),
          give('told', '{{ error }}'),
        ],
      });
      for (const event of before) run.take(event);
      const skipped = run.take(control('skip', { key, output: { outcome: 'approve' }, reason: 'wrong build' }));
      expect(skipped.filter((command) => !command.startsWith('cancel_timer'))).toEqual(['close']);
      const ask = run.state.visits[0]!;
      expect([ask.status, run.refused(), run.state.visits.map(({ name }) => name)]).toEqual([
        ...['failed', [null], ['ask', 'told']],
      ]);
      const failure = ask.items === null ? ask.failure : ask.items.work[0]!.failure;
      expect(failure).toMatchObject({
        type: 'withdrawn',
        message: 'withdrawn by ann: wrong build',
        details: { by: 'ann', reason: 'wrong build' },
      });
      expect(projectInquiries(run.state).every(({ status }) => status !== 'approved')).toBe(true);
    },
  );

  it('ends a question of interpreter 8 with the output that is given, as it did', () => {
    const run = play({ output: '{{ ask.output }}', tasks: [question('ask')] }, 8);
    run.take(control('skip', { key: 'ask', output: 7 }));
    expect([run.state.output, run.refused()]).toEqual([7, [null]]);
  });

  it('is refused for what a worker has in hand, what has ended, and what is not there', () => {
    const run = play({ tasks: [act('a', { on_success: 'b' }), act('b')] }, 9);
    run.take(control('skip', { key: 'a' }), control('skip', { key: 'nothing' }));
    run.take(done('a'));
    run.take(control('skip', { key: 'a' }));
    expect(run.refused()).toEqual(['not_waiting', 'not_waiting', 'not_waiting']);
  });

  const ended = (id: string): RunEvent => ({ type: 'completed', key: 'a', output: skipMarker(id) });
  const failed: RunEvent = {
    type: 'failed',
    key: 'a',
    fault: { kind: 'application', type: 'X', message: 'x', details: [] },
  };
  it.each<[string, RunEvent[], string, Json]>([
    ['its activity then fails', [failed], 'skipped', 7],
    ['a skip ends it', [ended('control-of-the-table')], 'skipped', 7],
    ['another skip ends it', [ended('x')], 'succeeded', { __fermata_skip: 'x' }],
    ['it succeeds all the same', [{ ...done('a'), output: 1 } as RunEvent], 'succeeded', 1],
    [
      'the run is cancelled instead',
      [{ type: 'cancel' }, { ...failed, fault: { kind: 'cancelled' } }],
      'cancelled',
      null,
    ],
  ])('of an activity leaves everything as it is until that has ended; when %s', (_, events, status, output) => {
    const run = play({ tasks: [act('a', { retry: { count: 1, delay: 5 }, on_failure: 'told' }), act('told')] });
    expect(
      run.take(
        control('skip', { key: 'a', output: 7, id: 'control-of-the-table' }),
        control('skip', { key: 'a', output: 8 }),
      ),
    ).toEqual([]);
    expect(run.refused()).toEqual([null, 'not_waiting']);
    for (const event of events) run.take(event);
    const [visit] = run.state.visits;
    expect([visit!.skipped === null ? visit!.status : 'skipped', visit!.output]).toEqual([status, output]);
    expect(run.state.visits).toHaveLength(1);
  });

  it.each<Json>([
    null,
    'pause',
    { what: 'pause' },
    { id: 'x', by: 'ann', what: 'explode' },
    { id: 'x', by: 'ann', what: 'skip' },
  ])('a control signal with %j does nothing', (payload) => {
    const run = play({ tasks: [act('a')] });
    run.take({ type: 'signal', name: CONTROL_SIGNAL, payload });
    expect([openStatusOf(run.state), run.refused()]).toEqual(['running', []]);
  });
});
