import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { RuleContent } from '../../model/rules/rule.ts';
import { createBell } from '../../service/background/bell.ts';
import { createPlanner } from '../../service/events/planner.ts';
import { createEventRetention } from '../../service/events/retention.ts';
import { createCompiledRules } from '../../service/rules/compiled-rules.ts';
import { packs } from '../../store/definitions/tables.ts';
import { createEnforcementStore, type EnforcementRow } from '../../store/events/enforcements.ts';
import { createEventStore, type EventEntry } from '../../store/events/events.ts';
import { createPlanningStore } from '../../store/events/planning.ts';
import { enforcements, events, ruleKeys } from '../../store/events/tables.ts';
import { createRuleKeyStore } from '../../store/rules/rule-keys.ts';
import { createRuleStore } from '../../store/rules/rules.ts';
import { ruleRevisions, rules as ruleTable } from '../../store/rules/tables.ts';
import { sampleContent } from '../language/rules/sample-rules.ts';
import { NO_RUSHES } from '../service/events/no-rushes.ts';
import { useBothEngines } from './both-engines.ts';

// Matches that wait for each other: what planning makes of events, in databases as they are.

const engines = useBothEngines();
const BY = { owner: 1, ownerSubject: 'ann' };
const FIELDS = { label: 'R', description: null, tags: [], enabled: true };

