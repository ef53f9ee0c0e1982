import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { RuleContent } from '../../model/rules/rule.ts';
import type { Database, Transaction } from '../database.ts';
import { ruleRevisions, rules } from '../rules/tables.ts';
import { awaitPlanning, tryLock } from './locks.ts';
import { recentStarts, type StartRate } from './start-slots.ts';
import { enforcements } from './tables.ts';

// A rule with a throttle or an order has a lane: its enforcements are leased under a lock, as many at a time as the rule allows.

/** The part of a rule that says how its enforcements are started. */
type Pace = Pick<RuleContent, 'throttle' | 'ordered'>;

/** A lane of a tenant from which something may be leased: the id of its rule, and its oldest enforcement that is due. */
export interface WaitingLane {
  rule: number;
  head: number;
}

/** The most lanes that are looked at in one round. */
const MAX_LANES = 50;

const timestamp = (instant: Date) => sql`${instant.toISOString()}::timestamptz`;
const dueAt = (now: Date) => sql`(not_before is null or not_before <= ${timestamp(now)})`;
const isLeasable = (now: Date) => sql`(leased is null or leased <= ${timestamp(now)}) and ${dueAt(now)}`;

/**
 * Lists lanes from which something may be leased, those whose head is oldest first. A lane waits until its first enforcement that was never
 * leased is due; those that were are tried again when they are due themselves. A lane with an order waits for its oldest one.
 */
export async function listLanes(db: Pick<Database, 'execute'>, tenant: string, now: Date): Promise<WaitingLane[]> {
  const found = await db.execute(sql`
    with recursive lanes as (
      (select lane from ${enforcements} where tenant = ${tenant} and status = 'pending' and lane is not null order by lane limit 1)
      union all
      select (select e.lane from ${enforcements} e where e.tenant = ${tenant} and e.status = 'pending' and e.lane > lanes.lane
        order by e.lane limit 1)
      from lanes where lanes.lane is not null
    ), heads as (
      select lanes.lane, case when ${isOrdered(tenant)} then
        (select first.id from (
          select id, leased, not_before from ${enforcements} e
          where e.tenant = ${tenant} and e.status = 'pending' and e.lane = lanes.lane order by id limit 1
        ) as first where ${isLeasable(now)})
      else least(
        (select first.id from (
          select id, not_before from ${enforcements} e
          where e.tenant = ${tenant} and e.status = 'pending' and e.lane = lanes.lane and e.leased is null order by id limit 1
        ) as first where ${dueAt(now)}),
        (select min(id) from ${enforcements} e
          where e.tenant = ${tenant} and e.status = 'pending' and e.lane = lanes.lane and e.leased <= ${timestamp(now)} and ${dueAt(now)})
      ) end as head from lanes where lanes.lane is not null
    )
    select lane, head::text from heads where head is not null order by heads.head limit ${MAX_LANES}`);
  const rows = (found as unknown as { rows: { lane: number; head: string }[] }).rows;
  return rows.map(({ lane, head }) => ({ rule: lane, head: Number(head) }));
}

/** Selects whether the rule of a lane of `lanes` has an order; null for one that was deleted. */
const isOrdered = (tenant: string) => sql`(
  select (${ruleRevisions.content} ->> 'ordered')::boolean from ${rules}
  join ${ruleRevisions} on ${ruleRevisions.rule} = ${rules.id} and ${ruleRevisions.revision} = ${rules.revision}
  where ${rules.tenant} = ${tenant} and ${rules.id} = lanes.lane)`;

/** The most enforcements to lease, the time, and until when they are leased. */
export interface LeaseTerms {
  limit: number;
  now: Date;
  until: Date;
}

/**
 * Leases the oldest enforcements of a lane, as many as the rule allows now; none while another process does. Of a rule with an order that is
 * the first one alone, once the one before has been settled.
 */
