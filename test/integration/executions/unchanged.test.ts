import { sql } from 'drizzle-orm';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveUuid, parseExecutionId } from '../../../model/execution-id.ts';
import { workOwner } from '../../../service/starts/work-owner.ts';
import { createTemporal } from '../../../temporal/gateway.ts';
import { callTool } from '../faces/mcp-call.ts';
import { createReader } from '../index/projection-reader.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

// Repeated reads: an answer has an ETag, and a run that has not changed is not projected again. A read writes nothing while it is answered.

const NAMESPACE = 'unchanged';
const BASE = '/api/v1/executions';
const VISITS = {
  limit: 10,
  order: 'asc',
  after: null,
  statuses: null,
  name: null,
  parent: null,
  contains: null,
} as const;

let harness: ApiHarness;
beforeAll(async () => {
  harness = await createApiHarness(NAMESPACE);
});
afterAll(() => harness.close());

/** Starts a run and waits until it waits for a signal. */
async function startWaiting(): Promise<{ id: number; workflow_id: string }> {
  const body = { action_ref: 'core.wait_signal', parameters: { name: 'go' } };
  const { id } = (await harness.call('POST', BASE, body)).body.data;
  const run = () => harness.call('GET', `${BASE}/${id}`);
  return (await until(run, (answer) => answer.body.data.waiting_for.length > 0)).body.data;
}

it('an answer is sent again only if it has changed, and to nobody who may not have it', async () => {
  const { id } = await startWaiting();
  const get = (headers: Record<string, string> = {}) =>
    fetch(`${harness.api.url}${BASE}/${id}`, { headers: { 'x-api-key': DEV_KEY, ...headers } });
  const first = await get();
  const tag = first.headers.get('etag')!;
  expect(tag).toMatch(/^"[^"]+"$/);
  const known = { 'if-none-match': `"other", ${tag}` };
  const again = await get(known);
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag]);

  await harness.call('POST', '/api/v1/tenants', { ref: 'elsewhere', label: 'Elsewhere' });
  const keyOf = async (body: object) => (await harness.call('POST', '/api/v1/keys', body)).body.data.key as string;
  const foreign = await keyOf({ subject: 'stranger', roles: ['admin'], tenant: 'elsewhere' });
  expect((await get({ ...known, 'x-api-key': foreign })).status).toBe(404);
  const weak = await keyOf({ subject: 'weak', permissions: ['workflow:read'] });
  expect((await get({ ...known, 'x-api-key': weak })).status).toBe(403);

  await harness.call('POST', `${BASE}/${id}/signal`, { name: 'go' });
  const changed = await until(
    async () => {
      const { headers, body } = await harness.call('GET', `${BASE}/${id}`);
      return { body, tag: headers.get('etag')!, unchanged: (await get(known)).status === 304 };
    },
    ({ body }) => body.data.status === 'completed',
  );
  expect(changed.unchanged).toBe(false);
  expect(changed.tag).not.toBe(tag);
});

it('a run that a thread projects is read from its start once, and then only what is new', async () => {
  // It takes more work than the event loop may do.
  const data = '{{ range(0, 5000) | sum }}';
  const definition = {
    tasks: [
      { name: 'work', with_items: '{{ range(20) }}', action: 'core.transform', input: { data } },
      { name: 'wait', action: 'core.wait_signal', input: { name: 'go' } },
      { name: 'again', action: 'core.wait_signal', input: { name: 'go' } },
    ],
  };
  const body = { ref: 'examples.long', pack_ref: 'examples', label: 'long', version: '1.0.0', definition };
  expect((await harness.call('POST', '/api/v1/workflows', body)).status).toBe(201);
  const { id, workflow_id } = (await harness.call('POST', BASE, { action_ref: body.ref })).body.data;
  const temporal = createTemporal({ connection: harness.connection, namespace: NAMESPACE });
  const reads = { whole: 0, onwards: 0 };
  const reader = createReader({
    ...temporal,
    newestRun: (...run) => {
      reads.whole += 1;
      return temporal.newestRun(...run);
    },
    historyAfter: (...place) => {
      reads.onwards += 1;
      return temporal.historyAfter(...place);
    },
  });
  const waits = (task: string) =>
    until(
      () => reader.read(workflow_id),
      (found) => found?.execution.waitingFor.some((wait) => wait.task === task) ?? false,
    );
  await waits('wait');
  const { whole, onwards } = reads;
  const page = await reader.listTasks(workflow_id, VISITS, []);
  expect(page?.rows.map(({ key, waiting }) => [key, waiting])).toEqual([
    ['work', null],
    ['wait', 'signal'],
  ]);
  // Nothing was new.
  expect(reads).toEqual({ whole, onwards });
  await harness.call('POST', `${BASE}/${id}/signal`, { name: 'go' });
  const later = await waits('again');
  expect(reads.whole).toBe(whole);
  expect(reads.onwards).toBeGreaterThan(onwards);
  expect((await createReader(temporal).read(workflow_id))?.execution).toEqual(later?.execution);
});

