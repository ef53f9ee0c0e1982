import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { INTERPRETER_VERSION } from '../../../model/run-input.ts';
import { withoutDeflation } from '../../../model/run-payload.ts';
import { fail } from '../../interpreter/rehearse.ts';
import { createReader } from '../index/projection-reader.ts';
import { createHarness, type Harness } from '../support/harness.ts';
import { until } from '../support/until.ts';
import { CLOSINGS } from './closings.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness(inject('temporalAddress'));
});
afterAll(() => harness.close());

// Most of them wait.
it.concurrent.each(CLOSINGS)(
  'a run is shown as it is: $name',
  async ({ definition, options, act, status, tasks, output }) => {
    const id = await harness.start(definition, options);
    await act(harness, id);
    const execution = await harness.execution(id);
    expect(execution.projection).toBe('complete');
    expect(execution.status).toBe(status);
    expect(Object.fromEntries(execution.tasks.map((task) => [task.key, task.status]))).toEqual(tasks);
    if (output !== undefined) expect(execution.output).toEqual(output);
    if (execution.closed === null) await harness.client.workflow.getHandle(id).terminate();
    else expect(execution.waitingFor).toEqual([]);
  },
);

it('shows the attempts of a task that is tried again, and when the next one is due', async () => {
  const definition = { tasks: [{ name: 'a', action: 'test.act', retry: { count: 3, delay: 3600 } }] };
  const id = await harness.start(definition, { outcomes: { a: fail('E_A', 'not yet') } });
  const execution = await until(
    () => harness.execution(id),
    ({ waitingFor: [first] }) => first?.kind === 'retry',
  );
  expect(execution.waitingFor[0]).toMatchObject({ task: 'a', detail: 'not yet' });
  expect(Date.parse(execution.waitingFor[0]!.until!)).toBeGreaterThan(Date.now() + 3_000_000);
  expect(execution.tasks[0]).toMatchObject({ status: 'scheduled', failure: null });
  expect(execution.tasks[0]?.attempts[0]).toMatchObject({ attempt: 1, error: { type: 'E_A', message: 'not yet' } });
  await harness.client.workflow.getHandle(id).terminate();
});

it('shows both tries of a task that was issued again, as separate activities', async () => {
  const definition = { tasks: [{ name: 'a', action: 'test.safe' }] };
  const id = await harness.start(definition, { outcomes: { a: [fail('WorkerShutdown'), { output: 1 }] } });
  await harness.client.workflow.getHandle(id).result();
  const ids = (await harness.history(id)).flatMap(
    (event) => event.activityTaskScheduledEventAttributes?.activityId ?? [],
  );
  expect(ids).toEqual(['a', 'a~2']);
  const execution = await harness.execution(id);
  expect(execution.tasks[0]?.attempts.map(({ error }) => error?.type ?? null)).toEqual(['abandoned', null]);
});

it('shows a run that another interpreter version decides by its ids alone', async () => {
  const { projectExecution } = await import('../../../projection/project.ts');
  const id = await harness.start({ tasks: [{ name: 'a', action: 'core.noop' }] });
  await harness.client.workflow.getHandle(id).result();
  const history = await harness.history(id);
  const payload = history[0]!.workflowExecutionStartedEventAttributes!.input!.payloads![1]!;
  const text = Buffer.from(payload.data!)
    .toString()
    .replace(`"interpreter":${INTERPRETER_VERSION}`, '"interpreter":99');
  payload.data = Buffer.from(text);
  expect(projectExecution(id, history)).toMatchObject({ projection: 'partial', tasks: [], status: 'completed' });
});

it('says so when history and interpreter do not agree, and shows no tasks then', async () => {
  const { projectExecution } = await import('../../../projection/project.ts');
  const id = await harness.start({
    tasks: [
      { name: 'a', action: 'test.act' },
      { name: 'b', action: 'test.act' },
    ],
  });
  await harness.client.workflow.getHandle(id).result();
  const history = await harness.history(id);
  for (const change of [
    (event: (typeof history)[number]) => {
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (scheduled?.activityId === 'b') scheduled.activityId = 'c';
    },
    (event: (typeof history)[number]) => {
      const completed = event.workflowExecutionCompletedEventAttributes;
      if (completed)
        completed.result = {
          payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('1') }],
        };
    },
  ]) {
    const altered = await harness.history(id);
    for (const event of altered) change(event);
    expect(projectExecution(id, altered)).toMatchObject({ projection: 'diverged', tasks: [] });
  }
  expect(projectExecution(id, history)).toMatchObject({ projection: 'complete' });
  const payloads = history[0]!.workflowExecutionStartedEventAttributes!.input!.payloads!;
  const payload = withoutDeflation(payloads[1]!);
  payloads[1] = payload;
  payload.data = Buffer.from(Buffer.from(payload.data!).toString().replace('"name":"b"', '"name":"a"'));
  const broken = projectExecution(id, history);
  expect(broken).toMatchObject({ projection: 'diverged', tasks: [], status: 'completed' });
  expect(broken.divergence).toContain('another task is named "a"');
});

it('a run that this worker is too old for stays open, and says that the engine is in trouble', async () => {
  const id = await harness.start({ tasks: [{ name: 'a', action: 'core.noop' }] }, { interpreter: 99 });
  const execution = await until(
    () => harness.execution(id),
    ({ waitingFor }) => waitingFor.length > 0,
  );
  expect(execution).toMatchObject({ status: 'requested', projection: 'partial' });
  expect(execution.waitingFor[0]?.kind).toBe('engine_fault');
  await harness.client.workflow.getHandle(id).terminate();
});

it.each([
  ['little', ''],
  // Projected in a thread, which keeps what it has read.
  ['much', 'x'.repeat(200_000)],
])('a run that ends while its workflow task fails again and again is shown as ended: %s', async (_, data) => {
  const tasks = [{ name: 'a', action: 'core.transform', input: { data } }];
  const id = await harness.start({ tasks }, { interpreter: 99 });
  const reader = createReader(harness.temporal);
  const waits = async () => (await reader.read(id))?.execution.waitingFor ?? [];
  await until(waits, ([wait]) => wait?.detail?.includes('tried') === true);
  await harness.client.workflow.getHandle(id).terminate();
  expect((await reader.read(id))?.execution).toMatchObject({ status: 'terminated', waitingFor: [] });
});

it('a run that was not started by Fermata fails with words, instead of hanging', async () => {
  const handle = await harness.client.workflow.start('some.ref', {
    workflowId: `foreign-${harness.taskQueue}`,
    taskQueue: harness.taskQueue,
    args: [{ url: 'x' }],
  });
  await expect(handle.result()).rejects.toMatchObject({
    cause: {
      type: 'input_invalid',
      message: '"some.ref" was not started by Fermata: the second argument is no run input',
    },
  });
  const execution = await harness.execution(handle.workflowId);
  expect(execution).toMatchObject({ projection: 'foreign', status: 'failed', tasks: [] });
});
