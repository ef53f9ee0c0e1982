import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RuleContent } from '../../model/rules/rule.ts';
import { createWebhookStore } from '../../store/access/webhooks.ts';
import { type Database, type OpenDatabase, openPostgres, type Transaction } from '../../store/database.ts';
import { createDefinitionStore } from '../../store/definitions/definitions.ts';
import { packs, workflows } from '../../store/definitions/tables.ts';
import { createEnforcementStore } from '../../store/events/enforcements.ts';
import { tryPlanning } from '../../store/events/locks.ts';
import { enforcements } from '../../store/events/tables.ts';
import { createPlannedRuleStore } from '../../store/rules/planned-rules.ts';
import { createRuleKeyStore } from '../../store/rules/rule-keys.ts';
import { createRuleStore } from '../../store/rules/rules.ts';
import { createTriggerStore } from '../../store/rules/triggers.ts';
import { until } from '../integration/support/until.ts';
import { sampleContent } from '../language/rules/sample-rules.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

// Rules on Postgres, where several processes write at the same time.

let server: PostgresServer;
let opened: OpenDatabase;
let db: Database;
beforeAll(async () => {
  server = await startPostgres();
  opened = await openPostgres(server.url);
  ({ db } = opened);
});
afterAll(async () => {
  await opened.close();
  await server.stop();
});

const FIELDS = { label: 'x', description: null, tags: [], enabled: true };
const BY = { owner: 1, ownerSubject: 'ann' };
const HOOK = {
  preset: 'none' as const,
  enabled: true,
  tolerance: 300,
  settings: {},
  sealed: '',
  secrets: 0,
  keyPrefix: 'x',
};

/** A tenant with a pack, and what its rules name. */
async function makeTenant() {
  const tenant = randomUUID();
  const [rules, webhooks, triggers] = [createRuleStore(db), createWebhookStore(db), createTriggerStore(db)];
  const [{ id: pack } = { id: 0 }] = await db.insert(packs).values({ tenant, ref: 'p', label: 'P' }).returning();
  const fields = { label: 'W', tags: [], enabled: true, revision: 1 };
  const [workflow] = await db
    .insert(workflows)
    .values({ tenant, pack, ref: 'p.w', ...fields })
    .returning();
  await webhooks.create({ tenant, name: 'hook', keyHash: randomUUID(), ...HOOK });
  const shape = { label: 'T', description: null, schema: null, examples: [] };
  await triggers.create(tenant, pack, { ref: 'p.t', type: 'a.b', ...shape });
  const create = (ref: string, given: Partial<RuleContent> = {}) => {
    const content = {
      ...sampleContent({ type: 'a.b', ...given }),
      trigger_ref: 'p.t',
      webhook: 'hook',
      workflow: 'p.w',
    };
    return rules.create(tenant, {
      pack,
      ref,
      fields: FIELDS,
      content: { hash: 'h', content },
      writers: ['ann'],
      by: BY,
    });
  };
  return { tenant, pack, workflow: workflow!, rules, webhooks, triggers, create };
}

type Made = Awaited<ReturnType<typeof makeTenant>>;

/** Does `second` while a transaction that does `first` is open and keeps it waiting, and returns its result. */
async function behind<T>(first: (db: Database) => Promise<unknown>, second: () => Promise<T>): Promise<T> {
  let result: Promise<T> | undefined;
  await db.transaction(async (transaction) => {
    await first(transaction as unknown as Database); // it only runs statements
    result = second();
    await until(
      () =>
        db.execute(sql`
          select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`),
      (found) => (found as unknown as { rows: unknown[] }).rows.length > 0,
    );
  });
  return result!;
}

describe('what a rule names', () => {
  it.each<[string, (made: Made) => Promise<unknown>, unknown]>([
    ['webhook', ({ webhooks, tenant }) => webhooks.remove(tenant, 'hook'), 'p.first'],
    ['trigger', ({ triggers, tenant }) => triggers.remove(tenant, 'p.t'), { rule: 'p.first' }],
    ['workflow', ({ rules, tenant, workflow }) => rules.retireWorkflow(tenant, workflow, false), ['p.first']],
  ])('is not deleted while the rule is being written: the %s', async (_, remove, user) => {
    const made = await makeTenant();
    const write = (within: Database) => {
      const rules = createRuleStore(within);
      const content = { ...sampleContent({ type: 'a.b' }), trigger_ref: 'p.t', webhook: 'hook', workflow: 'p.w' };
      const by = { fields: FIELDS, content: { hash: 'h', content }, writers: ['ann'], by: BY };
      return rules.create(made.tenant, { pack: made.pack, ref: 'p.first', ...by });
    };
    expect(await behind(write, () => remove(made))).toEqual(user);
    expect(await made.rules.find(made.tenant, 'p.first')).toMatchObject({ enabled: true });
  });

  it.each<[string, (made: Made, within: Database) => Promise<unknown>]>([
    ['trigger', ({ tenant }, within) => createTriggerStore(within).remove(tenant, 'p.t')],
    ['workflow', ({ tenant, workflow }, within) => createDefinitionStore(within).remove(tenant, workflow.id)],
  ])('that is being deleted lets no rule be written: the %s', async (_, remove) => {
    const made = await makeTenant();
    expect(
      await behind(
        (within) => remove(made, within),
        () => made.create('p.late'),
      ),
    ).toBe('part_gone');
    expect(await made.rules.find(made.tenant, 'p.late')).toBeNull();
  });

  it('a trigger that is being deleted is named by no webhook', async () => {
    const { tenant, webhooks } = await makeTenant();
    const remove = (within: Database) => createTriggerStore(within).remove(tenant, 'p.t');
    expect(
      await behind(remove, () => webhooks.change(tenant, 'hook', { subjects: [], replaced: null }, { trigger: 'p.t' })),
    ).toBeNull();
    expect((await webhooks.find(tenant, 'hook'))!.trigger).toBeNull();
  });
});

