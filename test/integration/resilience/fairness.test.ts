import { afterAll, beforeAll, expect, it } from 'vitest';
import { readMemo } from '../../../projection/runs/memo.ts';
import { createTemporal } from '../../../temporal/gateway.ts';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { createWebServer, type WebServer } from '../support/web-server.ts';

// One tenant's tasks that hang, and another's next to them.

const BASE = '/api/v1/executions';

interface HistoryEntry {
  event_type: string;
  attributes: { activityId?: string; failure?: { applicationFailureInfo?: { type?: string } } };
}

let harness: ApiHarness;
let web: WebServer;
beforeAll(async () => {
  [harness, web] = await Promise.all([createApiHarness('fairness'), createWebServer()]);
});
afterAll(async () => {
  web.open();
  await harness.close();
  await web.close();
});

/** Makes a tenant with a workflow that sends so many requests which hang; returns its credentials. */
async function createTenant(ref: string, requests: number): Promise<Record<string, string>> {
  await harness.call('POST', '/api/v1/tenants', { ref, label: ref });
  const made = await harness.call('POST', '/api/v1/keys', { subject: 'boss', tenant: ref, roles: ['admin'] });
  const theirs = { 'x-api-key': made.body.data.key };
  const items = `{{ range(${requests}) | list }}`;
  const definition = {
    tasks: [{ name: 'hang', action: 'core.http', with_items: items, input: { url: `${web.url}/wait` } }],
  };
  const workflow = { ref: 'examples.hang', pack_ref: 'examples', label: 'x', version: '1.0.0', definition };
  await harness.call('POST', '/api/v1/packs', { ref: 'examples', label: 'Examples', version: '1.0.0' }, theirs);
  const stored = await harness.call('POST', '/api/v1/workflows', workflow, theirs);
  expect(stored.status, JSON.stringify(stored.body)).toBe(201);
  return theirs;
}

/** Milliseconds that a request of the default tenant takes from its start to its end. */
async function ours(): Promise<number> {
  const started = performance.now();
  const input = { action_ref: 'core.http', parameters: { url: `${web.url}/ok` }, wait: 60 };
  const { body } = await harness.call('POST', BASE, input);
  expect(body.data.status).toBe('completed');
  return performance.now() - started;
}

it('150 requests of one tenant that hang hold up no request of another, and their explanation says why they wait', async () => {
  const theirs = await createTenant('busy', 150);
  await ours();
  const alone = Math.max(await ours(), await ours());

  const { id } = (await harness.call('POST', BASE, { action_ref: 'examples.hang' }, theirs)).body.data;
  const hanging = async () => web.asked.filter((path) => path === '/wait').length;
  await until(hanging, (count) => count === 90);

  // A real obstacle delays every request; a busy machine delays only some.
  let beside = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 5 && beside / alone >= 10; tries += 1) beside = Math.min(beside, await ours());
  expect(beside / alone).toBeLessThan(10);
  expect(await hanging()).toBe(90);
  const explained = await until(
    () => harness.call('GET', `${BASE}/${id}/explain`, undefined, theirs),
    ({ body }) =>
      JSON.stringify(body.data.waiting_for).includes('worker_busy: 90 of 100 permits are in use, 90 of them'),
  );
  expect(JSON.stringify(explained.body.data.advice)).toContain('waits for capacity on a worker');
  // A task that waits can be cancelled like one that runs.
  await harness.call('POST', `${BASE}/${id}/cancel`, {}, theirs);
  await until(
    () => harness.call('GET', `${BASE}/${id}`, undefined, theirs),
    ({ body }) => body.data.status === 'cancelled',
  );
});

