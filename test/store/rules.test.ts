import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWebhookStore } from '../../store/access/webhooks.ts';
import { type Database, type OpenDatabase, openPostgres } from '../../store/database.ts';
import { createDefinitionStore } from '../../store/definitions/definitions.ts';
import { packs, workflows } from '../../store/definitions/tables.ts';
import { enforcements } from '../../store/events/tables.ts';
import { createPlannedRuleStore } from '../../store/rules/planned-rules.ts';
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
  const create = (ref: string) => {
    const content = { ...sampleContent({ type: 'a.b' }), trigger_ref: 'p.t', webhook: 'hook', workflow: 'p.w' };
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
      () => db.execute(sql`select 1 from pg_stat_activity where wait_event_type = 'Lock'`),
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
    expect(await behind(remove, () => webhooks.change(tenant, 'hook', { trigger: 'p.t' }))).toBeNull();
    expect((await webhooks.find(tenant, 'hook'))!.trigger).toBeNull();
  });
});

it('what is pending of a rule that is disabled counts as suppressed, once', async () => {
  const { tenant, rules, workflow, create } = await makeTenant();
  for (const ref of ['p.a', 'p.b']) await create(ref);
  const [a, b] = [await rules.find(tenant, 'p.a'), await rules.find(tenant, 'p.b')];
  const match = { tenant, ruleRevision: 1, eventType: 'a.b', depth: 0, workflow: 'p.w', changed: 0 };
  for (const [rule, status] of [
    [a!, 'pending'],
    [a!, 'pending'],
    [a!, 'started'],
    [b!, 'pending'],
  ] as const) {
    const event = Math.floor(Math.random() * 2 ** 40);
    await db.insert(enforcements).values({ ...match, event, rule: rule.id, ruleRef: rule.ref, status });
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
