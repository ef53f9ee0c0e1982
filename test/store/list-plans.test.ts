import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { fillIndex, fillRecords } from '../../bench/lists/rows.ts';
import { createAuditStore } from '../../store/access/audit.ts';
import { createBacklogStore } from '../../store/events/backlogs.ts';
import { createEnforcementStore } from '../../store/events/enforcements.ts';
import { createEventListStore } from '../../store/events/event-lists.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { createInquiryStore } from '../../store/inquiries/inquiries.ts';
import { useExplainedDatabase } from './query-plans.ts';

// Lists read what they show, and not the table: over rows as those of the bench, though few of them.
// cspell:ignore seqscan bitmapscan hashjoin mergejoin

const TENANT = '00000000-0000-7000-8000-000000000001';
const RUNS = 1_000;

const { db, steps, rowsRead } = useExplainedDatabase();
beforeAll(async () => {
  await fillIndex(db(), TENANT, RUNS);
  await fillRecords(db(), TENANT);
  // With so few rows, reading all of them would cost little.
  for (const way of ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin'])
    await db().execute(sql.raw(`set enable_${way} = off`));
});

it.each([
  ['all', {}],
  ['those of a pack', { packName: 'pack0' }],
  ['those of an action', { actionRef: 'core.http' }],
  [
    'those of a status and of days',
    { statuses: ['failed' as const], createdAfter: new Date(Date.now() - 40 * 86_400_000) },
  ],
])('groups of errors are made from an index that has all that they need: %s', async (_, filter) => {
  const { groups } = await createExecutionStore(db()).errorGroups(TENANT, filter, { after: null, limit: 3 });
  expect(groups).toHaveLength(3);
  expect(await steps()).toContain('Index Only Scan executions_errors');
});

it('the changes of one person are found without those of others', async () => {
  const store = createAuditStore(db());
  expect(await store.list(TENANT, { subject: 'nobody' }, 10)).toEqual([]);
  expect(await rowsRead()).toBe(0);
  const all = await store.list(TENANT, { subject: 'user3' }, RUNS);
  expect(all.length).toBeGreaterThan(20);
  const before = all[4]!.id;
  expect(await store.list(TENANT, { subject: 'user3', before }, 10)).toEqual(all.slice(5, 15));
  expect(await rowsRead()).toBe(10);
});

it.each([
  ['all', {}],
  ['approved', { statuses: ['approved' as const] }],
])('a page of the inbox is read in its order, and what lies behind it is not: %s', async (_, filter) => {
  const { rows } = await createInquiryStore(db()).list(TENANT, filter, { offset: 0, limit: 5 });
  expect(rows).toHaveLength(5);
  expect(await rowsRead(-2)).toBe(5);
});

describe('events and enforcements', () => {
  beforeAll(async () => {
    await db().execute(sql`
      insert into events (tenant, ingress, identity, event_id, type, source, verified, headers, extensions, payload, payload_bytes, state,
        issues, changed)
      select ${TENANT}, 'api', n::text, n::text, 'com.shop' || n % 200 || '.sold', '/s', true, '{"a":"b"}', '{}', '{"n":1}', 7, 'planned',
        '[]', n
      from generate_series(1, ${RUNS}) n`);
    await db().execute(sql`
      insert into events (tenant, ingress, identity, event_id, type, source, verified, headers, extensions, payload, payload_bytes, state,
        issues, changed)
      select ${TENANT}, 'api', 'x' || type, type, type, '/s', true, '{}', '{}', 'null', 4, 'planned', '[]', 0
      from unnest(array['com.shop3', 'com.shop3.', 'com.shop3-a.sold', 'com.shop30', 'com.Shop3.sold', 'io.fermata.execution.failed']) type`);
    await db().execute(sql`
      insert into enforcements (tenant, event, rule, rule_ref, rule_revision, event_type, depth, status, workflow, changed)
      select ${TENANT}, n, n % 100, 'ops.rule' || n % 100, 1, 't', 0, 'started', 'ops.w', n from generate_series(1, ${RUNS}) n`);
    await db().execute(sql`analyze events, enforcements`);
  });

  const lists = () => createEventListStore(db());

  /** Inserts as many events of a tenant that are all alike, but for one. */
  async function fillEvents(tenant: string): Promise<void> {
    await db().execute(sql`
      insert into events (tenant, ingress, identity, event_id, type, source, subject, trigger_ref, webhook, verified, headers, extensions,
        payload, payload_bytes, state, matches, issues, changed)
      select ${tenant}, 'api', id, id, 't', '/' || kind, kind, 'p.' || kind, kind, true, '{}', '{}', 'null', 4,
        case when n = 0 then 'invalid' else 'planned' end, case when n = 0 then 1 else 0 end, '[]', n
      from (select n, case when n = 0 then 'rare' else 'usual' end as kind, case when n = 0 then 'rare' else n::text end as id
        from generate_series(0, ${RUNS}) n) as given
      on conflict do nothing`);
    await db().execute(sql`analyze events`);
  }

  it.each([
    ['source', { source: '/rare' }],
    ['subject', { subject: 'rare' }],
    ['trigger', { triggerRef: 'p.rare' }],
    ['webhook', { webhook: 'rare' }],
    ['state', { state: 'invalid' as const }],
    ['matches', { matched: true }],
    ['id of the sender', { eventId: 'rare' }],
  ])('the few events of a %s are found without reading the others', async (_, filter) => {
    const tenant = '00000000-0000-7000-8000-00000000000c';
    await fillEvents(tenant);
    const rows = await lists().list(tenant, filter, { offset: 0, limit: 20 });
    expect(rows.map(({ eventId }) => eventId)).toEqual(['rare']);
    expect(await rowsRead()).toBe(1);
    expect(await lists().count(tenant, filter)).toBe(1);
    expect(await rowsRead()).toBe(1);
  });

  it.each([
    ['reason', { reason: 'loop' }],
    ['status', { status: 'suppressed' as const }],
    ['workflow', { workflow: 'ops.rare' }],
    ['trigger', { triggerRef: 'ops.rare' }],
  ])('the few enforcements of a %s are found without reading the others', async (_, filter) => {
    await db().execute(sql`
      insert into enforcements (tenant, event, rule, rule_ref, rule_revision, event_type, trigger_ref, depth, status, reason, reason_code, workflow, changed)
      values (${TENANT}, 0, 0, 'ops.rare', 1, 't', 'ops.rare', 0, 'suppressed', '{}', 'loop', 'ops.rare', 0) on conflict do nothing`);
    const store = createEnforcementStore(db());
    const rows = await store.list(TENANT, filter, { offset: 0, limit: 20 });
    expect(rows.map(({ ruleRef }) => ruleRef)).toEqual(['ops.rare']);
    expect(await rowsRead()).toBe(1);
    expect(await store.count(TENANT, filter)).toBe(1);
    expect(await rowsRead()).toBe(1);
  });

  it('those of a range of time are found without reading the others, though ids and times differ a little in their order', async () => {
    const tenant = '00000000-0000-7000-8000-00000000000d';
    const began = Date.parse('2025-11-01T00:00:00Z');
    const minute = (n: number) => new Date(began + n * 60_000);
    // One a minute, each up to four minutes early.
    const at = sql`${minute(0).toISOString()}::timestamptz + (n - n * 7 % 5) * interval '1 minute'`;
    await db().execute(sql`
      insert into events (tenant, ingress, identity, event_id, type, source, verified, headers, extensions, payload, payload_bytes, state,
        issues, received, changed)
      select ${tenant}, 'api', 'at' || n, n::text, 't', '/s', true, '{}', '{}', 'null', 4, 'planned', '[]', ${at}, 0
      from generate_series(1, ${RUNS}) n`);
    await db().execute(sql`
      insert into enforcements (tenant, event, rule, rule_ref, rule_revision, event_type, depth, status, workflow, created, changed)
      select ${tenant}, 5000000 + n, 1, 'p.r', 1, 't', 0, 'started', 'p.w', ${at}, 0 from generate_series(1, ${RUNS}) n`);
    await db().execute(sql`analyze events, enforcements`);
    const page = { offset: 0, limit: RUNS };
    const [after, before] = [minute(300), minute(310)];
    const inside = (time: Date) => time >= after && time < before;

    const events = await lists().list(tenant, {}, page);
    const wanted = events.filter(({ received }) => inside(received));
    expect(wanted).toHaveLength(10);
    expect(await lists().list(tenant, { receivedAfter: after, receivedBefore: before }, page)).toEqual(wanted);
    expect(await rowsRead()).toBeLessThan(60);
    expect(await steps()).toContain('Index Scan events_received');
    expect(await lists().list(tenant, { receivedBefore: minute(20) }, { offset: 0, limit: 3 })).toEqual(
      events.filter(({ received }) => received < minute(20)).slice(0, 3),
    );
    expect(await rowsRead()).toBeLessThan(30);
    expect(await lists().count(tenant, { receivedAfter: minute(RUNS + 60) })).toBe(0);

    const store = createEnforcementStore(db());
    const all = await store.list(tenant, {}, page);
    expect(await store.list(tenant, { createdAfter: after, createdBefore: before }, page)).toEqual(
      all.filter(({ created }) => inside(created)),
    );
    expect(await rowsRead()).toBeLessThan(60);
    expect(await steps()).toContain('Index Scan enforcements_created');
    expect(await store.count(tenant, { createdBefore: minute(20) })).toBe(
      all.filter(({ created }) => created < minute(20)).length,
    );
    // The plans of other tests depend on what is in the tables.
    for (const table of ['events', 'enforcements'])
      await db().execute(sql`delete from ${sql.identifier(table)} where tenant = ${tenant}`);
  });

  it('retention looks at the oldest events in the order of their ids, and not of the digits of these', async () => {
    const tenant = '00000000-0000-7000-8000-00000000000e';
    const ids = Array.from({ length: 100 }, (_, n) => 999_990 + n);
    await db().execute(sql`
      insert into events (id, tenant, ingress, identity, event_id, type, source, verified, headers, extensions, payload, payload_bytes, state,
        issues, received, changed)
      select id, ${tenant}, 'api', 'old' || id, 'x', 't', '/s', true, '{}', '{}', 'null', 4, 'planned', '[]', '2001-01-01T00:00:00Z', 0
      from unnest(${`{${ids.join()}}`}::bigint[]) id`);
    await db().execute(sql`analyze events`);
    const backlog = createBacklogStore(db());
    const before = new Date('2002-01-01T00:00:00Z');
    const first = await backlog.forget(before, 20, null);
    expect(first!.id).toBe('1000009');
    expect((await backlog.forget(before, 20, first))!.id).toBe('1000029');
    expect((await lists().list(tenant, {}, { offset: 0, limit: 100 })).map(({ id }) => id)).toEqual(
      ids.slice(40).toReversed(),
    );
  });

  it('a pattern of types finds them in an index, whatever the order of letters is elsewhere', async () => {
    const page = { offset: 0, limit: RUNS };
    const rows = await lists().list(TENANT, { type: 'com.shop3.*' }, page);
    expect(rows.map(({ type }) => type)).toEqual(Array(5).fill('com.shop3.sold'));
    expect(rows.map(({ id }) => id)).toEqual(rows.map(({ id }) => id).toSorted((a, b) => b - a));
    expect(await rowsRead()).toBe(5);
    expect(await steps()).toContain('Index Scan events_type');
    expect(await lists().count(TENANT, { type: 'com.shop3.*' })).toBe(5);
    expect(await steps()).toContain('Index Only Scan events_type');
  });

  it('a pattern names the events of Fermata itself, or means those of others', async () => {
    const count = (type: string) => lists().count(TENANT, { type });
    expect(await count('*')).toBe(RUNS + 5);
    expect(await count('io.*')).toBe(0);
    expect(await count('io.fermata.*')).toBe(1);
    expect(await count('com.*')).toBe(RUNS + 5);
  });

  it('a list of events leaves in the table what may be large', async () => {
    const [row] = await lists().list(TENANT, {}, { offset: 0, limit: 1 });
    for (const part of ['payload', 'headers', 'extensions', 'issues']) expect(row).not.toHaveProperty(part);
    const [whole] = await lists().read(TENANT, [row!.id - 10]);
    expect(whole).toMatchObject({ payload: { n: 1 }, headers: { a: 'b' } });
    expect(await lists().read('00000000-0000-7000-8000-000000000002', [row!.id - 10])).toEqual([]);
  });

  it('the enforcements of a rule are found by its ref', async () => {
    const rows = await createEnforcementStore(db()).list(TENANT, { rule: 'ops.rule7' }, { offset: 0, limit: 5 });
    expect(rows.map(({ ruleRef }) => ruleRef)).toEqual(Array(5).fill('ops.rule7'));
    expect(await rowsRead()).toBe(5);
  });

  it('a lease reads no more than it takes, however much waits', async () => {
    const tenant = '00000000-0000-7000-8000-00000000000b';
    const wait = (first: number, lane: number | null, notBefore: string | null) =>
      db().execute(sql`
        insert into enforcements (tenant, event, rule, rule_ref, rule_revision, event_type, depth, status, workflow, changed, lane, not_before)
        select ${tenant}, ${first}::integer + n, 1, 'ops.w', 1, 't', 0, 'pending', 'ops.w', n, ${lane}::integer, ${notBefore}::timestamptz
        from generate_series(1, ${RUNS}) n`);
    const now = new Date();
    const until = new Date(now.getTime() + 30_000);
    const lease = () => createEnforcementStore(db()).lease(tenant, 2, now, until);
    await wait(1_000_000, 1, '2100-01-01');
    await wait(2_000_000, null, null);
    await db().execute(sql`analyze enforcements`);
    expect(await lease()).toHaveLength(2);
    expect(await rowsRead()).toBeLessThan(20);
    await wait(3_000_000, 2, null);
    await db().execute(sql`delete from enforcements where tenant = ${tenant} and lane is null`);
    await db().execute(sql`analyze enforcements`);
    expect(await lease()).toHaveLength(2);
    expect(await rowsRead()).toBeLessThan(20);
  });
});
