import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { expect, inject, it } from 'vitest';
import { renderAll } from '../interpreter/engine-workflow.ts';

const cases = JSON.parse(readFileSync('test/fixtures/jinja.json', 'utf8'));

it('templates give the same inside a workflow as outside, and on replay', async () => {
  const address = inject('temporalAddress');
  const taskQueue = `expressions-${process.pid}`;
  const quiet = () => undefined;
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../interpreter/engine-workflow.ts', import.meta.url)),
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, taskQueue, workflowBundle });
  const client = new Client({ connection: await Connection.connect({ address }) });
  const inside = await worker.runUntil(async () => {
    const handle = await client.workflow.start(renderAll, { workflowId: taskQueue, taskQueue, args: [cases] });
    const result = await handle.result();
    await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory());
    return result;
  });
  expect(inside).toEqual(JSON.parse(JSON.stringify(await renderAll(cases))));
  expect(inside.filter((result) => 'value' in result).length).toBeGreaterThan(450);
  await client.connection.close();
  await connection.close();
});
