import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { type Execution, HELD_BACK, type Wait } from '../../../model/execution.ts';
import { integerId } from '../../../model/execution-id.ts';
import type { Principal } from '../../../model/principal.ts';
import { createExplanationService } from '../../../service/executions/explanations.ts';
import { maskExecution } from '../../../service/projections/masks.ts';

const RUN = {
  workflowId: 'wf_x',
  status: 'running',
  taskQueue: 'fermata',
  projection: 'complete',
  failure: null,
  authentic: true,
  pendingFailure: null,
  statements: null,
  waitingFor: [],
  inquiries: [],
  input: {},
  output: null,
  also: [],
  divergence: null,
  variables: {},
  signals: [],
  controls: [],
  tasks: [
    { key: 'a', input: {}, output: null, attempts: [], name: 'a', action: 'ops.call', item: null, failure: null },
  ],
  children: [],
  run: runOf({ task_queue: 'ops' }),
};

function runOf(action: object, interpreter = 10) {
  return { interpreter, definition: { tasks: [{ name: 'a', action: 'ops.call' }] }, actions: { 'ops.call': action } };
}

/** Explains a run; `carried` is the state that a retry of it reads. */
async function explain(execution: object, carried: unknown = null, { untold = [] }: { untold?: object[] } = {}) {
  const { execution: shown, mask } = maskExecution({ ...RUN, ...execution } as unknown as Execution);
  const service = createExplanationService({
    executions: {
      readUnmasked: async () => ({ n: 1_800_000_000_000_000, execution: shown, mask, projected: null }),
    },
    projections: {
      readCarried: async () => {
        if (carried instanceof Error) throw carried;
        return carried;
      },
    },
    temporal: { pollers: async (queue: string) => (queue === 'served' ? 1 : 0) },
    deliveries: { untold: async () => untold },
  } as never);
  return service.explain({} as Principal, '1');
}

const waiting = (wait: Partial<Wait>) => ({
  waitingFor: [{ kind: 'action', task: 'a', since: null, until: null, detail: null, ...wait }],
});
const served = { run: runOf({ task_queue: 'served' }) };
const own = { run: runOf({}) };
const paused = { status: 'paused' };
const older = { run: runOf({}, 9) };

it.each<[object, string, string | null, string | undefined]>([
  [
    {},
    'No worker has started it (no_worker): no worker polls the task queue "fermata". Start a worker with `npm run start:worker`.',
    null,
    'no_worker',
  ],
  [
    { ...waiting({ kind: 'worker' }), ...own },
    'No worker has started "a" yet (no_worker): no worker polls the task queue "fermata". Start a worker with `npm run start:worker`.',
    null,
    'no_worker',
  ],
  [
    waiting({ kind: 'worker' }),
    'No worker has started "a" yet (no_worker): no worker polls the task queue "ops".',
    null,
    'no_worker',
  ],
  [
    { ...waiting({ kind: 'worker' }), ...served },
    'No worker has started "a" yet: the workers of the task queue "served" are busy.',
    null,
    undefined,
  ],
  [
    waiting({ kind: 'pause', detail: 'paused in Temporal' }),
    '"a" is paused in Temporal: resume it with "temporal activity unpause --workflow-id wf_x --activity-id a".',
    null,
    undefined,
  ],
  [
    waiting({ kind: 'pause', detail: HELD_BACK }),
    'The next attempt of "a" is held back while the run is paused. Resume the run to let it start.',
    'resume',
    undefined,
  ],
  [
    waiting({ kind: 'retry', task: 'a~2', until: '2026-01-01T00:00:00.000Z', detail: '503' }),
    '"a~2" will be retried at 2026-01-01T00:00:00.000Z, after: 503. Skip it to end the wait.',
    'skip a',
    undefined,
  ],
  [
    { ...waiting({ kind: 'retry', until: '2026-01-01T00:00:00.000Z', detail: '503' }), ...paused },
    '"a" will be retried once the run is resumed, at 2026-01-01T00:00:00.000Z at the earliest, after: 503. Skip it to end the wait.',
    'skip a',
    undefined,
  ],
  [
    { ...waiting({ kind: 'timer', until: '2026-01-01T00:00:00.000Z' }), ...paused },
    '"a" waits until 2026-01-01T00:00:00.000Z, but nothing follows before the run is resumed. Skip it to end the wait.',
    'skip a',
    undefined,
  ],
  [
    waiting({ kind: 'timer', until: '2026-01-01T00:00:00.000Z' }),
    '"a" waits until 2026-01-01T00:00:00.000Z and then continues by itself. Skip it to end the wait.',
    'skip a',
    undefined,
  ],
  [
    { ...waiting({ kind: 'turn', task: null, detail: 'others' }), ...paused },
    'It waits for its turn: others. It starts once it is resumed and one of them has ended.',
    null,
    undefined,
  ],
  [
    waiting({ kind: 'turn', task: null, detail: 'others' }),
    'It waits for its turn: others. It starts by itself once one of them has ended.',
    null,
    undefined,
  ],
  [{ ...waiting({ kind: 'retry' }), ...older }, '"a" will be retried. No action is needed.', null, undefined],
  [
    { ...waiting({ kind: 'action' }), pendingFailure: { type: 'x', message: 'no', task: 'b' } },
    'It has failed and will close as failed once everything it waits for has ended: "b" failed with x (no). Cancel it to end the wait.',
    'cancel',
    'failed',
  ],
])('of a run that stands as %j it says %s', async (execution, text, act, code) => {
  const { advice, canFinish } = await explain(execution);
  expect(advice[0]).toMatchObject({ text, ...(code === undefined ? {} : { code }) });
  const { act: found } = advice[0]!;
  expect(found === null ? null : [found.what, ...('task' in found ? [found.task] : [])].join(' ')).toBe(act);
  expect(canFinish).toBe(code !== 'failed');
});

