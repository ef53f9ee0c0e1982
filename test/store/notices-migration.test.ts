import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { Pool } from 'pg';
import { expect, it } from 'vitest';
import { createNoticeEventStore } from '../../store/inquiries/notice-events.ts';
import { createBareDatabase } from '../integration/support/prepared.ts';

const MIGRATIONS = 'store/migrations';

it('notices of before the outbox become events: what was told stays told, what was not goes out, chats get new buttons', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fermata-migrations-'));
  const { url, drop } = await createBareDatabase();
  const pool = new Pool({ connectionString: url });
  try {
    await cp(MIGRATIONS, folder, { recursive: true });
    const path = join(folder, 'meta/_journal.json');
    const journal = JSON.parse(await readFile(path, 'utf8'));
    const at = journal.entries.findIndex(({ tag }: { tag: string }) => tag.endsWith('_notice_events'));
    await writeFile(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, at) }));
    const db = drizzle(pool);
    await migrate(db, { migrationsFolder: folder });
    const tenant = '00000000-0000-7000-8000-000000000001';
    for (const [key, status] of [
      ['open', 'pending'],
      ['over', 'approved'],
    ]) {
      await db.execute(sql`insert into inquiries (namespace, workflow_id, key, n, tenant, status, inquiry, ref, created, event)
        values ('n', 'w', ${key}, 1, ${tenant}, ${status}, '{}', 'a.b', now(), 1)`);
    }
    const notice = (id: number, key: string, kind: string, told: string, wanted: string) =>
      db.execute(sql`insert into notices (id, namespace, workflow_id, key, tenant, kind, target, told, wanted, handle, due, remind)
        values (${id}, 'n', 'w', ${key}, ${tenant}, ${kind}, ${`${kind}-${id}`}, ${told}, ${wanted}, '{"ts":"1"}', now(),
          '2030-01-01T00:00:00Z')`);
    await notice(1, 'open', 'slack', 'pending/0', 'pending/0');
    await notice(2, 'open', 'email', 'pending/0', 'pending/0');
    await notice(3, 'open', 'webhook', '', 'pending/0');
    await notice(4, 'over', 'slack', 'approved/1', 'approved/1');
    await notice(5, 'over', 'slack', 'pending/0', 'approved/1');
    await notice(6, 'over', 'slack', '', 'approved/1');
    await notice(7, 'over', 'webhook', '', 'approved/1');
    await notice(90, 'over', 'webhook', 'approved/1', 'approved/1');

    await migrate(db, { migrationsFolder: MIGRATIONS });
    const events = await createNoticeEventStore(db).list('n', 'w');
    const told = (target: string) =>
      events.filter((event) => event.target === target).map(({ kind, state }) => `${kind} ${state}`);
    expect(told('slack-1')).toEqual(['opened delivered', 'changed pending']);
    expect(told('email-2')).toEqual(['opened delivered']);
    expect(told('webhook-3')).toEqual(['opened pending']);
    expect(told('slack-4')).toEqual(['opened delivered']);
    expect(told('slack-5')).toEqual(['opened delivered', 'decided pending']);
    expect(told('slack-6')).toEqual(['opened superseded']);
    expect(told('webhook-7')).toEqual(['opened pending', 'decided pending']);
    expect(told('webhook-90')).toEqual(['opened delivered']);
    // Buttons of before name their notice by its number.
    expect(events.find(({ id }) => id === 1)).toMatchObject({ kind: 'opened', place: { ts: '1' } });
    expect(Math.min(...events.filter(({ kind }) => kind !== 'opened').map(({ id }) => id))).toBeGreaterThan(90);
    const reminders = await db.execute(sql`select key from inquiries where remind_at is not null`);
    expect(reminders.rows).toEqual([{ key: 'open' }]);
  } finally {
    await pool.end();
    await drop();
    await rm(folder, { recursive: true, force: true });
  }
});
