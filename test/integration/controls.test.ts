import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from './api-harness.ts';
import { until } from './until.ts';
import { createWebServer, type WebServer } from './web-server.ts';

let harness: ApiHarness;
let web: WebServer;
beforeAll(async () => {
  [harness, web] = await Promise.all([createApiHarness('controls'), createWebServer()]);
  await harness.call('POST', '/api/v1/workflows', {
    ...{ ref: 'examples.three', pack_ref: 'examples', label: 'x', version: '1.0.0' },
    definition: {
      tasks: [
        { name: 'a', action: 'core.http', input: { url: `${web.url}/wait` } },
        { name: 'b', action: 'core.delay', input: { seconds: 3600 } },
        { name: 'c', action: 'core.transform', input: { data: '{{ b.output }} {{ b.status }}' } },
      ],
    },
  });
});
afterAll(async () => {
  web.open();
  await harness.close();
  await web.close();
});

const get = async (id: number) => (await harness.call('GET', `/api/v1/executions/${id}`)).body.data;
const post = (id: number, verb: string, body: object = {}) =>
  harness.call('POST', `/api/v1/executions/${id}/${verb}`, body);

it('a run is paused, shown so, resumed, and a task in it is relieved of its wait', async () => {
  const { id, workflow_id } = (await harness.call('POST', '/api/v1/executions', { workflow: 'examples.three' })).body
    .data;
  await until(
    () => get(id),
    ({ tasks }) => tasks[0]?.status === 'running',
  );
  const paused = await post(id, 'pause', { reason: 'maintenance' });
  expect([paused.status, paused.body.data.waiting_for[0]]).toMatchObject([
    202,
    { kind: 'pause', detail: 'paused by dev: maintenance' },
  ]);
  const again = await post(id, 'pause');
  expect([again.status, again.body.code]).toEqual([409, 'execution_paused']);
  // Each document has its own word for it.
  expect(paused.body.data.status).toBe('running');
  expect((await harness.call('GET', `/execution/${workflow_id}`)).body.status).toBe('running');
  await until(
    () => harness.call('GET', '/api/v1/executions?status=paused'),
    ({ body }) => body.data.some((row: { id: number }) => row.id === id),
  );
  web.open();
  await until(
    () => get(id),
    ({ tasks }) => tasks[0]?.status === 'completed',
  );
  expect((await get(id)).tasks).toHaveLength(1);
  expect((await post(id, 'resume')).status).toBe(202);
  const waiting = await until(
    () => get(id),
    ({ waiting_for: waits }) => waits[0]?.kind === 'timer',
  );
  expect(waiting.waiting_for[0].task).toBe('b');
  const wrong = await post(id, 'tasks/a/skip');
  expect([wrong.status, wrong.body.code]).toEqual([409, 'task_not_waiting']);
  const skipped = await post(id, 'tasks/b/skip', { output: 'enough' });
  expect(skipped.status).toBe(202);
  const ended = await until(
    () => get(id),
    ({ status }) => status === 'completed',
  );
  expect([ended.result, ended.projection]).toEqual(['enough skipped', 'complete']);
  expect(ended.tasks.map(({ key, skipped_by }: Record<string, string>) => [key, skipped_by])).toEqual([
    ['a', null],
    ['b', 'dev'],
    ['c', null],
  ]);
  for (const verb of ['pause', 'resume', 'tasks/b/skip']) {
    const closed = await post(id, verb);
    expect([verb, closed.status, closed.body.code]).toEqual([verb, 409, 'execution_closed']);
  }
});

it('a run without a worker is paused once it has one', async () => {
  const { id } = (
    await harness.call('POST', '/api/v1/executions', { action_ref: 'core.wait_signal', parameters: { name: 'go' } })
  ).body.data;
  await until(
    () => get(id),
    ({ waiting_for: waits }) => waits.length > 0,
  );
  await harness.stopWorker();
  const asked = await post(id, 'pause');
  expect([asked.status, asked.body.data.waiting_for.some(({ kind }: { kind: string }) => kind === 'pause')]).toEqual([
    202,
    false,
  ]);
  // The pause is on its way: a resume is not one of a run that is not paused.
  expect((await post(id, 'resume')).status).toBe(202);
  await harness.startWorker();
  const { waiting_for: waits } = await until(
    () => get(id),
    ({ statements }) => statements.accepted === 2,
  );
  expect(waits).not.toContainEqual(expect.objectContaining({ kind: 'pause' }));
  const not = await post(id, 'resume');
  expect([not.status, not.body.code]).toEqual([409, 'execution_not_paused']);
});