export function leaseLane(
  db: Database,
  tenant: string,
  rule: number,
  { limit, now, until }: LeaseTerms,
): Promise<(typeof enforcements.$inferSelect)[]> {
  return db.transaction(async (transaction) => {
    if (!(await tryLock(transaction, `fermata lane ${rule}`))) return [];
    const { throttle, ordered } = await findPace(transaction, tenant, rule);
    const free = throttle === null ? limit : await countFree(transaction, tenant, rule, throttle);
    const waiting = sql`tenant = ${tenant} and status = 'pending' and lane = ${rule}`;
    const ready = ordered ? selectFirst(waiting, free) : selectReady(waiting, { free, limit, now });
    // Waits for nobody who changes the rule.
    const due = sql`
      select id from ${enforcements} where ${waiting} and ${isLeasable(now)} and id = any(array(${ready}))
      order by id limit ${limit} for update skip locked`;
    const leased = await transaction
      .update(enforcements)
      .set({ leased: until })
      .where(and(waiting, sql`${enforcements.id} = any(array(${due}))`))
      .returning();
    if (throttle !== null && free <= leased.length) await putOff(transaction, tenant, rule, throttle);
    return leased;
  });
}

/** Selects the oldest enforcement of a lane with an order. One that was leased before has its place in the throttle already, a replay needs none. */
const selectFirst = (waiting: SQL, free: number) => sql`
  select id from (
    select id, leased, replayed from ${enforcements} where ${waiting} order by id limit 1
  ) as first where ${free > 0} or replayed or leased is not null`;

/** Selects the oldest enforcements of a lane without an order that were never leased, as many as are free, and those whose lease is over. */
const selectReady = (waiting: SQL, { free, limit, now }: { free: number; limit: number; now: Date }) => sql`
  (select id from ${enforcements} where ${waiting} and leased is null order by id limit ${Math.max(0, Math.min(free, limit))})
  union all
  (select id from ${enforcements} where ${waiting} and leased <= ${timestamp(now)} and ${dueAt(now)} order by id limit ${limit})`;

/** Finds how a rule paces its starts now; a rule that was deleted does not. */
async function findPace(transaction: Transaction, tenant: string, rule: number): Promise<Pace> {
  const [found] = await transaction
    .select({ content: ruleRevisions.content })
    .from(rules)
    .innerJoin(ruleRevisions, and(eq(ruleRevisions.rule, rules.id), eq(ruleRevisions.revision, rules.revision)))
    .where(and(eq(rules.tenant, tenant), eq(rules.id, rule)));
  return found?.content ?? { throttle: null, ordered: false };
}

/** Selects the enforcements of a lane that were leased: each of them may have started. */
const underway = (tenant: string, rule: number) => sql`
  select 1 from ${enforcements}
  where tenant = ${tenant} and lane = ${rule} and status = 'pending' and leased is not null and not replayed`;

/** Counts the starts that a throttle allows now; below zero once its limit was lowered. */
async function countFree(transaction: Transaction, tenant: string, rule: number, rate: StartRate): Promise<number> {
  const found = await transaction.execute(sql`
    select ${rate.limit}::integer - (select count(*) from (${underway(tenant, rule)}) as underway)::integer
      - (select count(*) from (${recentStarts(tenant, rule, rate)}) as recent)::integer as free`);
  return (found as unknown as { rows: { free: number }[] }).rows[0]!.free;
}

/** Has a lane without room wait until there may be some. A start that is underway may fail, which makes room at any time. */
async function putOff(transaction: Transaction, tenant: string, rule: number, rate: StartRate): Promise<void> {
  await transaction.execute(sql`
    update ${enforcements} set not_before = greatest(not_before, case
      when exists (${underway(tenant, rule)}) then now() + interval '1 second'
      else (select min(at) + make_interval(secs => ${rate.per} + 0.001) from (${recentStarts(tenant, rule, rate)}) as recent) end)
    where tenant = ${tenant} and lane = ${rule} and status = 'pending' and id = (
      select id from ${enforcements}
      where tenant = ${tenant} and lane = ${rule} and status = 'pending' and leased is null and not replayed
      order by id limit 1 for update skip locked)`);
}

/**
 * Has the enforcements of a rule that wait be started as a new revision of it says, in the transaction that writes the revision. Waits for
 * the plans in progress: those that follow are made with the revision.
 */
export async function applyPace(
  transaction: Transaction,
  tenant: string,
  rule: number,
  { throttle, ordered }: Pace,
): Promise<void> {
  await awaitPlanning(transaction, tenant);
  const isPaced = ordered ? sql`true` : throttle === null ? sql`false` : sql`not replayed`;
  await transaction.execute(sql`
    update ${enforcements} set lane = case when ${isPaced} then ${rule}::integer end,
      not_before = case when leased is null then null else not_before end
    where tenant = ${tenant} and rule = ${rule} and status = 'pending'`);
}
