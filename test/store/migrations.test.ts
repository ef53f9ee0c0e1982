import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { sql } from 'drizzle-orm';
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres';
import { migrate as migratePostgres } from 'drizzle-orm/node-postgres/migrator';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { createWebhookStore } from '../../store/access/webhooks.ts';
import { openPostgres } from '../../store/database.ts';
import { createEnforcementStore } from '../../store/events/enforcements.ts';
import { createEventListStore } from '../../store/events/event-lists.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { createRuleStore } from '../../store/rules/rules.ts';
import { createBareDatabase } from '../integration/support/prepared.ts';
import { until } from '../integration/support/until.ts';
import { startPostgres } from './postgres-server.ts';

const ALL = 'store/migrations';
const tenant = '00000000-0000-7000-8000-000000000001';

/** The migrations as they were when there were so many. */
function firstMigrations(count: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'fermata-migrations-'));
  cpSync(ALL, folder, { recursive: true });
  const path = join(folder, 'meta/_journal.json');
  const journal = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, count) }));
  return folder;
}

it('a database of the first version keeps its runs, in their order, through every migration', async () => {
  const engine = await PGlite.create({ extensions: { pg_trgm } });
  const db = drizzle(engine);
  const folder = firstMigrations(1);
  await migrate(db, { migrationsFolder: folder });
  rmSync(folder, { recursive: true });
  for (const [n, created] of [
    [1, '2026-11-01T10:00:00Z'],
    [2, '2026-11-01T12:00:00Z'],
    [3, '2026-11-01T11:00:00Z'],
  ]) {
    await db.execute(sql`
      insert into executions (namespace, workflow_id, n, tenant, ref, pack, status, created, updated, version_start, version_run, version_closed, version_event)
      values ('default', ${`wf_${n}`}, ${n}, ${tenant}, 'p.w', 'p', 'completed', ${created}, ${created}, 1, 'run', 1, 5)`);
  }
  await migrate(db, { migrationsFolder: ALL });
  const store = createExecutionStore(db);
  const rows = await store.readOn(tenant, {}, { limit: 10 });
  expect(rows.map(({ n }) => n)).toEqual([2, 3, 1]);
  const kept = { status: 'completed', total: 3 };
  expect((await store.countByStatus(tenant, {}, null)).groups).toEqual([{ key: '', ...kept }]);
  expect((await store.countByStatus(tenant, {}, 'day')).groups).toEqual([{ key: '2026-11-01', ...kept }]);
  expect((await store.list(tenant, { actionRef: 'p.*' }, { limit: 1 })).total).toBe(3);
  await engine.close();
});

it.each([
  [26, '0026_counts', ['DROP', 'DROP', 'DROP', 'DROP', 'DROP']],
  [43, '0043_starters', ['ALTER', 'ALTER', 'ALTER', 'ALTER']],
])(
  'keeps readers of runs, events and enforcements out only at the end of migration %d (%s), for a moment',
  async (count, name, ends) => {
    const { url, drop } = await createBareDatabase();
    const client = new Client(url);
    await client.connect();
    const folder = firstMigrations(count);
    await migratePostgres(drizzlePostgres(client), { migrationsFolder: folder });
    rmSync(folder, { recursive: true });
    const locks = `select 1 from pg_locks join pg_class on pg_class.oid = relation
    where relname in ('executions', 'events', 'enforcements') and mode = 'AccessExclusiveLock' and pid = pg_backend_pid()`;
    const statements = readFileSync(`${ALL}/${name}.sql`, 'utf8').split('--> statement-breakpoint');
    const exclusive: string[] = [];
    await client.query('begin');
    for (const statement of statements) {
      await client.query(statement);
      if ((await client.query(locks)).rows.length > 0) exclusive.push(statement.trim().split(' ')[0]!);
    }
    await client.query('commit');
    await client.end();
    await drop();
    expect(exclusive).toEqual(ends);
  },
);

it('migrates after writers of an earlier version with whom it has waited in a circle', async () => {
  const { url, drop } = await createBareDatabase();
  const [writer, other, observer] = [new Client(url), new Client(url), new Client(url)];
  for (const client of [writer, other, observer]) await client.connect();
  const folder = firstMigrations(43);
  await migratePostgres(drizzlePostgres(observer), { migrationsFolder: folder });
  rmSync(folder, { recursive: true });
  const untilAwaited = (table: string) =>
    until(
      () =>
        observer.query(
          `select 1 from pg_locks join pg_stat_activity using (pid) join pg_class on pg_class.oid = relation
            where datname = current_database() and not granted and relname = '${table}'`,
        ),
      ({ rows }) => rows.length > 0,
    );
  // Postgres ends the one that finds the circle first: not the writer.
  await writer.query("begin; set local deadlock_timeout = '1min'; lock table enforcements in row exclusive mode");
  await other.query('begin; lock table events in row exclusive mode');
  const opening = openPostgres(url);
  await untilAwaited('events');
  const writing = writer.query('lock table executions in row exclusive mode');
  await untilAwaited('executions');
  await other.query('commit');
  await writing;
  await writer.query('commit');
  const database = await opening;
  expect((await observer.query('select applied from events')).rows).toEqual([]);
  await database.close();
  for (const client of [writer, other, observer]) await client.end();
  await drop();
});