it('a run that has not changed is read from Temporal once, and one that has changed is read on', async () => {
  const { id, workflow_id } = await startWaiting();
  const temporal = createTemporal({ connection: harness.connection, namespace: NAMESPACE });
  let histories = 0;
  const reader = createReader({
    ...temporal,
    newestRun: (...run) => {
      histories += 1;
      return temporal.newestRun(...run);
    },
  });
  const first = await reader.read(workflow_id);
  expect(await reader.read(workflow_id)).toBe(first);
  expect(await reader.read(workflow_id)).toBe(first);
  expect(histories).toBe(1);
  await harness.call('POST', `${BASE}/${id}/signal`, { name: 'go' });
  await until(
    () => reader.read(workflow_id),
    (found) => found?.execution.status === 'completed',
  );
  // A run that was described as open may have closed before it was read.
  const closed = await reader.read(workflow_id);
  const read = histories;
  expect(read).toBeGreaterThan(1);
  expect(await reader.read(workflow_id)).toBe(closed);
  expect(histories).toBe(read);
  expect(first?.execution.status).not.toBe('completed');
});

/** The statements of requests that may write, and transactions, from now on: the work of loops has no owner. */
function watchWrites(pool: Pool): string[] {
  const writes: string[] = [];
  const note = (statement: string) => {
    const reads = /^\s*(?:select|with recursive)\b/i.test(statement) && !/\bfor update\b|advisory/i.test(statement);
    if (!reads && workOwner() !== '') writes.push(statement);
  };
  const { query, connect } = pool;
  pool.connect = ((...args: [] | [() => void]) => {
    if (args.length === 0) note('a transaction');
    return connect.apply(pool, args as never);
  }) as Pool['connect'];
  pool.query = ((first: string | { text: string }, ...rest: never[]) => {
    note(typeof first === 'string' ? first : first.text);
    return (query as (...args: unknown[]) => unknown).call(pool, first, ...rest);
  }) as Pool['query'];
  return writes;
}

it('no read of a run writes in its request, and lists show what it has shown', async () => {
  const parameters = { prompt: 'Deploy?', approvers: ['dev'], allow_self: true };
  const { id } = (await harness.call('POST', BASE, { action_ref: 'core.inquiry', parameters })).body.data;
  const path = `${BASE}/${id}`;
  const { data: seen } = (
    await until(
      () => harness.call('GET', path),
      ({ body }) => body.data.waiting_for.length > 0,
    )
  ).body;
  const asked = () => harness.call('GET', `/api/v1/inquiries?execution=${id}`);
  await until(asked, ({ body }) => body.data.length === 1);
  const get = (of: string) => async () => {
    const answer = await fetch(harness.api.url + of, { headers: { 'x-api-key': DEV_KEY } });
    expect(answer.status, of).toBe(200);
    // A stream does not end.
    const reader = answer.body!.getReader();
    await reader.read();
    await reader.cancel();
  };
  const tool = (name: string, args: object) => async () => {
    expect(await callTool(harness.api.url, DEV_KEY, name, args)).toHaveProperty('structuredContent');
  };
  const reads: Record<string, () => Promise<void>> = {
    ...Object.fromEntries(
      [
        ...['', '?view=lean', '/tasks', '/tasks/run_inquiry', '/at/3', '/history', '/logs', '/explain', '/graph'],
        ...['/events', '/inquiries', '/decisions/export'],
      ].map((part) => [part, get(`${path}${part}`)]),
    ),
    children: get(`${BASE}?parent=${id}`),
    'Automation API': get(`/api/v1/automation/executions/${deriveUuid(parseExecutionId(String(id))!.n)}`),
    'Management API': get(`/execution/${id}`),
    get_execution: tool('get_execution', { id: String(id) }),
    explain_execution: tool('explain_execution', { id: String(id) }),
  };
  const writes = watchWrites((harness.database.db as unknown as { $client: Pool }).$client);
  for (const [name, read] of Object.entries(reads)) {
    // As if nobody had read it yet.
    await harness.database.db.execute(
      sql`update executions set status = 'requested', version_event = 1 where workflow_id = ${seen.workflow_id}`,
    );
    await harness.database.db.execute(sql`delete from inquiries where workflow_id = ${seen.workflow_id}`);
    await read();
    const [lists, inbox] = await Promise.all([harness.call('GET', `${BASE}?limit=1`), asked()]);
    expect(lists.body.data[0], name).toMatchObject({ id, status: seen.status });
    expect(inbox.body.data, name).toHaveLength(1);
    expect(writes, name).toEqual([]);
  }
  await harness.call('POST', `${path}/cancel`, {});
  expect(writes).not.toEqual([]);
});
