import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgres } from '../../store/database.ts';
import { createDefinitionStore, type DefinitionStore } from '../../store/definitions.ts';
import { createExecutionStore } from '../../store/executions.ts';
import { createPrincipalStore } from '../../store/principals.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

let server: PostgresServer;
let url: string;
beforeAll(async () => {
  server = await startPostgres();
  url = server.url;
}, 60_000);
afterAll(() => server.stop());

const tenant = '00000000-0000-7000-8000-000000000001';

it('two processes that start at once migrate once, and both can work', async () => {
  const opened = await Promise.all([openPostgres(url), openPostgres(url)]);
  for (const { ping } of opened) await ping();
  const [first, second] = opened.map(({ db }) => createDefinitionStore(db)) as [DefinitionStore, DefinitionStore];
  await Promise.all([first, second].map((store) => store.ensurePacks(tenant, [{ ref: 'p', label: 'P' }])));
  const pack = (await second.findPack(tenant, 'p'))!;
  const definition = { variables: { z: 1, a: 2 }, tasks: [{ name: 't', action: 'core.noop' }] };
  const fields = { label: 'L', description: null, tags: ['x'], enabled: true };
  const content = { version: '1.0.0', hash: 'h', definition, paramSchema: null, outSchema: null };
  const created = await Promise.all([first, second].map((store) => store.create(tenant, pack, 'p.w', fields, content)));
  expect(created.sort()).toEqual([false, true]);
  const found = await second.find(tenant, 'p.w');
  expect(found).toMatchObject({ revision: 1, definition, tags: ['x'] });
  expect(Object.keys(found!.definition.variables!)).toEqual(['z', 'a']);
  for (const { close } of opened) await close();
});

it('reads instants and big numbers as it wrote them', async () => {
  const { db, close } = await openPostgres(url);
  const store = createExecutionStore(db);
  const created = new Date('2026-11-23T12:34:56.789Z');
  const n = 2 ** 43 - 1;
  const entry = {
    ...{ namespace: 'x', workflowId: 'w', runId: null, n, tenant, ref: 'a.b', revision: 1, definition: 1, pack: 'a' },
    ...{ actions: ['core.http'], status: 'requested' as const, parent: null, enforcement: 2 ** 52, executor: 1 },
    ...{
      owner: 'o',
      tags: [],
      mode: null,
      retryOf: null,
      input: '{}',
      result: null,
      error: null,
      errorCode: null,
      created,
      updated: created,
    },
    ...{ closed: null, version: { start: 0, run: '', closed: false, event: 0 } },
  };
  expect(await store.claim(tenant, { entry })).toBe('claimed');
  expect(await store.claim(tenant, { entry })).toBe('taken');
  expect(await store.find(n)).toMatchObject({ n, created, enforcement: 2 ** 52, actions: ['core.http'] });
  expect((await store.list(tenant, { actionRef: '*.http' }, { offset: 0, limit: 10 })).total).toBe(1);
  const principals = createPrincipalStore(db);
  const id = await principals.ensureTenant(tenant, 'default', 'Default');
  await principals.ensureKey(id, 'dev', ['admin'], { prefix: 'p', hash: 'hash', label: 'l' });
  expect(await principals.findByKeyHash('hash', new Date())).toMatchObject({ subject: 'dev', tenantRef: 'default' });
  expect(await principals.findByKeyHash('other', new Date())).toBeNull();
  await close();
});

it('a key that has expired is nobody', async () => {
  const { db, close } = await openPostgres(url);
  const principals = createPrincipalStore(db);
  const id = await principals.ensureTenant(tenant, 'default', 'Default');
  const expires = new Date(1_000_000);
  await principals.ensureKey(id, 'late', [], { prefix: 'p', hash: 'late', label: 'l', expires });
  expect(await principals.findByKeyHash('late', new Date(999_999))).toMatchObject({ subject: 'late' });
  expect(await principals.findByKeyHash('late', new Date(1_000_001))).toBeNull();
  await close();
});