it('a Postgres with runs gets events, and one with events and rules keeps them; whoever may have written a rule is its author', async () => {
  const server = await startPostgres();
  const client = new Client(server.url);
  try {
    await client.connect();
    const upTo = async (count: number) => {
      const folder = firstMigrations(count);
      await migratePostgres(drizzlePostgres(client), { migrationsFolder: folder });
      rmSync(folder, { recursive: true });
    };
    const insert = async (table: string, row: Record<string, unknown>) => {
      const names = Object.keys(row);
      const places = names.map((_, index) => `$${index + 1}`);
      await client.query(`insert into ${table} (${names}) values (${places})`, Object.values(row));
    };
    await upTo(32);
    const now = '2026-11-01T10:00:00Z';
    const version = { version_start: 1, version_run: 'run', version_closed: 1, version_event: 5 };
    const run = { namespace: 'default', workflow_id: 'wf_1', n: 1, tenant, ref: 'p.w', pack: 'p', status: 'completed' };
    await insert('executions', { ...run, created: now, listed: now, updated: now, ...version });

    await upTo(37);
    const other = '00000000-0000-7000-8000-000000000002';
    for (const [id, ref] of [
      [tenant, 'first'],
      [other, 'other'],
    ]) {
      await insert('tenants', { id, ref, label: 'x' });
    }
    await insert('packs', { id: 1, tenant, ref: 'p', label: 'P' });
    await insert('principals', { id: 1, tenant, subject: 'bot' });
    const key = { tenant, principal: 1, prefix: 'x', kind: 'agent' };
    await insert('api_keys', { ...key, hash: 'a', on_behalf_of: 'owner' });
    await insert('api_keys', { ...key, hash: 'b' });
    for (const [whose, subject, operation] of [
      [tenant, 'bot', 'PUT /api/v1/rules/{ref}'],
      [tenant, 'ann', 'POST /api/v1/packs/import'],
      [tenant, 'cleo', 'POST /api/v1/workflows'],
      [tenant, 'bot', 'PUT /api/v1/webhooks/{name}'],
      [tenant, 'cleo', 'POST /api/v1/webhooks'],
      [other, 'eve', 'POST /api/v1/webhooks'],
      [other, 'eve', 'PUT /api/v1/rules/{ref}'],
    ]) {
      await insert('audit_log', { tenant: whose, subject, operation, target: 'x' });
    }
    const content = JSON.stringify({ type: 'a.b', workflow: 'p.w', parameters: {} });
    const rule = { id: 7, tenant, pack: 1, ref: 'p.r', label: 'R', enabled: true, revision: 2, type: 'a.b' };
    await insert('rules', { ...rule, owner: 3, owner_subject: 'dan' });
    for (const revision of [1, 2]) await insert('rule_revisions', { tenant, rule: 7, revision, hash: 'h', content });
    await insert('rule_counts', { rule: 7, tenant, matched: 4 });
    const json = { headers: '{}', extensions: '{}', payload: '{"z":1,"a":2}', issues: '[]' };
    const event = { tenant, identity: 'i', ingress: 'api', event_id: 'e', type: 'a.b', source: '/s', verified: true };
    await insert('events', {
      id: 9,
      ...event,
      ...json,
      payload_bytes: 13,
      state: 'planned',
      principal: 'ann',
      changed: 1,
    });
    const mute = { headers: '{}', extensions: '{}', payload: 'null', issues: '[]', erased: now };
    await insert('events', {
      id: 8,
      ...event,
      identity: 'j',
      ...mute,
      payload_bytes: 13,
      state: 'planned',
      principal: 'ann',
      changed: 1,
    });
    const match = { tenant, event: 9, rule: 7, rule_ref: 'p.r', rule_revision: 1, event_type: 'a.b', depth: 0 };
    await insert('enforcements', { ...match, status: 'pending', workflow: 'p.w', changed: 1 });
    const failure = { status: 'failed', reason_code: 'template_error' };
    const quoted = { code: 'template_error', message: 'quoted' };
    const failed = { ...match, ...failure, reason: JSON.stringify(quoted), workflow: 'p.w', changed: 1 };
    await insert('enforcements', { ...failed, event: 8 });
    await insert('enforcements', { ...failed, rule: 8 });

    const hook = { tenant, name: 'h', preset: 'none', enabled: true, tolerance: 300, settings: '{}', sealed: 'x' };
    await insert('webhooks', { ...hook, secrets: 0, key_prefix: 'k', key_hash: 'k' });

    const opened = await openPostgres(server.url);
    const rules = createRuleStore(opened.db);
    const hooks = createWebhookStore(opened.db);
    expect(await hooks.find(tenant, 'h')).toMatchObject({ writers: ['bot', 'cleo', 'owner'] });
    const writers = ['ann', 'bot', 'dan', 'owner'];
    expect(await rules.find(tenant, 'p.r')).toMatchObject({ revision: 2, counts: { matched: 4 }, writers });
    expect(await rules.findRevision(tenant, 7, 1)).toMatchObject({ content: { type: 'a.b' }, writers });
    expect(await createEventListStore(opened.db).find(tenant, 9)).toMatchObject({
      payload: { z: 1, a: 2 },
      starters: [],
    });
    expect(await createEnforcementStore(opened.db).list(tenant, {}, { offset: 0, limit: 9 })).toMatchObject([
      { event: 9, reason: quoted },
      { event: 8, reason: { code: 'template_error', message: 'the message was erased with the event' } },
      { id: 4_294_967_297, event: 9, status: 'pending' },
    ]);
    expect(await createExecutionStore(opened.db).readOn(tenant, {}, { limit: 10 })).toMatchObject([{ n: 1 }]);
    await opened.close();
  } finally {
    await client.end();
    await server.stop();
  }
});
