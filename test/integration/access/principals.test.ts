import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PERMISSIONS, type Permission } from '../../../model/permissions.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';

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
  // Errors of the Automation API have another form.
  const body = (await response.json()) as { code?: string; error?: { code?: string } };
  return { status: response.status, code: body.code ?? body.error?.code };
};

/** Routes that need a second permission: a rule starts runs in the name of who wrote it last, and matches show rules. */
const ALSO_NEEDED: Record<string, string> = {
  'post /api/v1/rules': 'execution:execute',
  'put /api/v1/rules/{ref}': 'execution:execute',
  'get /api/v1/events/{id}/matches': 'workflow:read',
};

describe('every route of openapi.json', () => {
  it('but health, readiness, public keys, who one is, sessions and webhooks names the permission that it needs', () => {
    const open = operations.filter(({ permission }) => permission === undefined).map(({ path }) => path);
    const session = '/api/v1/session';
    expect([...new Set(open)].sort()).toEqual([
      ...['/.well-known/fermata-keys.json', '/api/v1/me', session, '/healthz', '/hooks/{key}', '/readyz'],
    ]);
    expect(open.filter((path) => path === session)).toHaveLength(3);
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
        const name = `${operation.method} ${operation.path}`;
        const second = ALSO_NEEDED[name];
        const both = second && (await keyFor({ subject: name, permissions: [permission, second] }));
        const { status } = await statusOf(operation, { 'x-api-key': both ?? key });
        if (status === 403 || status === 401 || status >= 500) wrong.push(`${name}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('keys', () => {
  it('are shown once, and told by their beginning after that', async () => {
    const made = (await post('/api/v1/keys', { subject: 'ci', roles: ['viewer'], groups: ['bots'], label: 'pipeline' }))
      .body.data;
    expect(made).toMatchObject({
      subject: 'ci',
      roles: ['viewer'],
      groups: ['bots'],
      label: 'pipeline',
      expires: null,
      tenant: 'default',
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
    ...body,
    tenant: 'default',
    temporal_ui: null,
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
    // The packs of the built-in actions are everybody's.
    const packsOf = async (headers: Record<string, string>) =>
      (await harness.call('GET', '/api/v1/packs?per_page=100', undefined, headers)).body.data
        .map(({ ref }: { ref: string }) => ref)
        .filter((ref: string) => ref !== 'examples');
    expect(await packsOf(theirs)).toEqual(await packsOf({}));
    expect(await packsOf(theirs)).toEqual(expect.arrayContaining(['core', 'slack']));
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
