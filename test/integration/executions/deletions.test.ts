import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

let harness: ApiHarness;
const EXECUTIONS = '/api/v1/executions';
const WORKFLOWS = '/api/v1/workflows';
beforeAll(async () => {
  harness = await createApiHarness('deletions');
});
afterAll(() => harness.close());

const waiting = { tasks: [{ name: 'a', action: 'core.wait_signal', input: { name: 'go' } }] };
async function store(name: string, definition: object): Promise<void> {
  const body = { ref: `examples.${name}`, pack_ref: 'examples', label: name, version: '1.0.0', definition };
  expect((await harness.call('POST', WORKFLOWS, body)).status).toBe(201);
}
async function start(name: string, headers: Record<string, string> = {}, wait = 0) {
  const body = { action_ref: `examples.${name}`, wait };
  const answer = await harness.call('POST', EXECUTIONS, body, headers);
  expect([answer.status, answer.body.error]).toEqual([201, undefined]);
  return answer.body.data;
}
const statusOf = async (id: number) => (await harness.call('GET', `${EXECUTIONS}/${id}`)).status;
const idsOf = async (query: string) =>
  (await harness.call('GET', `${EXECUTIONS}?${query}`)).body.data.map(({ id }: { id: number }) => id) as number[];

describe('a run that Temporal no longer has', () => {
  it('has ended, also in lists; what it asked is withdrawn, and it can be deleted', async () => {
    await store('asking', { tasks: [{ name: 'ask', action: 'core.inquiry', input: { prompt: 'Go?' } }] });
    const { id, workflow_id: workflowId } = await start('asking');
    const inbox = async (status: string) =>
      (await harness.call('GET', `/api/v1/inquiries?execution=${id}&status=${status}`)).body.data;
    const [asked] = await until(
      () => inbox('pending'),
      (rows) => rows.length > 0,
    );
    await new Client({
      connection: harness.connection,
      namespace: 'deletions',
    }).workflowService.deleteWorkflowExecution({
      namespace: 'deletions',
      workflowExecution: { workflowId },
    });
    const gone = await until(
      () => harness.call('GET', `${EXECUTIONS}/${id}`),
      ({ body }) => body.data.expired,
    );
    expect(gone.body.data).toMatchObject({ status: 'cancelled', waiting_for: [], projection: 'partial' });
    // Temporal terminates an open run before it deletes it, which the index may have read.
    expect(['Temporal no longer has this run', 'Delete workflow execution']).toContain(gone.body.data.result.error);
    expect(await idsOf('status=terminated&action_ref=examples.asking')).toEqual([id]);
    expect(await idsOf('status=running&action_ref=examples.asking')).toEqual([]);
    await until(
      () => inbox('cancelled'),
      (rows) => rows.length > 0,
    );
    expect(await inbox('pending')).toEqual([]);
    const late = await harness.call('POST', `/api/v1/inquiries/${asked.id}/respond`, { option: 'approve' });
    expect([late.status, late.body.code]).toEqual([410, 'inquiry_withdrawn']);
    for (const verb of ['cancel', 'terminate']) {
      const refused = await harness.call('POST', `${EXECUTIONS}/${id}/${verb}`, {});
      expect([verb, refused.status, refused.body.code]).toEqual([verb, 409, 'execution_closed']);
    }
    expect((await harness.call('DELETE', `${EXECUTIONS}/${id}`)).status).toBe(200);
    expect(await statusOf(id)).toBe(404);
  });
});

describe('DELETE /executions/{id}', () => {
  it('deletes a closed run and what it has started, and no writer brings it back', async () => {
    await store('inner', { tasks: [{ name: 'b', action: 'core.noop' }] });
    await store('outer', { tasks: [{ name: 'a', action: 'examples.inner', with_items: [1, 2] }] });
    const run = await start('outer', {}, 60);
    const children = run.tasks.flatMap(({ child }: { child: number | null }) => child ?? []);
    expect(children).toHaveLength(2);
    await until(
      () => idsOf(`parent=${run.id}`),
      // The task execution, and what it has started.
      (ids) => ids.length === 3,
    );
    const answer = await harness.call('DELETE', `${EXECUTIONS}/${run.id}`);
    expect([answer.status, answer.body.success]).toEqual([200, true]);
    for (const id of [run.id, ...children]) expect(await statusOf(id)).toBe(404);
    // Temporal still shows them for half a minute, so that the index would find them again; another run shows that it has
    // been brought up to date since.
    const later = await start('inner', {}, 60);
    await until(
      () => idsOf('status=completed'),
      (ids) => ids.includes(later.id),
    );
    expect(await idsOf('action_ref=examples.outer')).toEqual([]);
    expect(await idsOf(`parent=${run.id}`)).toEqual([]);
    expect((await harness.call('DELETE', `${EXECUTIONS}/${run.id}`)).status).toBe(404);
  });

  it('refuses an open run', async () => {
    await store('open', waiting);
    const { id } = await start('open');
    const refused = await harness.call('DELETE', `${EXECUTIONS}/${id}`);
    expect([refused.status, refused.body.code]).toEqual([409, 'execution_open']);
    expect(await statusOf(id)).toBe(200);
  });

  it('frees its idempotency key', async () => {
    const headers = { 'idempotency-key': 'again' };
    const first = await start('inner', headers, 60);
    expect((await start('inner', headers, 60)).id).toBe(first.id);
    await harness.call('DELETE', `${EXECUTIONS}/${first.id}`);
    const second = await start('inner', headers, 60);
    expect([second.id === first.id, second.status]).toEqual([false, 'completed']);
  });
});

describe('DELETE /workflows/{ref}', () => {
  it('is refused while runs are open, unless it is forced; then nothing of it is left', async () => {
    await store('busy', waiting);
    const open = await start('busy');
    const refused = await harness.call('DELETE', `${WORKFLOWS}/examples.busy`);
    expect([refused.status, refused.body.code]).toEqual([409, 'workflow_in_use']);
    expect(refused.body.error).toContain('1 open execution:');
    expect((await harness.call('GET', `${WORKFLOWS}/examples.busy`)).body.data.enabled).toBe(true);
    const forced = await harness.call('DELETE', `${WORKFLOWS}/examples.busy?force=true`);
    expect(forced.body).toEqual({ success: true, message: "Workflow 'examples.busy' deleted successfully" });
    expect((await harness.call('GET', `${WORKFLOWS}/examples.busy`)).status).toBe(404);
    expect(await statusOf(open.id)).toBe(404);
    const missing = await harness.call('DELETE', `${WORKFLOWS}/examples.busy`);
    expect([missing.status, missing.body.code]).toEqual([404, 'workflow_not_found']);
  });

  it('deletes the closed runs of that workflow alone, and the ref may be used again', async () => {
    await store('gone', { tasks: [{ name: 'a', action: 'core.noop' }] });
    const runs = [await start('gone', {}, 60), await start('gone', {}, 60)];
    const other = await start('inner', {}, 60);
    expect((await harness.call('DELETE', `${WORKFLOWS}/examples.gone`)).status).toBe(200);
    for (const { id } of runs) expect(await statusOf(id)).toBe(404);
    expect(await statusOf(other.id)).toBe(200);
    await store('gone', { tasks: [{ name: 'b', action: 'core.noop' }] });
    expect((await start('gone', {}, 60)).tasks[0].name).toBe('b');
    expect((await harness.call('GET', `${WORKFLOWS}/examples.gone`)).body.data.revision).toBe(1);
  });
});
