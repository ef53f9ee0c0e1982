import { expect, it } from 'vitest';
import { GRACE_KEY, type RunEvent } from '../../interpreter/events.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import { act, runInput } from './rehearse.ts';

const start = (tasks: object[], events: RunEvent[] = []) =>
  begin(
    runInput({ tasks: tasks as ReturnType<typeof act>[], start: tasks.map((task) => (task as { name: string }).name) }),
    {},
    0,
    { events },
  );
const cancel: RunEvent = { type: 'cancel' };
const cancelled = (key: string): RunEvent => ({ type: 'failed', key, fault: { kind: 'cancelled' } });
const completed = (key: string, output = 1): RunEvent => ({ type: 'completed', key, output });

it('a cancel request cancels what runs, awaits it with a timer, and then closes the run', () => {
  const { state } = start([act('a'), act('b')]);
  expect(step(state, [cancel], 1)).toMatchObject([
    { type: 'cancel_work' },
    { type: 'timer', key: GRACE_KEY, milliseconds: 30_000 },
  ]);
  expect(step(state, [cancelled('a')], 2)).toEqual([]);
  expect(step(state, [cancelled('b')], 3)).toMatchObject([{ type: 'close', outcome: 'cancelled' }]);
  expect(state.visits.map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
});

it('what does not stop within the time is given up', () => {
  const { state } = start([act('a')]);
  step(state, [cancel], 1);
  expect(step(state, [{ type: 'fired', key: GRACE_KEY }], 2)).toMatchObject([{ type: 'close', outcome: 'cancelled' }]);
  expect(step(state, [completed('a')], 3)).toEqual([]);
});

it('what finished before the cancel request keeps its output, in whatever order both arrive', () => {
  for (const events of [
    [completed('a', 7), cancel],
    [cancel, completed('a', 7)],
  ]) {
    const { state } = start([act('a'), act('b')]);
    step(state, events, 1);
    expect(state.visits.map(({ status, output }) => [status, output])).toEqual([
      ['succeeded', 7],
      ['running', null],
    ]);
  }
});

it('a run whose last task finished with the cancel request has completed', () => {
  const { state } = start([act('a')]);
  expect(step(state, [cancel, completed('a')], 1)).toMatchObject([{ type: 'close', outcome: 'completed' }]);
});

it('what would have started in the same activation is withdrawn and never issued', () => {
  const { state, commands } = begin(runInput({ tasks: [act('a'), act('b')] }), {}, 0);
  expect(commands).toMatchObject([{ type: 'activity', key: 'a' }]);
  expect(step(state, [completed('a'), cancel], 1)).toMatchObject([{ type: 'close', outcome: 'cancelled' }]);
  expect(start([act('a')], [cancel]).commands).toMatchObject([{ type: 'close', outcome: 'cancelled' }]);
});

it('a second cancel request and late events change nothing', () => {
  const { state } = start([act('a')]);
  step(state, [cancel], 1);
  expect(step(state, [cancel, completed('unknown'), { type: 'fired', key: 'b' }], 2)).toEqual([]);
  expect(step(state, [completed('a')], 3)).toMatchObject([{ type: 'close', outcome: 'cancelled' }]);
  expect(step(state, [cancel, completed('a')], 4)).toEqual([]);
});

it('nothing is tried again or handled once the run is being cancelled', () => {
  const { state } = begin(runInput({ tasks: [act('a', { on_failure: 'b' }), act('b')] }), {}, 0);
  step(state, [cancel], 1);
  const failed: RunEvent = { type: 'failed', key: 'a', fault: { kind: 'timeout', timeout: 'heartbeat' } };
  expect(step(state, [failed], 2)).toMatchObject([{ type: 'close', outcome: 'cancelled' }]);
  expect(state.visits).toMatchObject([
    { key: 'a', status: 'failed', lost: true },
    { key: 'b', status: 'held' },
  ]);
});

it('joins that a stop has left part-filled are not missing, and the cleanup sees what has arrived there', () => {
  const tasks = [
    act('a', { publish: { x: 'arrived' }, on_success: 'j' }),
    act('b', { on_success: 'j' }),
    act('j', { join: 'all' }),
    { name: 'undo', action: 'core.transform', input: { data: '{{ x }}' } },
  ];
  const { state } = begin(runInput({ tasks, on_cancel: 'undo' }), {}, 0);
  step(state, [completed('a')], 1);
  step(state, [cancel], 2);
  expect(step(state, [cancelled('b')], 3)).toMatchObject([{ type: 'close', outcome: 'cancelled', also: [] }]);
  expect(state.visits.at(-1)).toMatchObject({ name: 'undo', output: 'arrived' });
});

it('a join of the cleanup that cannot be reached stands beside', () => {
  const tasks = [
    act('a'),
    act('undo', { on_success: ['left', 'right'] }),
    act('left', { on_success: 'j' }),
    act('right', { on_failure: 'j' }),
    act('j', { join: 'all' }),
  ];
  const { state } = begin(runInput({ tasks, on_cancel: 'undo' }), {}, 0);
  step(state, [cancel], 1);
  step(state, [cancelled('a')], 2);
  step(state, [completed('undo')], 3);
  const [close] = step(state, [completed('left'), completed('right')], 4);
  expect(close).toMatchObject({ type: 'close', outcome: 'cancelled', also: [{ type: 'unreachable_join', task: 'j' }] });
});

it('a task with items is cancelled when some have not begun, although those that had ended by themselves', () => {
  const { state } = begin(runInput({ tasks: [act('a', { with_items: [1, 2, 3], concurrency: 1 })] }), {}, 0);
  step(state, [completed('a[0]', 7)], 1);
  step(state, [cancel], 2);
  expect(step(state, [completed('a[1]', 8)], 3)).toMatchObject([{ type: 'close', outcome: 'cancelled' }]);
  expect(state.visits[0]).toMatchObject({ status: 'cancelled', output: [7, 8, null], failure: { type: 'cancelled' } });
  const finish = { with_items: [1, 2, 3], concurrency: 1, on_item_failure: 'finish' as const };
  const other = begin(runInput({ tasks: [act('a', finish)] }), {}, 0).state;
  step(
    other,
    [{ type: 'failed', key: 'a[0]', fault: { kind: 'application', type: 'E', message: '', details: [] } }],
    1,
  );
  step(other, [cancel], 2);
  step(other, [completed('a[1]')], 3);
  expect(other.visits[0]).toMatchObject({ status: 'cancelled', failure: { type: 'cancelled' } });
});

it('what is given up after the time are activities; a sub-workflow is awaited', () => {
  const child = { 'sub.one': { tasks: [act('inner')] } };
  const tasks = [act('a'), { name: 'b', action: 'sub.one' }];
  const { state } = begin(runInput({ tasks, start: ['a', 'b'] }, 1, child), {}, 0);
  step(state, [cancel], 1);
  expect(step(state, [{ type: 'fired', key: GRACE_KEY }], 2)).toEqual([]);
  expect(step(state, [cancelled('b')], 3)).toMatchObject([{ type: 'close', outcome: 'cancelled' }]);
});