/** An enforcement of a rule by some event. */
function matchOf(tenant: string, rule: number, status: 'pending' | 'started'): typeof enforcements.$inferInsert {
  const event = Math.floor(Math.random() * 2 ** 40);
  const common = { ruleRef: 'p.a', ruleRevision: 1, eventType: 'a.b', depth: 0, workflow: 'p.w', changed: 0 };
  return { ...common, tenant, event, rule, status };
}

it.each<[string, (made: Made) => Promise<unknown>]>([
  [
    'is disabled',
    ({ rules, tenant }) =>
      rules.update(tenant, 'p.a', BY, () => ({ fields: { ...FIELDS, enabled: false }, content: null, writers: [] })),
  ],
  ['is deleted', ({ rules, tenant }) => rules.remove(tenant, 'p.a')],
  ['is disabled with its workflow', ({ rules, tenant }) => rules.disableStarters(tenant, 'p.w')],
])('what is being planned while a rule %s starts nothing', async (_, change) => {
  const made = await makeTenant();
  await made.create('p.a');
  const { id } = (await made.rules.find(made.tenant, 'p.a'))!;
  const plan = async (within: Database) => {
    await tryPlanning(within as unknown as Transaction, made.tenant); // as it is
    await within.insert(enforcements).values(matchOf(made.tenant, id, 'pending'));
  };
  await behind(plan, () => change(made));
  const { status } = enforcements;
  const found = await db.select({ status }).from(enforcements).where(eq(enforcements.tenant, made.tenant));
  expect(found).toEqual([{ status: 'suppressed' }]);
});

it.each<[string, Partial<RuleContent>, number[]]>([
  ['whatever its order', {}, [1]],
  ['with an order, behind the first', { ordered: true }, []],
  ['for which there is no room', { throttle: { limit: 1, per: 60, policy: 'queue' } }, []],
])('who leases enforcements of a rule does not wait for who changes it: one %s', async (_, content, expected) => {
  const { tenant, rules, create } = await makeTenant();
  await create('p.a', content);
  const { id } = (await rules.find(tenant, 'p.a'))!;
  await db.insert(enforcements).values({ ...matchOf(tenant, id, 'started'), started: new Date() });
  const waiting = [matchOf(tenant, id, 'pending'), matchOf(tenant, id, 'pending')];
  const rows = await db
    .insert(enforcements)
    .values(waiting.map((match) => ({ ...match, lane: id })))
    .returning();
  await db.transaction(async (transaction) => {
    await transaction.update(enforcements).set({ status: 'suppressed' }).where(eq(enforcements.id, rows[0]!.id));
    const leased = await createEnforcementStore(db).lease(tenant, 5, new Date(), new Date(Date.now() + 30_000));
    expect(leased.map((row) => rows.findIndex((each) => each.id === row.id))).toEqual(expected);
  });
});

it('a key that is being taken anew is not forgotten, and who forgets others does not wait', async () => {
  const hash = randomUUID();
  const tenant = randomUUID();
  const [since, old, now, later] = [0, 1_000, 2_000, 3_000].map((at) => new Date(at)) as [Date, Date, Date, Date];
  const take = (within: Pick<Database, 'select' | 'delete' | 'execute'>, end: Date) =>
    createRuleKeyStore(within).take(tenant, [{ rule: 1, hash, enforcement: 1, since, until: end }]);
  const keys = createRuleKeyStore(db);
  await take(db, old);
  await db.transaction(async (transaction) => {
    await take(transaction, later);
    expect(await keys.forget(now, 10)).toBe(0);
  });
  expect(await keys.forget(now, 10)).toBe(0);
  expect(await keys.forget(new Date(later.getTime() + 1), 10)).toBe(1);
});

it('what is pending of a rule that is disabled counts as suppressed, once', async () => {
  const { tenant, rules, workflow, create } = await makeTenant();
  for (const ref of ['p.a', 'p.b']) await create(ref);
  const [a, b] = [await rules.find(tenant, 'p.a'), await rules.find(tenant, 'p.b')];
  for (const [rule, status] of [
    [a!, 'pending'],
    [a!, 'pending'],
    [a!, 'started'],
    [b!, 'pending'],
  ] as const) {
    await db.insert(enforcements).values(matchOf(tenant, rule.id, status));
  }
  const counted = async (ref: string) => (await rules.find(tenant, ref))!.counts.suppressed;
  await rules.update(tenant, 'p.a', BY, () => ({ fields: { ...FIELDS, enabled: false }, content: null, writers: [] }));
  expect([await counted('p.a'), await counted('p.b')]).toEqual([2, 0]);
  expect(await rules.retireWorkflow(tenant, workflow, true)).toEqual(['p.b']);
  expect([await counted('p.a'), await counted('p.b')]).toEqual([2, 1]);
});

it('a rule that is not there leaves the version of the rules as it is', async () => {
  const { tenant, rules, create } = await makeTenant();
  await create('p.a');
  const version = () => createPlannedRuleStore(db).version(tenant);
  const before = await version();
  expect(await rules.remove(tenant, 'p.none')).toBe(false);
  expect(await version()).toBe(before);
  expect(await rules.remove(tenant, 'p.a')).toBe(true);
  expect(await version()).toBe(before + 1);
});
