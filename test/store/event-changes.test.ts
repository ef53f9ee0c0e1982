import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createChangeFeeds } from '../../service/background/change-feeds.ts';
import type { Database } from '../../store/database.ts';
import { createEnforcementStore } from '../../store/events/enforcements.ts';
import { createEventChangeStore } from '../../store/events/event-changes.ts';
import { until } from '../integration/support/until.ts';
import { useBothEngines } from './both-engines.ts';

const engines = useBothEngines();

/** Records an event in a transaction, and calls `meanwhile` before that ends. */
function record(db: Database, tenant: string, name: string, meanwhile: () => Promise<void> = async () => undefined) {
  return db.transaction(async (transaction) => {
    await transaction.execute(sql`
      insert into events (tenant, ingress, identity, event_id, type, source, verified, headers, extensions, payload, payload_bytes, state,
        issues, changed)
      values (${tenant}, 'api', ${name}, ${name}, 't', '/s', true, '{}', '{}', '1', 1, 'planned', '[]',
        pg_current_xact_id()::text::bigint)`);
    await meanwhile();
  });
}

const match = (db: Database, tenant: string) =>
  db.execute(sql`
    insert into enforcements (tenant, event, rule, rule_ref, rule_revision, event_type, depth, status, workflow, changed)
    select ${tenant}, max(id), 1, 'a.b', 1, 't', 0, 'pending', 'a.b', pg_current_xact_id()::text::bigint from events`);

it.each(['Postgres', 'PGlite'])(
  'events and enforcements have one order, of which any part can be read: %s',
  async (engine) => {
    const { db } = engines.opened[engine]!;
    const [changes, enforcements] = [createEventChangeStore(db), createEnforcementStore(db)];
    const tenant = randomUUID();
    const { place: start } = await changes.moment();
    await record(db, tenant, 'a');
    await record(db, tenant, 'b');
    await match(db, tenant);
    const [pending] = await enforcements.list(tenant, {}, { offset: 0, limit: 1 });
    // Transactions of other tests on the same server may be older than these.
    const settled = (count: number) =>
      until(
        () => changes.changesBehind(tenant, start, 10),
        ({ length }) => length >= count,
      );
    const before = await settled(3);
    expect(before.map(({ kind }) => kind)).toEqual(['event', 'event', 'enforcement']);
    await record(db, tenant, 'c');
    await enforcements.settle(pending!, { status: 'started', execution: 7 });
    const all = await settled(4);
    expect(all.map(({ kind }) => kind)).toEqual(['event', 'event', 'event', 'enforcement']);
    expect(all.at(-1)!.row).toMatchObject({ id: pending!.id, status: 'started' });
    for (const [at, place] of all.entries()) {
      expect(await changes.changesBehind(tenant, place, 10)).toEqual(all.slice(at + 1));
    }
    expect(await changes.changesBehind(tenant, start, 2)).toEqual(all.slice(0, 2));
    expect(await changes.changesBehind(tenant, before.at(-1)!, 10)).toEqual(all.slice(2));
    expect(await changes.changesBehind(randomUUID(), start, 10)).toEqual([]);
  },
);

it('what is committed waits for an older transaction, however the two kinds are mixed', async () => {
  const { db } = engines.opened.Postgres!;
  const changes = createEventChangeStore(db);
  const tenant = randomUUID();
  const { place: start } = await changes.moment();
  await record(db, tenant, 'slow', async () => {
    await record(db, tenant, 'quick');
    await match(db, tenant);
    expect(await changes.changesBehind(tenant, start, 10)).toEqual([]);
  });
  const all = await until(
    () => changes.changesBehind(tenant, start, 10),
    ({ length }) => length >= 3,
  );
  const names = all.map(({ kind, row }) => ('eventId' in row ? row.eventId : kind));
  expect(names).toEqual(['slow', 'quick', 'enforcement']);
});

it('a stream from now on leaves out what is there already, whether or not its order is final', async () => {
  const { db } = engines.opened.Postgres!;
  const changes = createEventChangeStore(db);
  const tenant = randomUUID();
  const stop = new AbortController();
  const feeds = createChangeFeeds(changes, pino({ level: 'silent' }));
  const watch = (after?: string) => feeds.watch(tenant, { after, signal: stop.signal });
  const namesOf = async (watched: Awaited<ReturnType<typeof watch>>, count: number) => {
    const names: string[] = [];
    for await (const { row } of watched.entries) {
      if (row.kind === 'event') names.push(row.row.eventId);
      if (names.length === count) break;
    }
    return names;
  };
  let streams: Awaited<ReturnType<typeof watch>>[] = [];
  await record(db, tenant, 'final');
  await record(db, tenant, 'in progress', async () => {
    await record(db, tenant, 'there');
    streams = [await watch(), await watch()];
    await record(db, tenant, 'new');
  });
  const [live, broken] = streams;
  expect(await namesOf(live!, 2)).toEqual(['in progress', 'new']);
  // Nothing is lost to one that resumes from where this began.
  expect(await namesOf(await watch(broken!.start), 3)).toEqual(['in progress', 'there', 'new']);
  stop.abort();
  feeds.close();
});
