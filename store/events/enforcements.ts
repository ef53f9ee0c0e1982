import { and, desc, eq, inArray, isNull, lt, ne, type SQL, sql } from 'drizzle-orm';
import { buildCause, type Cause } from '../../model/events/cause.ts';
import type { EnforcementReason } from '../../model/events/enforcement.ts';
import { MAX_COUNTED_ROWS } from '../../model/events/filters.ts';
import type { EnforcementStatus } from '../../model/events/states.ts';
import type { Database, Transaction } from '../database.ts';
import { named } from '../named.ts';
import { createPlannedRuleStore } from '../rules/planned-rules.ts';
import { type ListWindow, withinTimes } from './event-lists.ts';
import { leaseEnforcements } from './leases.ts';
import { awaitPlanning } from './locks.ts';
import { DUE_AT, enforcements } from './tables.ts';
import { listWaitingTenants, type WaitingRows } from './waiting-tenants.ts';

/** A stored enforcement. */
export type EnforcementRow = typeof enforcements.$inferSelect;

/** The result of work on an enforcement that a process has leased. */
export type EnforcementSettlement =
  | { status: 'started'; execution: number }
  | { status: 'suppressed' | 'failed'; reason: EnforcementReason }
  /** Tried again later. */
  | { status: 'pending'; attempts: number; notBefore: Date | null };

/** Filters of lists of enforcements. One must match all that are given. */
export interface EnforcementFilter {
  /** The integer id or the ref of a rule. */
  rule?: number | string | undefined;
  /** The integer ids of some rules. */
  rules?: readonly number[] | undefined;
  event?: number | undefined;
  status?: EnforcementStatus | undefined;
  triggerRef?: string | undefined;
  workflow?: string | undefined;
  reason?: string | undefined;
  createdAfter?: Date | undefined;
  createdBefore?: Date | undefined;
}

/** The enforcements of tenants. */
export interface EnforcementStore {
  /** Lists tenants that have enforcements which are due and leased by no process, up to a number: first those behind a tenant in order of id. */
  tenants(now: Date, after: string | null, limit: number): Promise<string[]>;
  /**
   * Leases the oldest enforcements of a tenant that are due and that no other process has leased; of a rule that says so, no more at a time
   * than it allows.
   */
  lease(tenant: string, limit: number, now: Date, until: Date): Promise<EnforcementRow[]>;
  /**
   * Records what has become of a leased enforcement. What has started is recorded as that, once, whatever was decided meanwhile; anything
   * else only while it is pending. Returns whether it was recorded.
   */
  settle(row: Pick<EnforcementRow, 'tenant' | 'id'>, settlement: EnforcementSettlement): Promise<boolean>;
  /** Finds an enforcement; null when the tenant has none with the number. */
  find(tenant: string, id: number): Promise<EnforcementRow | null>;
  /** Finds what began the runs of some enforcements, by their numbers. */
  causes(tenant: string, ids: readonly number[]): Promise<Map<number, Cause>>;
  /** Lists a part of the enforcements of a tenant, newest first. */
  list(tenant: string, filter: EnforcementFilter, window: ListWindow): Promise<EnforcementRow[]>;
  /** Counts the enforcements that match, up to one above 10,000. */
  count(tenant: string, filter: EnforcementFilter): Promise<number>;
}

/** Matches the enforcements that are due at a time and leased by no process. */
export function dueEnforcements(now: SQL): WaitingRows {
  return { table: enforcements, waiting: sql`status = 'pending'`, due: sql`${DUE_AT} <= ${now}` };
}

/** The end of a lease that is over: the row was leased, and can be again. */
const OVER = new Date(0);

/** The transaction that changes a row. */
const CHANGED = sql`pg_current_xact_id()::text::bigint`;

