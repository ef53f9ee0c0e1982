import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import { DEFLATED, type RunPayload, writeRunInput } from '../../../model/run-payload.ts';
import { showEvent } from '../../../service/projections/history-events.ts';
import { runInput } from '../../interpreter/rehearse.ts';
import { createHarness, type Harness } from '../support/harness.ts';

// Run inputs that are deflated, on a real server.

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness(inject('temporalAddress'));
});
afterAll(() => harness.close());

const steps = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ name: `step${at}`, action: 'core.transform', input: { data: at } }));

/** The second arguments in the history of a run, by the kind of their event. */
async function secondArguments(workflowId: string): Promise<[string, unknown][]> {
  return (await harness.history(workflowId)).flatMap((event): [string, unknown][] => {
    const started = event.workflowExecutionStartedEventAttributes?.input?.payloads?.[1];
    const child = event.startChildWorkflowExecutionInitiatedEventAttributes?.input?.payloads?.[1];
    return [
      ...(started ? [['run', started] as [string, unknown]] : []),
      ...(child ? [['child', child] as [string, unknown]] : []),
    ];
  });
}

it('a run and its sub-workflow are started with deflated inputs, and shown whole', async () => {
  const child: Definition = { tasks: steps(60), output: '{{ step59.output }}' };
  const definition: Definition = { tasks: [{ name: 'below', action: 'sub.large' }, ...steps(60)] };
  const id = await harness.start(definition, { workflows: { 'sub.large': child } });
  await harness.client.workflow.getHandle(id).result();
  const execution = await harness.execution(id);
  expect(execution).toMatchObject({ projection: 'complete', status: 'completed', run: { definition } });
  const below = execution.tasks.find(({ name }) => name === 'below')!;
  expect(below).toMatchObject({ status: 'completed', output: 59 });
  expect((await harness.execution(below.child!)).run).toMatchObject({ definition: child });
  const found = [...(await secondArguments(id)), ...(await secondArguments(below.child!))];
  expect(found.map(([kind]) => kind)).toEqual(['run', 'child', 'run']);
  for (const [, payload] of found) expect(Object.keys((payload as RunPayload).metadata)).toContain(DEFLATED);
  const [first] = await harness.history(id);
  expect(showEvent(first!, 1).attributes).toMatchObject({ input: [{}, { definition: { tasks: definition.tasks } }] });
});

it('a run whose input is damaged fails, and stops no worker', async () => {
  const { metadata, data } = writeRunInput(runInput({ tasks: steps(60) }, 1));
  const workflowId = 'damaged-run-input';
  const input = {
    payloads: [
      { metadata: { encoding: metadata.encoding! }, data: new TextEncoder().encode('{}') },
      { metadata: { ...metadata, [DEFLATED]: metadata[DEFLATED]!.subarray(0, 100) }, data },
    ],
  };
  await harness.client.workflowService.startWorkflowExecution({
    namespace: 'default',
    workflowId,
    requestId: workflowId,
    workflowType: { name: 'test.damaged' },
    taskQueue: { name: harness.taskQueue },
    input,
  });
  await expect(harness.client.workflow.getHandle(workflowId).result()).rejects.toMatchObject({
    cause: { type: 'input_invalid' },
  });
  expect(await harness.execution(workflowId)).toMatchObject({ projection: 'foreign', status: 'failed', run: null });
});
