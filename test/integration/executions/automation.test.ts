import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { createWebServer, type WebServer } from '../support/web-server.ts';

const BASE = '/api/v1/automation';
let harness: ApiHarness;
let web: WebServer;
beforeAll(async () => {
  [harness, web] = await Promise.all([createApiHarness('automation'), createWebServer()]);
});
afterAll(async () => {
  web.open();
  await harness.close();
  await web.close();
});

/** The fields of the document's response body, and those that may be null. */
const FIELDS = [
  ...[
    'execution_id',
    'automation_rule_id',
    'trigger_data',
    'status',
    'state',
    'started_at',
    'completed_at',
    'duration_ms',
  ],
  ...['actions_total', 'actions_successful', 'actions_failed', 'error_message', 'error_stack', 'failed_action_index'],
  ...['execution_context', 'logs', 'tenant', '_links'],
];

async function run(name: string, definition: object, parameters: object = {}, wait = 60) {
  const ref = `examples.${name}`;
  const body = { ref, pack_ref: 'examples', label: name, version: '1.2.3', definition };
  expect((await harness.call('POST', '/api/v1/workflows', body)).status).toBe(201);
  const started = await harness.call('POST', '/api/v1/executions', { action_ref: ref, parameters, wait });
  return (await get(started.body.data.uuid)).body.data;
}

const get = (uuid: string) => harness.call('GET', `${BASE}/executions/${uuid}`);
const give = (name: string, rest: object = {}) => ({ name, action: 'core.transform', input: { data: 1 }, ...rest });

describe('GET /automation/executions/{id}', () => {
  it('has exactly the fields of the document, null where nothing is to be told', async () => {
    const tasks = [give('a', { publish: { x: [1] } }), give('b', { with_items: [1, 2, 3] }), give('undo')];
    const data = await run('good', { tasks, on_cancel: 'undo' }, { who: 'me' });
    expect(Object.keys(data).sort()).toEqual([...FIELDS].sort());
    expect(data).toMatchObject({
      status: 'completed',
      trigger_data: { who: 'me' },
      execution_context: { x: [1] },
      actions_total: 2,
      actions_successful: 2,
      actions_failed: 0,
      error_message: null,
      error_stack: null,
      failed_action_index: null,
      tenant: '00000000-0000-7000-8000-000000000001',
    });
    expect(data.duration_ms).toBe(Date.parse(data.completed_at) - Date.parse(data.started_at));
  });

  it('tells which action failed, and the whole story in the log', async () => {
    const definition = {
      tasks: [
        { name: 'say', action: 'core.log', input: { message: 'off we go', level: 'warn', data: { n: 1 } } },
        {
          name: 'call',
          action: 'core.http',
          input: { url: `${web.url}/status/500` },
          retry: { count: 1, delay: 0, when: 'failed()' },
        },
      ],
    };
    const data = await run('bad', definition);
    expect(data).toMatchObject({ status: 'failed', actions_total: 2, actions_successful: 1, actions_failed: 1 });
    expect(data.failed_action_index).toBe(1);
    expect(data.error_message).toContain('responded with status 500');
    const told = data.logs.map(({ level, message, action_index }: Record<string, unknown>) => [
      level,
      message,
      action_index,
    ]);
    expect(told).toEqual([
      ['info', '"examples.bad" started', undefined],
      ['warn', 'off we go', 0],
      ['info', '"call" started', 1],
      ['warn', '"call" started again, attempt 2', 1],
      ['error', expect.stringMatching(/^"call" ended as failed: .* responded with status 500$/), 1],
      ['error', expect.stringMatching(/^"examples.bad" ended as failed: /), undefined],
    ]);
    expect(data.logs[1].metadata).toEqual({ data: { n: 1 } });
    const times = data.logs.map(({ timestamp }: { timestamp: string }) => timestamp);
    expect(times).toEqual([...times].sort());
  });

  it('says what runs, was skipped, or was cancelled, in its own words', async () => {
    const waiting = [{ name: 'a', action: 'core.wait_signal', input: { name: 'go' } }];
    const open = await run('open', { tasks: waiting }, {}, 0);
    expect(open).toMatchObject({ completed_at: null, duration_ms: null, actions_successful: 0, actions_total: 1 });
    await until(
      () => get(open.execution_id),
      ({ body }) => body.data.status === 'running',
    );
    await harness.call('POST', `/api/v1/executions/${open.execution_id}/cancel`);
    await until(
      () => get(open.execution_id),
      ({ body }) => body.data.status === 'cancelled',
    );
    expect((await run('skipped', { when: 'false', tasks: waiting })).status).toBe('skipped');
    expect((await run('late', { timeout: 0.1, tasks: waiting })).status).toBe('timeout');
  });

  it('leads where its links say', async () => {
    const data = await run('linked', { tasks: [give('a')] });
    for (const { href, method } of Object.values(data._links) as { href: string; method: string }[]) {
      expect((await harness.call(method, href)).status, href).toBe(200);
    }
    const rule = (await harness.call('GET', data._links.rule.href)).body.data;
    expect(rule).toMatchObject({
      automation_rule_id: data.automation_rule_id,
      ref: 'examples.linked',
      name: 'linked',
      version: '1.2.3',
      enabled: true,
    });
    const plain = await harness.call('POST', '/api/v1/executions', { action_ref: 'core.noop', wait: 60 });
    const action = (await get(plain.body.data.uuid)).body.data;
    expect((await harness.call('GET', action._links.rule.href)).body.data).toMatchObject({ ref: 'core.noop' });
  });
});

