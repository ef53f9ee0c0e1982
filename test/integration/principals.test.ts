import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PERMISSIONS, type Permission } from '../../model/permissions.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from './api-harness.ts';

let harness: ApiHarness;
interface Operation {
  path: string;
  method: string;
  permission: Permission | undefined;
}
let operations: Operation[];
beforeAll(async () => {
  harness = await createApiHarness('principals', { worker: false });
  const document = (await (await fetch(`${harness.api.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { 'x-permission'?: Permission }>>;
  };
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, permission: operation['x-permission'] })),
  );
});
afterAll(() => harness.close());

const post = (path: string, body: object, key = DEV_KEY) => harness.call('POST', path, body, { 'x-api-key': key });

async function keyFor(body: object): Promise<string> {
  const answer = await post('/api/v1/keys', body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body.data.key;
}

const statusOf = async ({ path, method }: Operation, headers: Record<string, string>) => {
  const response = await fetch(harness.api.url + path.replaceAll(/\{[^}]+\}/g, '1024'), {
    method: method.toUpperCase(),
    headers,
  });
  if (response.headers.get('content-type') === 'text/event-stream') {
    await response.body!.cancel();
    return { status: response.status, code: undefined };
  }
  // Document 001 has errors of its own form.
  const body = (await response.json()) as { code?: string; error?: { code?: string } };
  return { status: response.status, code: body.code ?? body.error?.code };
};

describe('every route of openapi.json', () => {
  it('but health, readiness, public keys and who one is names the permission that it needs', () => {
    const open = operations.filter(({ permission }) => permission === undefined).map(({ path }) => path);
    expect(open.sort()).toEqual(['/.well-known/fermata-keys.json', '/api/v1/me', '/healthz', '/readyz']);
    expect(operations.length).toBeGreaterThan(30);
  });

  it('refuses who has every permission but the one it needs', async () => {
    const refused: string[] = [];
    for (const permission of PERMISSIONS) {
      // Who is an admin has all.
      const others = PERMISSIONS.filter((other) => other !== permission && other !== 'admin');
      const key = await keyFor({ subject: `all but ${permission}`, permissions: others });
      for (const operation of operations.filter((one) => one.permission === permission)) {
        const { status, code } = await statusOf(operation, { 'x-api-key': key });
        const hidden = /^(\/api\/v1)?\/execution\/\{id\}/.test(operation.path);
        if (status !== (hidden ? 404 : 403)) refused.push(`${operation.method} ${operation.path}: ${status} ${code}`);
      }
    }
    expect(refused).toEqual([]);
  });

  it('lets in who has just that permission', async () => {
    const wrong: string[] = [];
    for (const permission of PERMISSIONS) {
      const key = await keyFor({ subject: `only ${permission}`, permissions: [permission] });
      for (const operation of operations.filter((one) => one.permission === permission)) {
        const { status } = await statusOf(operation, { 'x-api-key': key });
        if (status === 403 || status === 401 || status >= 500)
          wrong.push(`${operation.method} ${operation.path}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('refuses a revoked and an expired key', async () => {
    const made = (await post('/api/v1/keys', { subject: 'gone', roles: ['admin'] })).body.data;
    const expiring = await keyFor({ subject: 'late', roles: ['admin'], expires_in: 1 });
    expect((await harness.call('DELETE', `/api/v1/keys/${made.id}`)).status).toBe(200);
    while ((await fetch(`${harness.api.url}/api/v1/workflows`, { headers: { 'x-api-key': expiring } })).status === 200);
    for (const operation of operations.filter(({ permission }) => permission !== undefined)) {
      for (const headers of [{ 'x-api-key': made.key }, { authorization: `Bearer ${expiring}` }]) {
        const { status, code } = await statusOf(operation, headers);
        expect([status, code], operation.path).toEqual([401, 'unauthenticated']);
      }
    }
    const again = await harness.call('DELETE', `/api/v1/keys/${made.id}`);
    expect([again.status, again.body.code]).toEqual([404, 'key_not_found']);
  });
});

describe('keys', () => {
  it('are shown once, and told by their beginning after that', async () => {
    const made = (await post('/api/v1/keys', { subject: 'ci', roles: ['viewer'], groups: ['bots'], label: 'pipeline' }))
      .body.data;
    expect(made).toMatchObject({
      ...{ subject: 'ci', roles: ['viewer'], groups: ['bots'], label: 'pipeline', expires: null, tenant: 'default' },
      permissions: ['workflow:read', 'execution:read', 'automation:read'],
    });
    expect(made.key.startsWith(made.prefix)).toBe(true);
    const { body } = await harness.call('GET', '/api/v1/keys');
    const listed = body.data.find(({ id }: { id: number }) => id === made.id);
    const { key: _, tenant: __, ...rest } = made;
    expect(listed).toEqual(rest);
    expect(JSON.stringify(body)).not.toContain(made.key);
  });

  it('of one subject share what it may do, which a later body changes', async () => {
    const first = await keyFor({ subject: 'grows', roles: ['viewer'] });
    const workflow = {
      ref: 'examples.x',
      pack_ref: 'examples',
      label: 'x',
      version: '1.0.0',
      definition: { tasks: [{ name: 'a', action: 'core.noop' }] },
    };
    expect((await post('/api/v1/workflows', workflow, first)).status).toBe(403);
    await keyFor({ subject: 'grows', roles: ['author'] });
    expect((await post('/api/v1/workflows', workflow, first)).status).toBe(201);
    await keyFor({ subject: 'grows' });
    expect((await harness.call('GET', '/api/v1/workflows', undefined, { 'x-api-key': first })).status).toBe(200);
  });

  it.each([
    [{}, '/subject'],
    [{ subject: 'x', roles: ['king'] }, '/roles/0'],
    [{ subject: 'x', permissions: ['everything'] }, '/permissions/0'],
    [{ subject: 'x', expires_in: 0 }, '/expires_in'],
    [{ subject: 'x', key: 'mine' }, '/key'],
  ])('are refused with %j', async (body, path) => {
    const answer = await post('/api/v1/keys', body);
    expect([answer.status, answer.body.code, answer.body.issues[0].path]).toEqual([400, 'request_invalid', path]);
  });
});

it('tells everyone who they are, and what they may do', async () => {
  const me = async (key: string) => (await harness.call('GET', '/api/v1/me', undefined, { 'x-api-key': key })).body;
  const body = {
    subject: 'bot',
    kind: 'service',
    on_behalf_of: 'ann',
    groups: ['ops'],
    roles: ['viewer'],
    permissions: ['inquiry:respond'],
  };
  const { data } = await me(await keyFor(body));
  expect(data).toEqual({
    ...{ ...body, tenant: 'default' },
    permissions: ['workflow:read', 'execution:read', 'automation:read', 'inquiry:respond'],
  });
  expect((await me(await keyFor({ subject: 'nobody in particular' }))).data.permissions).toEqual([]);
  expect((await me(DEV_KEY)).data.permissions).toEqual([...PERMISSIONS]);
  expect((await me('wrong')).code).toBe('unauthenticated');
});

describe('tenants', () => {
  it('see nothing of one another, and only the first one makes others', async () => {
    const made = await post('/api/v1/tenants', { ref: 'acme', label: 'Acme' });
    expect([made.status, made.body.data.ref]).toEqual([201, 'acme']);
    const twice = await post('/api/v1/tenants', { ref: 'acme', label: 'Acme' });
    expect([twice.status, twice.body.code]).toEqual([409, 'tenant_exists']);
    const acme = await keyFor({ subject: 'boss', tenant: 'acme', roles: ['admin'] });
    const theirs = { 'x-api-key': acme };

    const run = (await post('/api/v1/executions', { action_ref: 'core.noop' })).body.data;
    expect((await harness.call('GET', `/api/v1/executions/${run.id}`, undefined, theirs)).status).toBe(404);
    expect((await harness.call('GET', '/api/v1/executions', undefined, theirs)).body.data).toEqual([]);
    expect((await harness.call('GET', '/api/v1/workflows', undefined, theirs)).body.data).toEqual([]);
    expect((await harness.call('GET', '/api/v1/keys', undefined, theirs)).body.data).toHaveLength(1);
    expect(
      (await harness.call('GET', '/api/v1/workflows', undefined, { ...theirs, 'x-tenant-id': 'default' })).status,
    ).toBe(403);

    for (const [path, body] of [
      ['/api/v1/tenants', { ref: 'more', label: 'More' }],
      ['/api/v1/keys', { subject: 'spy', tenant: 'default' }],
    ] as const) {
      const refused = await post(path, body, acme);
      expect([refused.status, refused.body.code], path).toEqual([403, 'forbidden']);
    }
    expect((await post('/api/v1/keys', { subject: 'colleague', roles: ['viewer'] }, acme)).body.data.tenant).toBe(
      'acme',
    );
    const nowhere = await post('/api/v1/keys', { subject: 'x', tenant: 'nowhere' });
    expect([nowhere.status, nowhere.body.code]).toEqual([404, 'tenant_not_found']);
    const dev = (await harness.call('GET', '/api/v1/keys')).body.data[0];
    const foreign = await harness.call('DELETE', `/api/v1/keys/${dev.id}`, undefined, theirs);
    expect([foreign.status, foreign.body.code]).toEqual([404, 'key_not_found']);
  });
});

describe('every route and tool that names something', () => {
  it('knows nothing of it for an admin of another tenant', async () => {
    const make = async (path: string, body: object) => (await post(path, body)).body.data;
    const definition = { tasks: [{ name: 'a', action: 'core.noop' }] };
    const workflow = { ref: 'examples.mine', pack_ref: 'examples', label: 'x', version: '1.0.0', definition };
    await make('/api/v1/packs', { ref: 'mine', label: 'Mine' });
    await make('/api/v1/workflows', workflow);
    await make('/api/v1/actions', { ref: 'mine.act', pack_ref: 'mine', label: 'x', task_queue: 'mine' });
    const secrets = { bot_token: 'mine' };
    await harness.call('PUT', '/api/v1/secrets/MINE', { value: 'mine' });
    await harness.call('PUT', '/api/v1/connections/slack/default', { secrets });
    await make('/api/v1/schedules', { id: 'mine', workflow: 'core.noop', spec: { every: 3600 }, paused: true });
    const run = await make('/api/v1/executions', { workflow: 'examples.mine' });
    const job = await make('/api/v1/executions/bulk/cancel', { ids: [run.id] });
    const key = await make('/api/v1/keys', { subject: 'mine' });
    const alias = await make('/api/v1/aliases', { subject: 'mine', kind: 'email', value: 'mine@example.com' });
    await post('/api/v1/tenants', { ref: 'foreign', label: 'Foreign' });
    const foreign = await keyFor({ subject: 'stranger', tenant: 'foreign', roles: ['admin'] });

    const names: [RegExp, Record<string, string>][] = [
      [/workflows\/\{ref\}/, { ref: 'examples.mine' }],
      [/packs\/\{(pack_)?ref\}/, { ref: 'mine', pack_ref: 'mine' }],
      [/actions\/\{ref\}/, { ref: 'mine.act' }],
      [/connections/, { pack: 'slack', name: 'default' }],
      [/secrets/, { name: 'MINE' }],
      [/schedules/, { id: 'mine' }],
      [/bulk\/\{job_id\}/, { job_id: job.job_id }],
      [/keys/, { id: String(key.id) }],
      [/principals/, { subject: 'mine' }],
      [/aliases/, { id: String(alias.id) }],
      [/automation/, { id: run.uuid }],
      [/inquiries\/\{id\}/, { id: String(run.id + 1) }],
      [/execution/, { id: String(run.id), key: 'a', event: '1' }],
    ];
    const bodies: [RegExp, object][] = [
      [/simulate$/, {}],
      [/execute$/, {}],
      [/signal(\/token)?$/, { name: 'go' }],
      [/respond$/, { option: 'approve' }],
      [/delegate$/, { to: 'ann' }],
      [/override$/, { option: 'approve', reason: 'x' }],
      [/backfill$/, { start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' }],
      [/schedules\/\{id\}$/, { workflow: 'core.noop', spec: { every: 3600 } }],
    ];
    const seen: string[] = [];
    let walked = 0;
    for (const { path, method } of operations.filter((operation) => operation.path.includes('{'))) {
      // A status, a number of somebody else's, and a rule's own uuid name nothing of a tenant.
      if (/\{(status|enforcement_id|verb)\}|rules/.test(path)) continue;
      // Signing keys and who has which task queue are the installation's.
      if (/signing-keys|task-queues/.test(path)) continue;
      // It makes one of their own.
      if (method === 'put' && /connections|secrets/.test(path)) continue;
      const [, values = {}] = names.find(([pattern]) => pattern.test(path)) ?? [];
      const target = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? '?'));
      const query =
        /token$/.test(path) && method === 'get'
          ? '?option=approve'
          : /signal$/.test(path) && !path.includes('v1/executions')
            ? '?input=x'
            : '';
      const [, body] = bodies.find(([pattern]) => pattern.test(path)) ?? [undefined, {}];
      const response = await fetch(harness.api.url + target + query, {
        method: method.toUpperCase(),
        headers: { 'x-api-key': foreign, 'content-type': 'application/json' },
        ...(method === 'post' || method === 'put' ? { body: JSON.stringify(body) } : {}),
      });
      await response.text();
      walked += 1;
      // A sealed token is looked at first: whoever cannot open it learns nothing of the run.
      const expected = query === '?input=x' ? 400 : 404;
      if (response.status !== expected) seen.push(`${method} ${path}: ${response.status}`);
    }
    expect(seen).toEqual([]);
    expect(walked).toBeGreaterThan(50);
    for (const { path } of operations.filter(
      (operation) => operation.method === 'get' && !operation.path.includes('{'),
    )) {
      if (/events|export|healthz|readyz/.test(path)) continue;
      const text = await (await fetch(harness.api.url + path, { headers: { 'x-api-key': foreign } })).text();
      expect([path, /mine/.test(text)]).toEqual([path, false]);
    }

    const call = async (name: string, args: object) => {
      const response = await fetch(`${harness.api.url}/mcp`, {
        method: 'POST',
        headers: {
          ...{ 'x-api-key': foreign, 'content-type': 'application/json' },
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
      });
      return response.text();
    };
    const { id } = run;
    for (const [tool, args] of [
      ['get_execution', { id }],
      ['retry_execution', { id }],
      ['delete_execution', { id }],
      ['cancel_execution', { id }],
      ['signal_execution', { id, name: 'go' }],
      ['wait_for_execution', { id, timeoutSeconds: 1 }],
      ['answer_inquiry', { id: String(id + 1), option: 'approve' }],
      ['delegate_inquiry', { id: String(id + 1), to: 'ann' }],
      ['get_workflow', { ref: 'examples.mine' }],
      ['start_execution', { workflow: 'examples.mine', idempotencyKey: 'x' }],
    ] as const) {
      expect([tool, await call(tool, args)]).toEqual([tool, expect.stringContaining('_not_found')]);
    }
    for (const tool of ['list_executions', 'list_workflows', 'list_inquiries']) {
      expect([tool, await call(tool, {})]).toEqual([tool, expect.not.stringContaining('mine')]);
    }
  });
});