/** Creates the store over an open database. */
export function createEnforcementStore(db: Database): EnforcementStore {
  return named<EnforcementStore>('enforcements', {
    tenants(now, after, limit) {
      return listWaitingTenants(db, dueEnforcements(sql`${now.toISOString()}::timestamptz`), after, limit);
    },

    lease: (tenant, limit, now, until) => leaseEnforcements(db, tenant, { limit, now, until }),

    async settle({ tenant, id }, settlement) {
      const { status } = enforcements;
      const isOpen = settlement.status === 'started' ? ne(status, 'started') : eq(status, 'pending');
      const settled = await db
        .update(enforcements)
        .set(changeOf(settlement))
        .where(and(eq(enforcements.tenant, tenant), eq(enforcements.id, id), isOpen))
        .returning({ id: enforcements.id });
      return settled.length > 0;
    },

    async find(tenant, id) {
      const [found] = await db
        .select()
        .from(enforcements)
        .where(and(eq(enforcements.tenant, tenant), eq(enforcements.id, id)));
      return found ?? null;
    },

    async causes(tenant, ids) {
      if (ids.length === 0) return new Map();
      const rows = await db
        .select()
        .from(enforcements)
        .where(and(eq(enforcements.tenant, tenant), inArray(enforcements.id, [...ids])));
      return new Map(rows.map((row) => [row.id, buildCause(row)]));
    },

    list(tenant, filter, { offset, limit, before }) {
      return db
        .select()
        .from(enforcements)
        .where(and(conditionsOf(tenant, filter), before === undefined ? undefined : lt(enforcements.id, before)))
        .orderBy(desc(enforcements.id))
        .limit(limit)
        .offset(offset);
    },

    async count(tenant, filter) {
      const some = db
        .select({ id: enforcements.id })
        .from(enforcements)
        .where(conditionsOf(tenant, filter))
        .limit(MAX_COUNTED_ROWS + 1)
        .as('some');
      const [found] = await db.select({ total: sql<number>`count(*)::int` }).from(some);
      return found?.total ?? 0;
    },
  });
}

/**
 * Suppresses what is pending of some rules that are disabled or deleted, in the transaction that does that. Waits for the plans in progress,
 * which may add to it. What a process has ever leased may have started: it is left to the process that leases it next. Returns how many it
 * has suppressed.
 */
export async function suppressPending(
  transaction: Transaction,
  tenant: string,
  rules: readonly number[],
  reason: EnforcementReason,
): Promise<number> {
  await awaitPlanning(transaction, tenant);
  const { rule, status, leased } = enforcements;
  const suppressed = await transaction
    .update(enforcements)
    .set(changeOf({ status: 'suppressed', reason }))
    .where(and(eq(enforcements.tenant, tenant), inArray(rule, [...rules]), eq(status, 'pending'), isNull(leased)))
    .returning({ rule });
  const counts = new Map<number, number>();
  for (const row of suppressed) counts.set(row.rule, (counts.get(row.rule) ?? 0) + 1);
  const added = [...counts].map(([id, number]) => ({ rule: id, suppressed: number }));
  await createPlannedRuleStore(transaction).count(tenant, added);
  return suppressed.length;
}

function changeOf(settlement: EnforcementSettlement) {
  const common = { status: settlement.status, leased: null, updated: sql`now()`, changed: CHANGED };
  switch (settlement.status) {
    case 'started':
      return { ...common, execution: settlement.execution, started: sql`now()`, reason: null, reasonCode: null };
    case 'pending':
      // Nothing that anybody follows has changed.
      return { leased: OVER, attempts: settlement.attempts, notBefore: settlement.notBefore };
    default:
      return { ...common, reason: settlement.reason, reasonCode: settlement.reason.code };
  }
}

function conditionsOf(tenant: string, filter: EnforcementFilter): SQL | undefined {
  const { rule, rules, event, status, triggerRef, workflow, reason, createdAfter, createdBefore } = filter;
  return and(
    eq(enforcements.tenant, tenant),
    typeof rule === 'number' ? eq(enforcements.rule, rule) : undefined,
    typeof rule === 'string' ? eq(enforcements.ruleRef, rule) : undefined,
    rules === undefined ? undefined : inArray(enforcements.rule, [...rules]),
    event === undefined ? undefined : eq(enforcements.event, event),
    status === undefined ? undefined : eq(enforcements.status, status),
    triggerRef === undefined ? undefined : eq(enforcements.triggerRef, triggerRef),
    workflow === undefined ? undefined : eq(enforcements.workflow, workflow),
    reason === undefined ? undefined : eq(enforcements.reasonCode, reason),
    withinTimes({ table: enforcements, at: enforcements.created }, { after: createdAfter, before: createdBefore }),
  );
}
