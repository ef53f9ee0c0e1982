import { randomUUID } from 'node:crypto';
import { and, eq, inArray, ne, sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../model/events/event.ts';
import { createIntake } from '../../service/events/intake.ts';
import { createBacklogStore } from '../../store/events/backlogs.ts';
import { createEnforcementStore, suppressPending } from '../../store/events/enforcements.ts';
import { createEventListStore, type EventFilter } from '../../store/events/event-lists.ts';
import { createEventStore, type EventEntry } from '../../store/events/events.ts';
import { createPlanningStore } from '../../store/events/planning.ts';
import { enforcements, events } from '../../store/events/tables.ts';
import { NO_RUSHES } from '../service/events/no-rushes.ts';
import { useBothEngines } from './both-engines.ts';

const engines = useBothEngines();

const OPEN = {
  triggers: { find: async () => null, ofTypes: async () => [] },
  backlog: { demandRoom: () => undefined },
  rushes: NO_RUSHES,
  onRecorded: () => undefined,
};

const EVENT = {
  event_id: 'e1',
  type: 'com.example.sold',
  source: '/shop',
  subject: 'order/1',
  time: '2026-11-01T03:00:00.123456+01:00',
  trigger_ref: null,
  headers: { 'user-agent': 'x' },
  extensions: { rank: 3 },
  content_type: 'application/json',
  payload: { z: 'a\0b\ud83d\ude00', a: [1.5, null, { '': true }], __: '\\u0000' },
  verified: true,
  webhook: null,
} satisfies NewEvent;

/** Enforcements of some events that wait to be started. */
function waitingOf(tenant: string, ids: readonly number[]): (typeof enforcements.$inferInsert)[] {
  const common = { tenant, rule: 1, ruleRef: 'a.b', ruleRevision: 1, eventType: EVENT.type, workflow: 'a.b' };
  return ids.map((event) => ({ ...common, event, depth: 0, status: 'pending', changed: 0 }));
}

describe.each(['Postgres', 'PGlite'])('%s', (engine) => {
  const stores = () => {
    const { db } = engines.opened[engine]!;
    const store = createEventStore(db);
    return {
      store,
      lists: createEventListStore(db),
      intake: createIntake({ store, ...OPEN }),
    };
  };
  const from = (tenant: string, ingress = 'api') => ({
    tenant,
    ingress,
    source: '/principals/ann',
    principal: 'ann',
    onBehalfOf: null,
  });

  it('keeps an event as it was sent', async () => {
    const { intake, lists } = stores();
    const tenant = randomUUID();
    const [{ id } = { id: 0 }] = await intake.accept(from(tenant), [EVENT]);
    const row = await lists.find(tenant, id);
    expect(row).toMatchObject({
      eventId: 'e1',
      type: EVENT.type,
      source: EVENT.source,
      subject: EVENT.subject,
      time: EVENT.time,
      headers: EVENT.headers,
      extensions: EVENT.extensions,
      payload: EVENT.payload,
      payloadBytes: JSON.stringify(EVENT.payload).length + 2,
      state: 'received',
      matches: 0,
      depth: 0,
      chain: [],
      principal: 'ann',
    });
    expect(Object.keys(row!.payload as object)).toEqual(['z', 'a', '__']);
    expect(await lists.find(randomUUID(), id)).toBeNull();
  });

  it('knows a duplicate by tenant, ingress, source and id, whatever else it has', async () => {
    const { intake, lists } = stores();
    const tenant = randomUUID();
    const accept = async (where: ReturnType<typeof from>, change: object) => {
      const [accepted] = await intake.accept(where, [{ ...EVENT, ...change }]);
      return accepted!;
    };
    const first = await accept(from(tenant), {});
    expect(first.duplicate).toBe(false);
    expect(await accept(from(tenant), { payload: 'other', type: 'other' })).toEqual({
      ...first,
      type: 'other',
      duplicate: true,
    });
    const others = [
      await accept(from(tenant), { event_id: 'e2' }),
      await accept(from(tenant), { source: '/other' }),
      await accept(from(tenant, 'hook-1'), {}),
      await accept(from(randomUUID()), {}),
      await accept(from(tenant), { event_id: null }),
      await accept(from(tenant), { event_id: null }),
    ];
    expect(others.map(({ duplicate }) => duplicate)).toEqual(others.map(() => false));
    expect(new Set([first, ...others].map(({ id }) => id)).size).toBe(7);
    expect((await lists.find(tenant, first.id))!.payload).toEqual(EVENT.payload);
  });

  it('answers each of many requests at once with its own event', async () => {
    const { intake, lists } = stores();
    const tenant = randomUUID();
    const requests = Array.from({ length: 300 }, (_, at) => ({ ...EVENT, event_id: `e${at % 250}`, payload: at }));
    const answers = await Promise.all(requests.map((event) => intake.accept(from(tenant), [event])));
    const ids = answers.map(([accepted]) => accepted!.id);
    expect(answers.filter(([accepted]) => accepted!.duplicate)).toHaveLength(50);
    expect(ids.slice(250)).toEqual(ids.slice(0, 50));
    for (const at of [0, 137, 249]) {
      expect(await lists.find(tenant, ids[at]!)).toMatchObject({ eventId: `e${at}`, payload: at });
    }
    // Events of one process are numbered in the order in which they came.
    expect(ids.slice(0, 250)).toEqual(ids.slice(0, 250).toSorted((a, b) => a - b));
    expect(await lists.count(tenant, {})).toBe(250);
  });

  it('takes two batches with the same events in opposite orders at once, each in its own order', async () => {
    const { lists, store } = stores();
    const tenant = randomUUID();
    // Each intake is that of another process.
    const intakes = [createIntake({ store, ...OPEN }), createIntake({ store, ...OPEN })] as const;
    for (const round of [1, 2, 3]) {
      const batch = Array.from({ length: 500 }, (_, at) => ({ ...EVENT, event_id: `r${round}-${at}` }));
      const [there, back] = await Promise.all([
        intakes[0].accept(from(tenant), batch),
        intakes[1].accept(from(tenant), batch.toReversed()),
      ]);
      expect(back.toReversed().map(({ id }) => id)).toEqual(there.map(({ id }) => id));
      const own = there.filter(({ duplicate }) => !duplicate).map(({ id }) => id);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
      expect(await lists.count(tenant, {})).toBe(500 * round);
    }
  });

  it('takes a batch whole, with duplicates within it', async () => {
    const { intake, lists } = stores();
    const tenant = randomUUID();
    const batch = ['a', 'b', 'a', 'c'].map((event_id) => ({ ...EVENT, event_id }));
    const accepted = await intake.accept(from(tenant), batch);
    expect(accepted.map(({ event_id, duplicate }) => [event_id, duplicate])).toEqual([
      ['a', false],
      ['b', false],
      ['a', true],
      ['c', false],
    ]);
    expect(accepted[2]!.id).toBe(accepted[0]!.id);
    expect(await lists.count(tenant, {})).toBe(3);
  });

  it('has one request refused alone when the database refuses what it says, and a batch as a whole', async () => {
    const { store, lists } = stores();
    const tenant = randomUUID();
    // The columns refuse what the checks of the intake let nobody send.
    const bad = { trigger_ref: 'a\0b' };
    const refusing = createIntake({
      store: {
        record: (entries: readonly EventEntry[]) =>
          store.record(entries.map((each) => (each.subject === 'bad' ? { ...each, ...bad } : each))),
      },
      ...OPEN,
    });
    const good = { ...EVENT, event_id: 'good' };
    const poisoned = [
      { ...EVENT, event_id: 'p1' },
      { ...EVENT, event_id: 'p2', subject: 'bad' },
    ];
    const [first, second, third] = await Promise.allSettled([
      refusing.accept(from(tenant), [good]),
      refusing.accept(from(tenant), poisoned),
      refusing.accept(from(tenant), [{ ...good, event_id: 'too' }]),
    ]);
    expect([first.status, second.status, third.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await lists.list(tenant, {}, { offset: 0, limit: 10 })).map(({ eventId }) => eventId)).toEqual([
      'too',
      'good',
    ]);
  });

  it('lists newest first, by each filter, on from an id', async () => {
    const { intake, lists } = stores();
    const tenant = randomUUID();
    const types = ['com.a.b', 'com.a.b.c', 'com.ab', 'com.a'];
    const accepted = await intake.accept(
      from(tenant),
      types.map((type, at) => ({ ...EVENT, type, event_id: `${at}`, subject: at === 0 ? null : `s${at}` })),
    );
    const ids = accepted.map(({ id }) => id);
    const found = async (filter: EventFilter, window = { offset: 0, limit: 10 }) =>
      (await lists.list(tenant, filter, window)).map(({ id }) => ids.indexOf(id));
    expect(await found({})).toEqual([3, 2, 1, 0]);
    expect(await found({ type: 'com.a.*' })).toEqual([1, 0]);
    expect(await found({ type: 'com.a' })).toEqual([3]);
    expect(await found({ subject: 's2' })).toEqual([2]);
    expect(await found({ eventId: '1' })).toEqual([1]);
    expect(await found({ source: '/shop', state: 'received', matched: false })).toEqual([3, 2, 1, 0]);
    expect(await found({ matched: true })).toEqual([]);
    expect(await found({ receivedAfter: new Date(Date.now() + 60_000) })).toEqual([]);
    expect(await found({ receivedBefore: new Date(Date.now() + 60_000) }, { offset: 1, limit: 2 })).toEqual([2, 1]);
    expect(await found({}, { offset: 0, limit: 10, before: ids[2] } as never)).toEqual([1, 0]);
    expect(await lists.list(randomUUID(), {}, { offset: 0, limit: 10 })).toEqual([]);
  });

  it('a clock that was ahead for a while hides nothing that came after it was set right', async () => {
    const { intake, lists } = stores();
    const { db } = engines.opened[engine]!;
    const store = createEnforcementStore(db);
    const tenant = randomUUID();
    const ids: number[] = [];
    for (const hours of [0, 1, 0]) {
      const at = sql`now() + make_interval(hours => ${hours})`;
      const [{ id } = { id: 0 }] = await intake.accept(from(tenant), [{ ...EVENT, event_id: null }]);
      await db.update(events).set({ received: at }).where(eq(events.id, id));
      await db.insert(enforcements).values({ ...waitingOf(tenant, [id])[0]!, created: at });
      ids.push(id);
    }
    const page = { offset: 0, limit: 10 };
    const soon = new Date(Date.now() + 60_000);
    const expected = [ids[2], ids[0]];
    expect((await lists.list(tenant, { receivedBefore: soon }, page)).map(({ id }) => id)).toEqual(expected);
    expect((await store.list(tenant, { createdBefore: soon }, page)).map(({ event }) => event)).toEqual(expected);
    expect(await lists.count(tenant, { receivedAfter: soon })).toBe(1);
  });

  it('leases as many of the oldest enforcements as it is asked for, and none of them twice', async () => {
    const { db } = engines.opened[engine]!;
    const store = createEnforcementStore(db);
    const tenant = randomUUID();
    await db.insert(enforcements).values(waitingOf(tenant, [1, 2, 3]));
    const now = new Date();
    const lease = async () => {
      const leased = await store.lease(tenant, 2, now, new Date(now.getTime() + 30_000));
      return leased.map(({ event }) => event);
    };
    expect([await lease(), await lease(), await lease()]).toEqual([[1, 2], [3], []]);
  });

  it('plans as many of the oldest events as were decided about, and never more payload at a time than it has to', async () => {
    const { intake, lists } = stores();
    const { db } = engines.opened[engine]!;
    const planning = createPlanningStore(db);
    const tenant = randomUUID();
    const sizes = [1, 5, 1, 5, 10].map((mib) => mib * 1024 * 1024);
    for (const payloadBytes of sizes) {
      const [{ id } = { id: 0 }] = await intake.accept(from(tenant), [{ ...EVENT, event_id: null }]);
      await db.update(events).set({ payloadBytes }).where(eq(events.id, id));
    }
    const batches: number[] = [];
    const plan = (most: number) =>
      planning.plan(tenant, 100, async ({ events: found }) => {
        batches.push(found.length);
        return { decided: Math.min(most, found.length), partial: null, matches: [], counts: [] };
      });
    const planned = async () => lists.count(tenant, { state: 'planned' });
    expect([await plan(1), await planned()]).toEqual([1, 1]);
    expect([await plan(9), await plan(9), await plan(9), await plan(9)]).toEqual([2, 1, 1, 0]);
    expect(batches).toEqual([3, 2, 1, 1]);
    expect(await planned()).toBe(5);
  });

  it('suppresses what is pending of a rule, but for what a process has had in hand', async () => {
    const { db } = engines.opened[engine]!;
    const store = createEnforcementStore(db);
    const tenant = randomUUID();
    await db.insert(enforcements).values(waitingOf(tenant, [4, 5, 6]));
    const now = new Date();
    const leased = await store.lease(tenant, 2, now, new Date(now.getTime() + 30_000));
    expect(leased).toHaveLength(2);
    const [given, held] = leased;
    await store.settle(given!, { status: 'pending', attempts: 1, notBefore: null });
    await db.transaction((transaction) =>
      suppressPending(transaction, tenant, [1], { code: 'rule_disabled', message: 'x' }),
    );
    const rows = await store.list(tenant, {}, { offset: 0, limit: 10 });
    expect(rows.map(({ status }) => status)).toEqual(['suppressed', 'pending', 'pending']);
    // The one that was given back is leased again, the other one not before its lease is over.
    expect((await store.lease(tenant, 2, now, now)).map(({ id }) => id)).toEqual([given!.id]);
    expect(held!.id).toBeGreaterThan(given!.id);
  });

  it('records that an enforcement has started once, also after it was suppressed', async () => {
    const { db } = engines.opened[engine]!;
    const store = createEnforcementStore(db);
    const tenant = randomUUID();
    const [row] = await db
      .insert(enforcements)
      .values(waitingOf(tenant, [7]))
      .returning();
    expect(await store.settle(row!, { status: 'suppressed', reason: { code: 'rule_disabled', message: 'x' } })).toBe(
      true,
    );
    expect(await store.settle(row!, { status: 'started', execution: 1 })).toBe(true);
    const started = await store.find(tenant, row!.id);
    expect(started).toMatchObject({ status: 'started', execution: 1, reason: null });
    expect(await store.settle(row!, { status: 'started', execution: 1 })).toBe(false);
    expect(await store.find(tenant, row!.id)).toEqual(started);
  });

  it('lists the tenants that have something to start now, those behind one first', async () => {
    const { db } = engines.opened[engine]!;
    const store = createEnforcementStore(db);
    const now = new Date();
    const [past, future] = [new Date(now.getTime() - 1_000), new Date(now.getTime() + 1_000)];
    const made: string[] = Array.from({ length: 5 }, () => randomUUID()).sort();
    const times = [{}, { notBefore: future }, { leased: future }, { leased: past, notBefore: past }, { leased: past }];
    for (const [at, tenant] of made.entries())
      await db.insert(enforcements).values(waitingOf(tenant, [10 + at]).map((row) => ({ ...row, ...times[at] })));
    const listed = async (after: number | null) => {
      const found = await store.tenants(now, after === null ? null : made[after]!, 1_000);
      return found.map((tenant) => made.indexOf(tenant)).filter((at) => at !== -1);
    };
    expect([await listed(null), await listed(0), await listed(2), await listed(4)]).toEqual([
      [0, 3, 4],
      [3, 4, 0],
      [3, 4, 0],
      [0, 3, 4],
    ]);
    const all = await store.tenants(now, made[3]!, 1_000);
    expect(await store.tenants(now, made[3]!, all.length - 1)).toEqual(all.slice(0, -1));
    await db.delete(enforcements).where(inArray(enforcements.tenant, made));
  });

  it('lists the tenants that have something to plan, those behind one first', async () => {
    const { intake } = stores();
    const planning = createPlanningStore(engines.opened[engine]!.db);
    const made: string[] = Array.from({ length: 3 }, () => randomUUID()).sort();
    for (const tenant of made) await intake.accept(from(tenant), [EVENT]);
    await planning.plan(made[1]!, 1, async () => ({ decided: 1, partial: null, matches: [], counts: [] }));
    const listed = async (after: string | null) =>
      (await planning.tenants(after, 1_000)).map((tenant) => made.indexOf(tenant)).filter((at) => at !== -1);
    expect([await listed(null), await listed(made[0]!)]).toEqual([
      [0, 2],
      [2, 0],
    ]);
  });

  it('counts what waits, and forgets what is old and done', async () => {
    const { intake, lists } = stores();
    const { db } = engines.opened[engine]!;
    const backlogs = createBacklogStore(db);
    const tenant = randomUUID();
    const names = ['unplanned', 'unmatched', 'pending', 'failed', 'indexed', 'young'];
    const accepted = await intake.accept(
      from(tenant),
      names.map((event_id) => ({ ...EVENT, event_id })),
    );
    const idOf = Object.fromEntries(accepted.map(({ event_id, id }) => [event_id, id]));
    expect((await backlogs.count()).get(tenant)).toBe(6);
    const planned = names.slice(1).map((name) => idOf[name]!);
    await db.update(events).set({ state: 'planned' }).where(inArray(events.id, planned));
    await db
      .update(events)
      .set({ received: new Date('2026-01-01') })
      .where(and(eq(events.tenant, tenant), ne(events.id, idOf.young!)));
    for (const [name, status] of [
      ['pending', 'pending'],
      ['failed', 'failed'],
      ['indexed', 'started'],
    ] as const) {
      await db.insert(enforcements).values({
        tenant,
        event: idOf[name]!,
        rule: 1,
        ruleRef: 'a.b',
        ruleRevision: 1,
        eventType: EVENT.type,
        depth: 0,
        status,
        workflow: 'a.b',
        changed: 0,
      });
    }
    const [{ id: enforcement } = { id: 0 }] = await db
      .select({ id: enforcements.id })
      .from(enforcements)
      .where(eq(enforcements.event, idOf.indexed!));
    await db.execute(sql`
      insert into executions (namespace, workflow_id, n, tenant, ref, pack, status, enforcement, created, updated, listed, version_start, version_run, version_closed, version_event)
      values ('backlogs', ${tenant}, ${enforcement}, ${tenant}, 'a.b', 'a', 'completed', ${enforcement}, now(), now(), now(), 1, 'run', 1, 5)`);
    expect((await backlogs.count()).get(tenant)).toBe(2);

    const kept = async () => (await lists.list(tenant, {}, { offset: 0, limit: 10 })).map(({ eventId }) => eventId);
    const before = new Date('2026-02-01');
    // One at a time, behind the last one: what stays keeps nothing else.
    let last = await backlogs.forget(before, 1, null);
    const looked: string[] = [];
    for (; last !== null; last = await backlogs.forget(before, 1, last)) looked.push(last.id);
    expect(looked).toEqual(names.filter((name) => name !== 'young').map((name) => String(idOf[name])));
    expect(await kept()).toEqual(['young', 'indexed', 'pending', 'unplanned']);
    const left = await db
      .select({ event: enforcements.event })
      .from(enforcements)
      .where(eq(enforcements.tenant, tenant));
    expect(left.map(({ event }) => event).sort()).toEqual([idOf.pending, idOf.indexed].sort());
    await db.execute(sql`delete from executions where namespace = 'backlogs' and workflow_id = ${tenant}`);
    expect(await backlogs.forget(before, 10, null)).not.toBeNull();
    expect(await kept()).toEqual(['young', 'pending', 'unplanned']);
  });
});
