import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, defaultPayloadConverter } from '@temporalio/client';
import proto from '@temporalio/proto';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createEgress } from '../../../egress/egress.ts';
import type { Definition } from '../../../model/definition.ts';
import { workflowIdOf } from '../../../model/execution-id.ts';
import { OWN_TASK_QUEUE } from '../../../model/run-input.ts';
import { createWorker } from '../../../worker/worker.ts';
import { give, runInput } from '../../interpreter/rehearse.ts';
import { nextNumber } from '../../run-numbers.ts';
import { runFermata } from '../support/fermata.ts';
import { preparedBundle } from '../support/prepared.ts';
import { until } from '../support/until.ts';

// Open runs of a server without a worker: which of them this build could go on with.

const namespace = 'replay';
let connection: Connection;
let client: Client;
let folder: string;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  client = new Client({ connection, namespace });
  folder = await mkdtemp(join(tmpdir(), 'fermata-replay-'));
});
afterAll(async () => {
  await connection.close();
  await rm(folder, { recursive: true, force: true });
});

const replay = (env: Record<string, string> = {}) =>
  runFermata(folder, ['replay', '--open'], {
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: namespace,
    ...env,
  });

const waiting: Definition = {
  tasks: [
    give('a', 1),
    { name: 'wait', action: 'core.wait_signal', input: { name: 'go' } },
    give('b', '{{ wait.output }}'),
  ],
};

async function start(definition: Definition, rest: object = {}): Promise<string> {
  const n = nextNumber();
  const args = [{}, { ...runInput(definition, n), ...rest }];
  await client.workflow.start('test.rehearsal', { workflowId: workflowIdOf(n), taskQueue: OWN_TASK_QUEUE, args });
  return workflowIdOf(n);
}

/** Answers the next workflow task as a build would that schedules something else. */
async function answerAsAnotherBuild(): Promise<void> {
  const service = client.workflowService;
  const taskQueue = { name: OWN_TASK_QUEUE };
  const { taskToken } = await connection.withDeadline(Date.now() + 20_000, () =>
    service.pollWorkflowTaskQueue({ namespace, taskQueue }),
  );
  const timer = { timerId: '1', startToFireTimeout: { seconds: 3600 as never } };
  const summary = defaultPayloadConverter.toPayload('other');
  const command = {
    commandType: proto.temporal.api.enums.v1.CommandType.COMMAND_TYPE_START_TIMER,
    startTimerCommandAttributes: timer,
    userMetadata: { summary },
  };
  await service.respondWorkflowTaskCompleted({ namespace, taskToken, commands: [command] });
}

it('tells which open runs this build could go on with, and why not with the others', async () => {
  expect(await replay().then(({ code, json }) => [code, json()])).toEqual([0, []]);
  const native = await NativeConnection.connect({ address: inject('temporalAddress') });
  const bundle = await preparedBundle();
  const actions = {
    egress: createEgress({ allowed: ['loopback'] }),
    connect: async () => null,
    secretOf: async () => null,
    isAuthentic: async () => true,
  };
  const worker = await createWorker({ connection: native, namespace, bundle, actions });
  const running = worker.run();
  const waits = await start(waiting);
  await until(
    () => client.workflow.getHandle(waits).fetchHistory(),
    ({ events }) => (events ?? []).some((event) => event.workflowTaskCompletedEventAttributes),
  );
  worker.shutdown();
  await running;
  await native.close();
  const other = await start(waiting);
  await answerAsAnotherBuild();
  const future = await start(waiting, { interpreter: 999 });
  const broken = await start({ tasks: [give('a', 1), give('a', 2)] });
  const fresh = await start(waiting);
  // The signal that it waits for has come, and no worker has taken it yet.
  await client.workflow.getHandle(waits).signal('go', 1);
  const told = await until(
    async () => replay(),
    // It says nothing but an error while the server has no time for it.
    ({ out, json }) => out !== '' && json().length === 5,
  );
  const runs = new Map<string, { safe: boolean; trouble: string | null }>(
    told.json().map((run: { workflow_id: string; safe: boolean }) => [run.workflow_id, run]),
  );
  expect([told.code, told.err]).toEqual([1, 'fermata: 3 of 5 open runs could not be continued\n']);
  expect([waits, fresh].map((id) => [runs.get(id)!.safe, runs.get(id)!.trouble])).toEqual([
    [true, null],
    [true, null],
  ]);
  expect(runs.get(other)).toMatchObject({ safe: false, trouble: 'history event 5 has no command: timer' });
  expect(runs.get(future)).toMatchObject({ safe: false, trouble: expect.stringContaining('the run needs 999') });
  expect(runs.get(broken)).toMatchObject({ safe: false, trouble: expect.stringContaining('the interpreter fails') });
  for (const id of runs.keys()) await client.workflow.getHandle(id).terminate();
});

it('says that no server is known', async () => {
  const nowhere = await replay({ TEMPORAL_ADDRESS: '' });
  expect([nowhere.code, nowhere.err]).toEqual([3, expect.stringContaining('no Temporal server configured')]);
});