describe('GET /automation/executions', () => {
  it('pages through all of them, newest first, and filters by its own words', async () => {
    const page = async (query: string) => (await harness.call('GET', `${BASE}/executions?${query}`)).body;
    const { pagination } = await page('limit=2');
    expect(pagination).toMatchObject({ page: 1, limit: 2, hasNext: true, hasPrev: false });
    const seen: string[] = [];
    for (let number = 1; number <= pagination.totalPages; number += 1) {
      const { data, pagination: part } = await page(`limit=2&page=${number}`);
      expect([part.hasNext, part.hasPrev]).toEqual([number < pagination.totalPages, number > 1]);
      seen.push(...data.map(({ execution_id: id }: { execution_id: string }) => id));
    }
    expect(new Set(seen).size).toBe(pagination.total);
    const failed = await until(
      () => page('status=failed'),
      ({ data }) => data.length === 1,
    );
    expect(failed.data[0]).toMatchObject({
      status: 'failed',
      error_message: expect.stringContaining('responded with status 500'),
    });
    expect((await harness.call('GET', failed.data[0]._links.self.href)).body.data.failed_action_index).toBe(1);
  });
});

describe('errors', () => {
  it.each([
    ['no UUID', '/executions/1024', 400, 'request_invalid'],
    ['a UUID of nobody', '/executions/4f1c2a9e-5d3b-4c7a-9e1f-2b3c4d5e6f70', 404, 'execution_not_found'],
    [
      'a UUID of a run that is not there',
      '/executions/019b7c00-0000-7000-8000-000000000001',
      404,
      'execution_not_found',
    ],
    ['a rule that is none', '/rules/4f1c2a9e-5d3b-4c7a-9e1f-2b3c4d5e6f70', 404, 'workflow_not_found'],
    ['a rule that is not there', '/rules/f0000000-0000-8000-8000-0000000f4240', 404, 'workflow_not_found'],
    ['a status that no API has', '/executions?status=nonsense', 400, 'status_invalid'],
    ['a page that is none', '/executions?page=0', 400, 'request_invalid'],
  ])('%s', async (_, path, status, code) => {
    const answer = await harness.call('GET', BASE + path);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(Object.keys(answer.body)).toEqual(['error']);
    expect(answer.body.error.details.request_id).toEqual(expect.any(String));
  });

  it('have the same form without credentials, and without the permission', async () => {
    const url = `${harness.api.url}${BASE}/executions`;
    const nobody = await fetch(url);
    expect([nobody.status, await nobody.json()]).toMatchObject([401, { error: { code: 'unauthenticated' } }]);
    const body = { subject: 'no-automation', permissions: ['execution:read'] };
    const { key } = (await harness.call('POST', '/api/v1/keys', body)).body.data;
    const refused = await harness.call('GET', `${BASE}/executions`, undefined, { 'x-api-key': key });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'forbidden']);
    const elsewhere = await harness.call('GET', '/api/v1/workflows', undefined, { 'x-api-key': key });
    expect([elsewhere.status, elsewhere.body.code]).toEqual([403, 'forbidden']);
  });
});