const failed: Partial<Execution> = {
  status: 'failed',
  failure: { type: 'failed_by_workflow', message: 'the workflow failed after "undo"', task: 'undo' },
};
const tasks = (...all: [string, boolean][]) =>
  all.map(([name, fails]) => ({ key: name, name, item: null, failure: fails ? { type: 'x', message: 'no' } : null }));

it.each<[string, object, unknown, string | null]>([
  ['what is left to do', failed, { carried: {} }, null],
  [
    'the task that failed last, each failure being handled',
    { ...failed, tasks: tasks(['deploy', true], ['undo', false]) },
    { carried: null },
    'deploy',
  ],
  [
    'the task after which it failed, none having failed',
    { ...failed, tasks: tasks(['check', false], ['undo', false]) },
    { carried: null },
    'undo',
  ],
  [
    'the start, no task having begun',
    { ...failed, failure: { type: 'template_error', message: 'no' }, tasks: [] },
    { carried: null },
    'start',
  ],
  ['the start, its history being gone', failed, null, 'start'],
  ['the start, its history being too much work', failed, new AppError('work_exceeded', 'too long'), 'start'],
  ['the start, nobody knowing who has started it', { ...failed, authentic: false }, { carried: {} }, 'start'],
])('an ended run is tried again from %s', async (_, execution, carried, from) => {
  const { advice } = await explain(execution, carried);
  expect(advice.map(({ act }) => act)).toEqual([{ what: 'retry', execution: integerId(1_800_000_000_000_000), from }]);
});

const SECRET = 'hunter2-very-secret';
const refusal = { type: 'E_LOGIN', message: `login with ${SECRET} refused`, task: 'a' };

it.each<[string, object, object[], string]>([
  [
    'a failure that ends the run later',
    { ...waiting({}), pendingFailure: refusal },
    [],
    '"a" failed with E_LOGIN (login with *** refused)',
  ],
  [
    'the failure of the last attempt',
    waiting({ kind: 'retry', detail: refusal.message }),
    [],
    'after: login with *** refused',
  ],
  [
    'the reason of a pause',
    waiting({ kind: 'pause', task: null, detail: `paused by ann: ${SECRET}` }),
    [],
    'ann: ***. Resume',
  ],
  ['the name of a signal', waiting({ kind: 'signal', detail: SECRET }), [], 'waits for the signal "***"'],
  ['the failure that a run has ended with', { status: 'failed', failure: refusal }, [], '(login with *** refused)'],
  [
    'why nobody was told of a question',
    { ...waiting({}) },
    [{ inquiry: { task: 'a' }, reasons: [`no room "${SECRET}"`] }],
    'no room "***"',
  ],
])('advice on %s holds no value of a write-only parameter', async (_, execution, untold, text) => {
  const hides = { input: { password: SECRET }, run: { ...RUN.run, write_only: [['password']] } };
  const explanation = await explain({ ...hides, ...execution }, null, { untold });
  expect(JSON.stringify(explanation.advice)).toContain(JSON.stringify(text).slice(1, -1));
  const { run: _run, ...shown } = explanation.execution;
  expect(JSON.stringify([explanation.advice, shown])).not.toContain(SECRET);
});

it.each<[string, object, string]>([
  ['failed', refusal, '"a" failed with E_LOGIN (login with hunter2-very-secret refused)'],
  [
    'terminated',
    { type: 'terminated', message: 'enough; "a" had failed: no', cause: refusal },
    'enough; "a" had failed: no',
  ],
])('a run that has %s tells why, and calls no task the cause that was not', async (status, failure, why) => {
  const { advice } = await explain({ status, failure, authentic: false });
  expect(advice[0]!.text).toMatch(`It has ended as ${status}: ${why}. A retry with`);
});

it('a run as it was hides what the run hides now', async () => {
  let hidden = ['sesame'];
  const readUnmasked = async () => ({ n: 1, execution: RUN, hidden });
  const read = [{ path: 'word', value: { bytes: 8, text: '"open', truncated: true } }];
  const transitions = [{ from: 'a', error: 'cannot open sesame', read }];
  const readAt = async () => ({ execution: { ...RUN, output: 'open sesame' }, joins: [], transitions });
  const service = createExplanationService({ executions: { readUnmasked }, projections: { readAt } } as never);
  const then = await service.at({} as Principal, '1', { event: 1, traced: true });
  expect([then.execution.output, then.transitions[0]!.error]).toEqual(['open ***', 'cannot open ***']);
  // A value that was cut cannot be searched for what is hidden.
  expect(then.transitions[0]).not.toHaveProperty('read');
  hidden = [];
  expect((await service.at({} as Principal, '1', { event: 1, traced: true })).transitions).toEqual(transitions);
});

it('a task that is held back is known by its detail, whatever is masked', async () => {
  const hides = { input: { word: 'paused' }, run: { ...RUN.run, write_only: [['word']] } };
  const { execution } = await explain({ ...hides, ...waiting({ kind: 'pause', detail: HELD_BACK }) });
  expect(execution.waitingFor[0]!.detail).toBe(HELD_BACK);
});