describe.each(['Postgres', 'PGlite'])('%s', (engine) => {
  /** A tenant with one rule, whose content can be changed. */
  async function scene(given: Partial<RuleContent>) {
    const { db } = engines.opened[engine]!;
    const tenant = randomUUID();
    const [pack] = await db.insert(packs).values({ tenant, ref: 'p', label: 'P' }).returning();
    const suppressed: number[] = [];
    const rules = createRuleStore(db, (enforcements) => suppressed.push(enforcements));
    const contentOf = (content: Partial<RuleContent>) => ({
      hash: randomUUID(),
      content: sampleContent({ workflow: null, action_ref: 'core.noop', ...content }),
    });
    const add = (ref: string, content: Partial<RuleContent>) =>
      rules.create(tenant, {
        pack: pack!.id,
        ref,
        fields: FIELDS,
        content: contentOf(content),
        writers: ['ann'],
        by: BY,
      });
    await add('p.r', given);
    const store = createPlanningStore(db);
    const starts = createEnforcementStore(db);
    const planner = (clock = Date.now) =>
      createPlanner({
        store: { ...store, tenants: async () => (await store.tenants(null, 1_000)).filter((each) => each === tenant) },
        rules: createCompiledRules(),
        rushes: NO_RUSHES,
        bell: createBell(),
        onPlanned: () => undefined,
        clock,
        log: pino({ level: 'silent' }),
      });
    const all = () => db.select().from(enforcements).where(eq(enforcements.tenant, tenant)).orderBy(enforcements.id);
    return {
      db,
      tenant,
      starts,
      planner,
      all,
      rules,
      suppressed,

      /** Adds a rule. */
      add,

      /** Writes a new revision of the rule. */
      write: (content: Partial<RuleContent>) =>
        rules.update(tenant, 'p.r', BY, () => ({ fields: FIELDS, content: contentOf(content), writers: ['ann'] })),

      /** Leases what is due for half a minute, and returns the places of the enforcements. */
      async lease(limit = 10) {
        const leased = await starts.lease(tenant, limit, new Date(), new Date(Date.now() + 30_000));
        const ids = (await all()).map(({ id }) => id);
        return leased.map(({ id }) => ids.indexOf(id));
      },

      /** Settles the enforcement at a place. */
      async settle(place: number, status: 'started' | 'failed' | 'given back', notBefore: Date | null = null) {
        const row = (await all())[place]!;
        if (status === 'started') await starts.settle(row, { status, execution: 1 });
        else if (status === 'failed') await starts.settle(row, { status, reason: { code: 'internal', message: 'x' } });
        else await starts.settle(row, { status: 'pending', attempts: 1, notBefore });
      },

      /** Has what waits be due, as if the starts had been late. */
      async wait() {
        await db.update(enforcements).set({ notBefore: null }).where(eq(enforcements.tenant, tenant));
      },

      /** Moves the start of the enforcement at a place so many seconds back. */
      async age(place: number, seconds: number) {
        const { id, started } = (await all())[place]!;
        const before = new Date(started!.getTime() - seconds * 1_000);
        await db.update(enforcements).set({ started: before }).where(eq(enforcements.id, id));
      },

      /** Records events with these payloads, received now or at these seconds of a day. */
      async receive(...sent: { payload?: EventEntry['payload']; at?: number; replay?: number }[]) {
        const entries = sent.map(({ payload = null, replay = null }) => entryOf(tenant, payload, replay));
        const recorded = await createEventStore(db).record(entries);
        for (const [index, { at }] of sent.entries()) {
          if (at === undefined) continue;
          const received = new Date(Date.UTC(2026, 0, 1) + at * 1_000);
          await db.update(events).set({ received }).where(eq(events.id, recorded[index]!.id));
        }
        return recorded.map(({ id }) => id);
      },

      /** The enforcements, oldest first: the status or the reason of each, and the place of the one that it repeats. */
      async planned() {
        const rows = await all();
        return rows.map(({ status, reasonCode, duplicateOf }) => {
          const repeated = rows.findIndex(({ id }) => id === duplicateOf);
          return [reasonCode ?? status, repeated === -1 ? null : repeated];
        });
      },
    };
  }

  const [START, repeats] = [['pending', null], (place: number) => ['duplicate', place]];

  it('applies the rules of an event in as many transactions as it takes, each of them once', async () => {
    const { db, tenant, add, write, receive, planner, all } = await scene({});
    for (const ref of ['p.a', 'p.b']) await add(ref, { when: 'event.payload' });
    await receive({ payload: true });
    const read = async () => {
      const [event] = await db.select().from(events).where(eq(events.tenant, tenant));
      return { ...event!, rules: (await all()).map(({ ruleRef }) => ruleRef) };
    };
    let now = 0;
    const turns = planner(() => {
      now += 1_000;
      return now;
    });
    const store = createPlanningStore(db);
    const { id } = (await createRuleStore(db).find(tenant, 'p.r'))!;
    const first = await store.plan(tenant, 100, async ({ events: [event] }) => {
      const match = {
        event: event!,
        rule: { id, ref: 'p.r', revision: 1 },
        workflow: 'core.noop',
        status: 'pending' as const,
      };
      const more = { reason: null, duplicateOf: null, key: null, lane: null, notBefore: null };
      const counts = [{ rule: id, matched: 1 }];
      return { decided: 0, partial: { event: event!.id, applied: id }, matches: [{ ...match, ...more }], counts };
    });
    expect(first).toBe(1);
    expect(await read()).toMatchObject({ state: 'received', matches: 1, rules: ['p.r'] });
    // A rule that was applied is not applied again; one that is added meanwhile is.
    await write({ when: 'true' });
    await add('p.c', {});
    await turns.tick();
    const done = { state: 'planned', matches: 4, applied: null, rules: ['p.r', 'p.a', 'p.b', 'p.c'] };
    expect(await read()).toMatchObject(done);
    const counts = await Promise.all(done.rules.map((ref) => createRuleStore(db).find(tenant, ref)));
    expect(counts.map((rule) => rule!.counts.matched)).toEqual([1, 1, 1, 1]);
    expect(counts[0]!.counts.lastMatch).toBeInstanceOf(Date);
  });

  it('reports how many enforcements a change of rules has suppressed, once it is committed', async () => {
    const { db, tenant, rules, suppressed, add, receive, planner, planned } = await scene({});
    await add('p.other', {});
    await receive({}, {});
    await planner().tick();
    const disable = (ref: string, at: typeof rules) =>
      at.update(tenant, ref, BY, () => ({ fields: { ...FIELDS, enabled: false }, content: null, writers: ['ann'] }));
    await disable('p.r', rules);
    await disable('p.r', rules);
    expect(suppressed).toEqual([2]);
    const within: number[] = [];
    const rolledBack = db.transaction(async (transaction) => {
      await disable(
        'p.other',
        createRuleStore(transaction, (enforcements) => within.push(enforcements)),
      );
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    expect(await planned()).toEqual([['rule_disabled', null], START, ['rule_disabled', null], START]);
    await rules.remove(tenant, 'p.other');
    expect([suppressed, within]).toEqual([[2, 2], [2]]);
  });

  const DEDUPE = { key: '{{ event.payload }}', window: 60 };

  it.each<[string, Parameters<Awaited<ReturnType<typeof scene>>['receive']>, unknown[]]>([
    ['one key', [{ payload: 'a' }, { payload: 'a' }, { payload: 'b' }], [START, repeats(0), START]],
    ['numbers are texts', [{ payload: 1 }, { payload: '1' }, { payload: true }], [START, repeats(0), START]],
    ['the empty text is a key', [{ payload: '' }, { payload: '' }], [START, repeats(0)]],
    ['halves of characters differ', [{ payload: '\ud800' }, { payload: '\ud801' }], [START, START]],
    ['U+0000 is a character', [{ payload: 'a\0' }, { payload: 'a' }, { payload: 'a\0' }], [START, START, repeats(0)]],
    [
      'a key that is no text, or too long, fails and takes none',
      [{ payload: null }, { payload: ['a'] }, { payload: 'x'.repeat(1_001) }, { payload: 'x'.repeat(1_000) }],
      [['template_error', null], ['template_error', null], ['template_error', null], START],
    ],
    [
      'the window is that of the first, and does not move',
      [0, 30, 59.999, 60, 119, 120].map((at) => ({ payload: 'a', at })),
      [START, repeats(0), repeats(0), START, repeats(3), START],
    ],
    [
      'events that come in out of order',
      [60, 59, 0.001, 0].map((at) => ({ payload: 'a', at })),
      [START, repeats(0), repeats(0), START],
    ],
    ['a replay', [{ payload: 'a' }, { payload: 'a', replay: 1 }, { payload: 'a' }], [START, START, repeats(0)]],
    ['a replay comes first', [{ payload: 'a', replay: 1 }, { payload: 'a' }], [START, START]],
    ['a replay of what has no key', [{ payload: null, replay: 1 }], [START]],
  ])('dedupe: %s', async (_, sent, expected) => {
    const together = await scene({ dedupe: DEDUPE });
    await together.receive(...sent);
    await together.planner().tick();
    expect(await together.planned()).toEqual(expected);
    // One by one, as they come in, it is the same.
    const apart = await scene({ dedupe: DEDUPE });
    for (const each of sent) {
      await apart.receive(each);
      await apart.planner().tick();
    }
    expect(await apart.planned()).toEqual(expected);
  });

  it('dedupe: a key is one of its rule, and of a match that starts', async () => {
    const { db, tenant, starts, write, receive, planner, planned } = await scene({ dedupe: DEDUPE });
    const others = await scene({ dedupe: DEDUPE });
    await others.receive({ payload: 'a' });
    await others.planner().tick();
    await receive({ payload: 'a', at: 0 });
    await planner().tick();
    const leased = await starts.lease(tenant, 1, new Date(), new Date());
    await starts.settle(leased[0]!, { status: 'failed', reason: { code: 'input_invalid', message: 'x' } });
    await receive({ payload: 'a', at: 0 }, { payload: 'a', at: 0 });
    await planner().tick();
    expect(await planned()).toEqual([['input_invalid', null], START, repeats(1)]);
    // Another window, and then another key.
    await write({ dedupe: { ...DEDUPE, window: 10 } });
    await receive({ payload: 'a', at: 9 }, { payload: 'a', at: 10 });
    await planner().tick();
    await write({ dedupe: { ...DEDUPE, key: 'x{{ event.payload }}' } });
    await receive({ payload: 'a', at: 11 });
    await planner().tick();
    expect((await planned()).slice(3)).toEqual([repeats(1), START, START]);
    const keys = createRuleKeyStore(db);
    await keys.forget(new Date(Date.UTC(2026, 0, 1) + 11_000), 1_000);
    const left = await db.select({ until: ruleKeys.until }).from(ruleKeys).where(eq(ruleKeys.tenant, tenant));
    expect(left.map(({ until }) => until.toISOString()).sort()).toEqual([
      '2026-01-01T00:00:20.000Z',
      '2026-01-01T00:01:11.000Z',
    ]);
  });

  it('dedupe: a key outlives its window, for events that are planned late', async () => {
    const { db, receive, planner, planned } = await scene({ dedupe: DEDUPE });
    await receive({ payload: 'a', at: 0 });
    await planner().tick();
    const clock = () => Date.UTC(2026, 0, 1) + 100_000;
    const log = pino({ level: 'silent' });
    const keys = createRuleKeyStore(db);
    await createEventRetention({ store: { forget: async () => null }, keys, days: 30, clock, log }).tick();
    await receive({ payload: 'a', at: 50 });
    await planner().tick();
    expect(await planned()).toEqual([START, repeats(0)]);
  });

  it('dedupe: of a storm over several planners, one match of each key starts', async () => {
    const { receive, planner, planned } = await scene({ dedupe: DEDUPE });
    const sent = Array.from({ length: 400 }, (_, at) => ({ payload: at % 7 }));
    const storm = (async () => {
      for (let part = 0; part < sent.length; part += 40) await receive(...sent.slice(part, part + 40));
    })();
    const planners = [planner(), planner(), planner()];
    let isOver = false;
    const work = planners.map(async (each) => {
      while (!isOver) await each.tick();
    });
    await storm;
    await expect.poll(async () => (await planned()).length, { timeout: 60_000 }).toBe(sent.length);
    isOver = true;
    await Promise.all(work);
    const found = await planned();
    expect(found.filter(([what]) => what === 'pending')).toHaveLength(7);
    expect(found.map(([, repeated], at) => repeated ?? at)).toEqual(sent.map(({ payload }) => payload));
  });

  const skip = (limit: number, per: number) => ({ limit, per, policy: 'skip' as const });
  const queue = (limit: number, per: number) => ({ limit, per, policy: 'queue' as const });
  const THROTTLED = ['throttled', null];
  const many = (count: number) => Array.from({ length: count }, () => ({}));

  it('throttle: as many matches as the limit are to be started, the others are skipped, and replays are not counted', async () => {
    const { receive, planner, planned } = await scene({ throttle: skip(2, 60) });
    await receive({}, { replay: 1 }, {}, {});
    await planner().tick();
    await receive({}, { replay: 1 });
    await planner().tick();
    expect(await planned()).toEqual([START, START, START, THROTTLED, THROTTLED, START]);
  });

  it('throttle: a match that is skipped takes no key, and a duplicate takes no place', async () => {
    const { receive, planner, planned, settle, age, write } = await scene({ throttle: skip(1, 60), dedupe: DEDUPE });
    await receive({ payload: 'a' }, { payload: 'a' }, { payload: 'b' });
    await planner().tick();
    await settle(0, 'started');
    await age(0, 61);
    await receive({ payload: 'b' });
    await planner().tick();
    expect(await planned()).toEqual([['started', null], repeats(0), THROTTLED, START]);
    await write({ throttle: skip(2, 604_800) });
    await receive({ payload: 'c' });
    await planner().tick();
    expect((await planned()).slice(4)).toEqual([THROTTLED]);
  });

  it('throttle: what is queued waits for its turn, at the earliest when the start before it by the limit is old enough', async () => {
    const { all, receive, planner } = await scene({ throttle: queue(2, 60) });
    await receive(...many(5));
    await planner().tick();
    await receive({});
    await planner().tick();
    const [first, second, third, fourth, fifth, sixth] = (await all()).map(({ notBefore }) => notBefore?.getTime());
    expect([first, second]).toEqual([undefined, undefined]);
    expect([fourth! - third!, fifth! - third!, sixth! - third!]).toEqual([0, 60_000, 60_000]);
  });

  it('throttle: starts that come late are no more than the limit, and those under way are counted', async () => {
    const { receive, planner, lease, settle, age, wait, all } = await scene({ throttle: queue(2, 60) });
    await receive(...many(6));
    await planner().tick();
    await wait();
    expect(await lease()).toEqual([0, 1]);
    await wait();
    expect(await lease()).toEqual([]);
    await settle(0, 'started');
    await settle(1, 'given back');
    await wait();
    expect(await lease()).toEqual([1]);
    await settle(1, 'started');
    await wait();
    expect(await lease()).toEqual([]);
    // The next one waits until the first start is old enough, and not longer.
    const rows = await all();
    expect(rows[2]!.notBefore!.getTime() - rows[0]!.started!.getTime()).toBe(60_001);
    await age(0, 30);
    await wait();
    expect(await lease()).toEqual([]);
    await age(0, 31);
    await wait();
    expect(await lease()).toEqual([2]);
    // One that fails has started nothing.
    await settle(2, 'failed');
    await wait();
    expect(await lease()).toEqual([3]);
  });

  it('throttle: several processes together start no more than the limit in any second', async () => {
    const { receive, planner, lease, settle, all } = await scene({ throttle: queue(3, 1) });
    await receive(...many(10));
    await planner().tick();
    const asked: number[] = [];
    const process = async () => {
      while ((await all()).some(({ status }) => status === 'pending')) {
        for (const place of await lease(4)) {
          asked.push(Date.now());
          await settle(place, 'started');
        }
      }
    };
    await Promise.all([process(), process(), process()]);
    expect(asked).toHaveLength(10);
    const gaps = asked.slice(3).map((at, index) => at - asked[index]!);
    expect(gaps.filter((gap) => gap < 1_000)).toEqual([]);
  });

  it('ordered: each start waits for the one before, whoever makes it', async () => {
    const { receive, planner, lease, settle, planned } = await scene({ ordered: true });
    await receive({}, { replay: 1 }, {}, {});
    await planner().tick();
    expect(await planned()).toEqual([START, START, START, START]);
    expect((await Promise.all([lease(), lease(), lease()])).flat()).toEqual([0]);
    expect(await lease()).toEqual([]);
    await settle(0, 'given back', new Date(Date.now() + 60_000));
    expect(await lease()).toEqual([]);
    await settle(0, 'given back');
    expect(await lease()).toEqual([0]);
    await settle(0, 'started');
    expect(await lease()).toEqual([1]);
    await settle(1, 'failed');
    expect(await lease()).toEqual([2]);
    await settle(2, 'started');
    expect(await lease()).toEqual([3]);
  });

  it('ordered: however many rules have a start that is tried again later, others start', async () => {
    const { db, tenant, lease } = await scene({ ordered: true });
    const [{ id: own, ...rule } = { id: 0 }] = await db.select().from(ruleTable).where(eq(ruleTable.tenant, tenant));
    const [{ id: _, ...revision } = { id: 0 }] = await db
      .select()
      .from(ruleRevisions)
      .where(eq(ruleRevisions.tenant, tenant));
    const stuck = await db
      .insert(ruleTable)
      .values(Array.from({ length: 50 }, (_, at) => ({ ...(rule as typeof ruleTable.$inferInsert), ref: `p.${at}` })))
      .returning({ id: ruleTable.id });
    await db
      .insert(ruleRevisions)
      .values(stuck.map(({ id }) => ({ ...(revision as typeof ruleRevisions.$inferInsert), rule: id })));
    const match = { tenant, ruleRef: 'x', ruleRevision: 1, eventType: 't', depth: 0, workflow: 'x', changed: 0 };
    const waiting = (id: number, event: number) => ({
      ...match,
      event,
      rule: id,
      lane: id,
      status: 'pending' as const,
    });
    const later = { leased: new Date(0), notBefore: new Date(Date.now() + 60_000) };
    await db.insert(enforcements).values(stuck.map(({ id }) => ({ ...waiting(id, 1), ...later })));
    await db.insert(enforcements).values([...stuck.map(({ id }) => waiting(id, 2)), waiting(own, 2)]);
    expect(await lease()).toEqual([100]);
  });

  it('ordered: a throttle holds back the first one, and with it those behind it', async () => {
    const { receive, planner, lease, settle, wait } = await scene({ ordered: true, throttle: queue(1, 60) });
    await receive({}, {}, { replay: 1 });
    await planner().tick();
    expect(await lease()).toEqual([0]);
    await settle(0, 'started');
    await wait();
    expect(await lease()).toEqual([]);
  });

  it('what waits is started as a new revision says', async () => {
    const { receive, planner, lease, settle, write, all } = await scene({});
    await receive({}, {}, { replay: 1 }, {}, {});
    await planner().tick();
    await write({ ordered: true });
    expect(await lease()).toEqual([0]);
    await settle(0, 'started');
    await write({ throttle: queue(1, 60) });
    expect(await lease()).toEqual([2]);
    expect((await all()).map(({ lane }) => lane === null)).toEqual([false, false, true, false, false]);
    await write({});
    expect(await lease(2)).toEqual([1, 3]);
    expect(await lease()).toEqual([4]);
  });

  it('the oldest are leased first, with a lane and without', async () => {
    const { db, receive, planner, lease, all } = await scene({ throttle: queue(10, 60) });
    await receive(...many(4));
    await planner().tick();
    const [first, , third] = (await all()) as [EnforcementRow, EnforcementRow, EnforcementRow];
    for (const { id } of [first, third])
      await db.update(enforcements).set({ lane: null }).where(eq(enforcements.id, id));
    expect([await lease(1), await lease(1), await lease(1), await lease(1)]).toEqual([[0], [1], [2], [3]]);
  });
});

function entryOf(tenant: string, payload: EventEntry['payload'], replay: number | null): EventEntry {
  const id = randomUUID();
  return {
    tenant,
    ingress: 'api',
    identity: id,
    event_id: id,
    type: 't',
    source: '/test',
    subject: null,
    time: null,
    trigger_ref: null,
    webhook: null,
    verified: true,
    headers: {},
    extensions: {},
    content_type: null,
    payload,
    payload_bytes: 1,
    issues: [],
    depth: 0,
    chain: [],
    replay_of: replay,
    replay_rules: null,
    execution: null,
    principal: null,
    on_behalf_of: null,
    starters: [],
  };
}
