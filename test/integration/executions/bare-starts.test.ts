import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Permission, Role } from '../../../model/permissions.ts';
import { callTool } from '../faces/mcp-call.ts';
import { type Answer, type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

// Every way to start an action by itself, as everyone who may or may not.

let harness: ApiHarness;
/** A run of core.http by itself, which has failed. */
let failed: { id: number; uuid: string; workflow_id: string };
const keys: Record<string, string> = { dev: DEV_KEY };

const CALLERS: Record<string, { roles?: Role[]; permissions?: Permission[] }> = {
  viewer: { roles: ['viewer'] },
  approver: { roles: ['approver'] },
  operator: { roles: ['operator'] },
  author: { roles: ['author'] },
  admin: { roles: ['admin'] },
  starter: { permissions: ['execution:read', 'execution:execute', 'automation:execute'] },
  bare: { permissions: ['execution:read', 'execution:execute', 'automation:execute', 'action:execute'] },
};
const unable = new Set(['viewer', 'approver']);
const allowed = new Set(['author', 'admin', 'bare']);

const as = (who: string, method: string, path: string, body?: unknown) =>
  harness.call(method, path, body, { 'x-api-key': keys[who]! });
const made = async (path: string, body: object) => {
  const answer = await as('dev', 'POST', path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body.data;
};

beforeAll(async () => {
  harness = await createApiHarness('bare-starts');
  for (const [subject, grants] of Object.entries(CALLERS)) {
    keys[subject] = (await made('/api/v1/keys', { subject, ...grants })).key;
  }
  await made('/api/v1/actions', { ref: 'examples.act', pack_ref: 'examples', label: 'x', task_queue: 'nobody' });
  failed = await made('/api/v1/executions', { action_ref: 'core.http', parameters: URL, wait: 60 });
  const { status } = (await as('dev', 'GET', `/api/v1/executions/${failed.id}`)).body.data;
  expect(status).toBe('failed');
  await made('/api/v1/schedules', { id: 'mine', workflow: 'core.http', input: URL, ...NEVER });
  await made('/api/v1/schedules', { id: 'other', workflow: 'core.noop', ...NEVER });
});
afterAll(() => harness.close());

/** Nothing listens there. */
const URL = { url: 'http://127.0.0.1:9/' };
const NEVER = { spec: { every: 86_400 }, paused: true };

const told = ({ status, body }: Answer): string => {
  const error = body.error?.code === undefined ? body : body.error;
  return status < 300 ? 'ok' : [status, error.code, error.details?.permission].join(' ');
};
const post = (path: string, body?: object) => async (who: string) => told(await as(who, 'POST', path, body));
const tool =
  (name: string, args: () => object) =>
  async (who: string): Promise<string> => {
    const { error } = await callTool(harness.api.url, keys[who]!, name, args());
    if (error === undefined) return 'ok';
    return [403, error.code, error.details?.permission].join(' ');
  };
const retry = (from: string) => (who: string) => post(`/api/v1/executions/${failed.id}/retry`, { from })(who);

const EXECUTE = 'execution:execute';
const WAYS: [string, Permission, (who: string) => Promise<string>][] = [
  ['POST /executions, action_ref', EXECUTE, post('/api/v1/executions', { action_ref: 'core.http', parameters: URL })],
  ['POST /executions, workflow', EXECUTE, post('/api/v1/executions', { workflow: 'core.http', parameters: URL })],
  ['POST /workflows/…/execute', EXECUTE, post('/api/v1/workflows/core.http/execute', { parameters: URL })],
  ['POST /execution', EXECUTE, post('/execution', { workflow: 'core.http', input: URL })],
  ['POST /api/v1/execution', EXECUTE, post('/api/v1/execution', { workflow: 'core.http', input: URL })],
  [
    'MCP start_execution',
    EXECUTE,
    tool('start_execution', () => ({ workflow: 'core.http', input: URL, idempotencyKey: randomUUID() })),
  ],
  [
    'a schedule that is made',
    EXECUTE,
    (who) => post('/api/v1/schedules', { id: `of-${who}`, workflow: 'core.http', input: URL, ...NEVER })(who),
  ],
  [
    'a schedule that is changed',
    EXECUTE,
    async (who) =>
      told(await as(who, 'PUT', '/api/v1/schedules/other', { workflow: 'core.http', input: URL, ...NEVER })),
  ],
  ["somebody else's schedule, triggered", EXECUTE, post('/api/v1/schedules/mine/trigger')],
  [
    "somebody else's schedule, backfilled",
    EXECUTE,
    post('/api/v1/schedules/mine/backfill', { start: '2026-01-01T12:00:00Z', end: '2026-01-01T13:00:00Z' }),
  ],
  ["somebody else's schedule, resumed", EXECUTE, post('/api/v1/schedules/mine/resume')],
  ['a retry of what failed', EXECUTE, retry('failed')],
  ['a retry from the start', EXECUTE, retry('start')],
  [
    'a retry by the Automation API',
    'automation:execute',
    (who) => post(`/api/v1/automation/executions/${failed.uuid}/retry`)(who),
  ],
  ['MCP retry_execution', EXECUTE, tool('retry_execution', () => ({ id: failed.id }))],
];

it.each(WAYS)('%s', async (_, permission, way) => {
  for (const who of Object.keys(CALLERS)) {
    const refusal = unable.has(who) ? `403 forbidden ${permission}` : '403 permission_missing action:execute';
    expect([who, await way(who)]).toEqual([who, allowed.has(who) ? 'ok' : refusal]);
  }
});

it('a bulk retry leaves out what who asked for it may not start', async () => {
  for (const who of ['operator', 'author']) {
    const begun = (await as(who, 'POST', '/api/v1/executions/bulk/retry', { ids: [failed.id] })).body.data;
    const job = await until(
      async () => (await as(who, 'GET', `/api/v1/bulk/${begun.job_id}`)).body.data,
      ({ status }) => status !== 'running',
    );
    const errors = job.errors.map(({ error }: { error: string }) => error);
    expect([who, job.succeeded, errors]).toEqual([
      ...[who, allowed.has(who) ? 1 : 0],
      allowed.has(who) ? [] : [expect.stringContaining('the permission "action:execute" is required')],
    ]);
  }
});

it.each<[string, object, boolean]>([
  ['core.noop', {}, true],
  ['core.log', { message: 'x' }, true],
  ['core.transform', { data: 1 }, true],
  ['core.fail', { message: 'x' }, true],
  ['core.delay', { seconds: 1 }, true],
  ['core.wait_signal', { name: 'go' }, true],
  ['core.inquiry', { prompt: 'x' }, false],
  ['database.query', { sql: 'select 1' }, false],
  ['slack.post_message', { message: 'x' }, false],
  ['examples.act', {}, false],
])('%s by an operator', async (ref, parameters, pure) => {
  const answer = await post('/api/v1/executions', { action_ref: ref, parameters })('operator');
  expect(answer).toBe(pure ? 'ok' : '403 permission_missing action:execute');
  expect(await post('/api/v1/executions', { action_ref: ref, parameters })('author')).toBe('ok');
});

it('an operator starts and retries a workflow with such an action, and triggers a schedule of it', async () => {
  const definition = { tasks: [{ name: 'a', action: 'core.http', input: URL }] };
  await made('/api/v1/workflows', {
    ref: 'examples.asks',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition,
  });
  const started = await as('operator', 'POST', '/api/v1/executions', { workflow: 'examples.asks', wait: 60 });
  expect(started.body.data.status).toBe('failed');
  for (const from of ['failed', 'start']) {
    expect(await post(`/api/v1/executions/${started.body.data.id}/retry`, { from })('operator')).toBe('ok');
  }
  await made('/api/v1/schedules', { id: 'asks', workflow: 'examples.asks', ...NEVER });
  expect(await post('/api/v1/schedules/asks/trigger')('operator')).toBe('ok');
});

it.each([
  [
    'a start',
    '/api/v1/executions',
    { action_ref: 'core.noop', version: '9.9.9', revision: 3 },
    ['version', 'revision'],
  ],
  [
    'a start of an action that a worker has',
    '/api/v1/executions',
    { workflow: 'examples.act', revision: 1 },
    ['revision'],
  ],
  ['a start by the Management API', '/api/v1/workflows/core.noop/execute', { version: '1.0.0' }, ['version']],
  ['a retry', () => `/api/v1/executions/${failed.id}/retry`, { from: 'start', version: '1.0.0' }, ['version']],
  ['a retry of what failed', () => `/api/v1/executions/${failed.id}/retry`, { version: '1.0.0' }, ['version']],
  ['a plan', () => `/api/v1/executions/${failed.id}/retry`, { plan: true, version: '1.0.0' }, ['version']],
])('%s of an action with a version is refused: an action has none', async (_, path, body, fields) => {
  const answer = await as('dev', 'POST', typeof path === 'string' ? path : path(), body);
  const issues = fields.map((field) => ({ code: 'without_effect', path: `/${field}`, message: expect.any(String) }));
  expect(answer.body).toMatchObject({ status: 400, code: 'request_invalid', issues });
});
