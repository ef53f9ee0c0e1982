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
import { createExecutionStore } from '../../store/executions/executions.ts';
import { createBareDatabase } from '../integration/support/prepared.ts';

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

it('keeps readers of executions out only while the migration that keeps numbers drops indexes, at its end', async () => {
  const { url, drop } = await createBareDatabase();
  const client = new Client(url);
  await client.connect();
  const folder = firstMigrations(26);
  await migratePostgres(drizzlePostgres(client), { migrationsFolder: folder });
  rmSync(folder, { recursive: true });
  const locks = `select 1 from pg_locks join pg_class on pg_class.oid = relation
    where relname = 'executions' and mode = 'AccessExclusiveLock' and pid = pg_backend_pid()`;
  const statements = readFileSync(`${ALL}/0026_counts.sql`, 'utf8').split('--> statement-breakpoint');
  const exclusive: string[] = [];
  await client.query('begin');
  for (const statement of statements) {
    await client.query(statement);
    if ((await client.query(locks)).rows.length > 0) exclusive.push(statement.trim().slice(0, 10));
  }
  await client.query('commit');
  await client.end();
  await drop();
  expect(exclusive).toEqual(Array.from({ length: 5 }, () => 'DROP INDEX'));
});
