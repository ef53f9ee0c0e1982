import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from './api-harness.ts';
import { until } from './until.ts';
import { createWebServer, type WebServer } from './web-server.ts';

// One tenant's tasks that hang, and another's next to them.

const BASE = '/api/v1/executions';

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

it('150 requests of one tenant that hang hold up no request of another, and their explanation says why they wait', async () => {
  await harness.call('POST', '/api/v1/tenants', { ref: 'busy', label: 'Busy' });
  const made = await harness.call('POST', '/api/v1/keys', { subject: 'boss', tenant: 'busy', roles: ['admin'] });
  const theirs = { 'x-api-key': made.body.data.key };
  const ours = async () => {
    const started = performance.now();
    const input = { action_ref: 'core.http', parameters: { url: `${web.url}/ok` }, wait: 50 };
    const { body } = await harness.call('POST', BASE, input);
    expect(body.data.status).toBe('completed');
    return performance.now() - started;
  };
  await ours();
  const alone = Math.max(await ours(), await ours());

  const definition = {
    tasks: [
      { name: 'hang', action: 'core.http', with_items: '{{ range(150) | list }}', input: { url: `${web.url}/wait` } },
    ],
  };
  const workflow = { ref: 'examples.hang', pack_ref: 'examples', label: 'x', version: '1.0.0', definition };
  await harness.call('POST', '/api/v1/packs', { ref: 'examples', label: 'Examples', version: '1.0.0' }, theirs);
  const stored = await harness.call('POST', '/api/v1/workflows', workflow, theirs);
  expect(stored.status, JSON.stringify(stored.body)).toBe(201);
  const { id } = (await harness.call('POST', BASE, { action_ref: 'examples.hang' }, theirs)).body.data;
  const hanging = async () => web.asked.filter((path) => path === '/wait').length;
  await until(hanging, (count) => count === 90, 50);

  const beside = Math.max(await ours(), await ours());
  expect(beside / alone).toBeLessThan(10);
  expect(await hanging()).toBe(90);
  const explained = await until(
    () => harness.call('GET', `${BASE}/${id}/explain`, undefined, theirs),
    ({ body }) =>
      JSON.stringify(body.data.waiting_for).includes('worker_busy: 90 of 100 permits are in use, 90 of them'),
    30,
  );
  expect(JSON.stringify(explained.body.data.advice)).toContain('waits for its turn on a worker');
  // A task that waits can be cancelled like one that runs.
  await harness.call('POST', `${BASE}/${id}/cancel`, {}, theirs);
  await until(
    () => harness.call('GET', `${BASE}/${id}`, undefined, theirs),
    ({ body }) => body.data.status === 'cancelled',
    50,
  );
}, 180_000);
