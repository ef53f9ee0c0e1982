import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';

let connection: Connection;
let native: NativeConnection;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  native = await NativeConnection.connect({ address: inject('temporalAddress') });
});
afterAll(async () => {
  await native.close();
  await connection.close();
});

it('gives all events of an activation together, however deep their promises are, and those that come after it at once', async () => {
  const taskQueue = `inbox-${randomUUID()}`;
  const client = new Client({ connection });
  const handle = await client.workflow.start('gather', { taskQueue, workflowId: taskQueue });
  for (const name of ['slow', 'quick']) await handle.signal(name);
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('./inbox-workflows.ts', import.meta.url)),
  });
  const result = await worker.runUntil(handle.result());
  expect(result).toEqual([['quick', 'slow'], ['late']]);
});