it('whatever starts a run gives it the key of its tenant', async () => {
  const store = async (ref: string, definition: object) => {
    const workflow = { ref, pack_ref: 'examples', label: 'x', version: '1.0.0', definition };
    const stored = await harness.call('POST', '/api/v1/workflows', workflow);
    expect(stored.status, JSON.stringify(stored.body)).toBe(201);
  };
  await store('examples.alarm', { tasks: [{ name: 'a', action: 'core.noop' }] });
  await store('examples.below', { tasks: [{ name: 'a', action: 'core.fail', input: { message: 'no' } }] });
  await store('examples.above', {
    tasks: [{ name: 'child', action: 'examples.below' }],
    on_failure: 'examples.alarm',
  });
  const failed = (await harness.call('POST', BASE, { workflow: 'examples.above', wait: 60 })).body.data;
  expect(failed.status).toBe('failed');
  expect((await harness.call('POST', `${BASE}/${failed.id}/retry`, {})).status).toBe(201);
  const schedule = { id: 'fair', workflow: 'examples.alarm', spec: { every: 3_600 }, paused: true };
  expect((await harness.call('POST', '/api/v1/schedules', schedule)).status).toBe(201);
  await harness.call('POST', '/api/v1/schedules/fair/trigger', {});

  const temporal = createTemporal({ connection: harness.connection, namespace: 'fairness' });
  const startsOf = async (type: string) => {
    const found = [];
    for await (const page of temporal.list(`WorkflowType = "${type}"`)) found.push(...page);
    return Promise.all(
      found.map(async ({ execution, memo }) => {
        const newest = await temporal.newestRun(execution!.workflowId!, execution!.runId!);
        const { priority } = newest!.first!.workflowExecutionStartedEventAttributes!;
        return [priority?.fairnessKey, readMemo(memo)?.tenant];
      }),
    );
  };
  const seen = (type: string, least: number) =>
    until(
      () => startsOf(type),
      (found) => found.length >= least,
    );
  // The failure of `above`, that of its retry, and the schedule start `alarm`.
  const starts = [
    ...(await seen('examples.alarm', 3)),
    ...(await seen('examples.above', 2)),
    ...(await seen('examples.below', 2)),
  ];
  for (const [key, tenant] of starts) expect(key).toBe(tenant);
  expect(new Set(starts.flat()).size).toBe(1);
  expect(starts[0]![0]).toMatch(/^[0-9a-f-]{36}$/);
});

it('tasks of a tenant that fills half of the room of a worker are handed back and issued again, and those of another are done', async () => {
  await harness.stopWorker();
  // One tenant gets three of the six places, and one of the two permits.
  await harness.startWorker({ concurrentActions: 2, waitingRoom: 6 });
  const theirs = await createTenant('full', 5);
  const { id } = (await harness.call('POST', BASE, { action_ref: 'examples.hang' }, theirs)).body.data;
  const explained = await until(
    () => harness.call('GET', `${BASE}/${id}/explain`, undefined, theirs),
    ({ body }) => JSON.stringify(body.data.waiting_for).includes('worker_busy: no worker had room for the task'),
  );
  const texts = explained.body.data.advice.map(({ text }: { text: string }) => text);
  const handedBack = expect.stringMatching(
    /^"hang\[\d\]" will be retried at \S+, after: worker_busy: no worker had room/,
  );
  expect(texts).toContainEqual(handedBack);
  await ours();

  web.open();
  const { body: ended } = await until(
    () => harness.call('GET', `${BASE}/${id}`, undefined, theirs),
    ({ body }) => body.data.status === 'completed',
  );
  expect(ended.data.result).toHaveLength(5);
  const { body: history } = await harness.call('GET', `${BASE}/${id}/history?limit=1000`, undefined, theirs);
  const entries: HistoryEntry[] = history.data;
  const typeOf = ({ attributes }: HistoryEntry) => attributes.failure?.applicationFailureInfo?.type;
  const failures = entries.filter(({ event_type: type }) => type === 'ActivityTaskFailed');
  expect(failures.length).toBeGreaterThanOrEqual(2);
  expect(failures.map(typeOf)).toEqual(failures.map(() => 'WorkerBusy'));
  const again = entries.filter(
    ({ event_type: type, attributes }) => type === 'ActivityTaskScheduled' && /~\d+$/.test(attributes.activityId ?? ''),
  );
  expect(again).toHaveLength(failures.length);
});
