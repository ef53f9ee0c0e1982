import { and, asc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { EnforcementReason } from '../../model/events/enforcement.ts';
import type { Database, Transaction } from '../database.ts';
import { named } from '../named.ts';
import {
  type AddedCounts,
  createPlannedRuleStore,
  type EnabledRule,
  type PlannedRuleStore,
} from '../rules/planned-rules.ts';
import { createRuleKeyStore, type RuleKey, type RuleKeyStore, type TakenKey } from '../rules/rule-keys.ts';
import type { EventRow } from './events.ts';
import { tryPlanning } from './locks.ts';
import { createStartSlotStore, type StartSlotStore } from './start-slots.ts';
import { enforcements, events } from './tables.ts';
import { listWaitingTenants, type WaitingRows } from './waiting-tenants.ts';

/** A match that is planned: to be started, or not for a reason. */
export interface PlannedMatch {
  event: EventRow;
  rule: Pick<EnabledRule, 'id' | 'ref' | 'revision'>;
  /** The ref of the workflow or action that it starts. */
  workflow: string;
  status: 'pending' | 'suppressed' | 'failed';
  reason: EnforcementReason | null;
  /** The match whose key it repeats, in this plan or an earlier one. */
  duplicateOf: PlannedMatch | number | null;
  /** The key that it takes, and until when nobody else needs it. */
  key: (RuleKey & { until: Date }) | null;
  /** The id of the rule, if that says how many of its enforcements are started at a time. */
  lane: number | null;
  /** When it may be started, where that is put off. */
  notBefore: Date | null;
}

/** The matches of some events, and what they add to the counts of the rules. */
export interface Plan {
  /** How many of the events of the batch it completes, from the first one on; the others are planned later. */
  decided: number;
  /** The next event, if some of its rules were applied: by id, with the integer id of the last one of these. */
  partial: { event: number; applied: number } | null;
  matches: readonly PlannedMatch[];
  counts: readonly AddedCounts[];
}

/** The most bytes of the payloads of a batch of more than one event, and milliseconds of each statement of its transaction. */
const MAX_BYTES = 8 * 1024 * 1024;
const STATEMENT_TIMEOUT = 10_000;

/** The events to plan, and the rules as they are now. */
export interface PlanningBatch {
  events: readonly EventRow[];
  /** Reads the rules within the transaction. */
  rules: PlannedRuleStore;
  /** Finds the holders of keys within the transaction. */
  keys: Pick<RuleKeyStore, 'find'>;
  /** Finds the starts of rules within the transaction. */
  starts: StartSlotStore;
}

/** Matches the events that are to be planned. */
export const UNPLANNED_EVENTS: WaitingRows = { table: events, waiting: sql`state = 'received'` };

/** Plans events: from what was received to what is to be started. */
export interface PlanningStore {
  /** Lists tenants that have events to plan, up to a number: first those behind a tenant in order of id. */
  tenants(after: string | null, limit: number): Promise<string[]>;
  /**
   * Plans the oldest events of a tenant in one transaction, as `decide` says, and returns how many it has worked on; null while another
   * process plans events of the tenant. The payloads of more than one event have at most 8 MiB together.
   */
  plan(tenant: string, limit: number, decide: (batch: PlanningBatch) => Promise<Plan>): Promise<number | null>;
}

/** Creates the store over an open database. */
export function createPlanningStore(db: Database): PlanningStore {
  return named<PlanningStore>('planning', {
    tenants: (after, limit) => listWaitingTenants(db, UNPLANNED_EVENTS, after, limit),

    plan: (tenant, limit, decide) =>
      db.transaction(async (transaction) => {
        if (!(await tryPlanning(transaction, tenant))) return null;
        await transaction.execute(sql`select set_config('statement_timeout', ${String(STATEMENT_TIMEOUT)}, true)`);
        const found = await transaction
          .select()
          .from(events)
          .where(and(eq(events.tenant, tenant), inArray(events.id, oldest(tenant, limit))))
          .orderBy(asc(events.id));
        if (found.length === 0) return 0;
        const rules = createPlannedRuleStore(transaction);
        const keys = createRuleKeyStore(transaction);
        const starts = createStartSlotStore(transaction);
        const plan = await decide({ events: found, rules, keys, starts });
        const { decided, partial, matches, counts } = plan;
        const numbers = await mintNumbers(transaction, matches);
        await addMatches(transaction, tenant, numbers);
        await keys.take(tenant, listTaken(numbers));
        await notePlanned(transaction, tenant, found.slice(0, decided), plan);
        if (counts.length > 0) await rules.count(tenant, counts);
        return decided + (partial === null ? 0 : 1);
      }),
  });
}

/** Selects the ids of the oldest events to plan of a tenant, up to a number and as many bytes of payload as one batch has. */
function oldest(tenant: string, limit: number): SQL {
  return sql`(
    select id from (
      select id, sum(payload_bytes) over (order by id) as bytes, row_number() over (order by id) as at from (
        select id, payload_bytes from ${events} where tenant = ${tenant} and state = 'received' order by id limit ${limit}
      ) as first
    ) as summed where at = 1 or bytes <= ${MAX_BYTES})`;
}

/** Mints numbers of enforcements for matches, in their order. */
async function mintNumbers(
  transaction: Transaction,
  matches: readonly PlannedMatch[],
): Promise<Map<PlannedMatch, number>> {
  if (matches.length === 0) return new Map();
  const minted = await transaction.execute(sql`
    select nextval(pg_get_serial_sequence('enforcements', 'id'))::text as id from generate_series(1, ${matches.length}::integer)`);
  const { rows } = minted as unknown as { rows: { id: string }[] };
  return new Map(matches.map((match, at) => [match, Number(rows[at]!.id)]));
}

async function addMatches(
  transaction: Transaction,
  tenant: string,
  numbers: ReadonlyMap<PlannedMatch, number>,
): Promise<void> {
  if (numbers.size === 0) return;
  const rows = [...numbers].map(([{ event, rule, workflow, status, reason, duplicateOf, lane, notBefore }, id]) => ({
    id,
    event: event.id,
    rule: rule.id,
    rule_ref: rule.ref,
    rule_revision: rule.revision,
    event_type: event.type,
    trigger_ref: event.triggerRef,
    webhook: event.webhook,
    depth: event.depth,
    status,
    reason: reason && JSON.stringify(reason),
    reason_code: reason?.code ?? null,
    workflow,
    replayed: event.replayOf !== null,
    lane,
    not_before: notBefore,
    duplicate_of: typeof duplicateOf === 'number' ? duplicateOf : duplicateOf && numbers.get(duplicateOf),
  }));
  await transaction.execute(sql`
    insert into ${enforcements} (id, tenant, event, rule, rule_ref, rule_revision, event_type, trigger_ref, webhook, depth, status, reason,
      reason_code, workflow, duplicate_of, replayed, lane, not_before, changed)
    overriding system value
    select id, ${tenant}, event, rule, rule_ref, rule_revision, event_type, trigger_ref, webhook, depth, status, reason::json, reason_code,
      workflow, duplicate_of, replayed, lane, not_before, pg_current_xact_id()::text::bigint
    from json_to_recordset(${JSON.stringify(rows)}::json) as match(id bigint, event bigint, rule integer, rule_ref text,
      rule_revision integer, event_type text, trigger_ref text, webhook text, depth integer, status text, reason text, reason_code text,
      workflow text, duplicate_of bigint, replayed boolean, lane integer, not_before timestamptz)
    on conflict do nothing`);
}

/** Lists the keys that matches take, each for the last one that takes it. */
function listTaken(numbers: ReadonlyMap<PlannedMatch, number>): TakenKey[] {
  const taken = new Map<string, TakenKey>();
  for (const [{ event, key }, enforcement] of numbers) {
    if (key !== null) taken.set(`${key.rule} ${key.hash}`, { ...key, enforcement, since: event.received });
  }
  return [...taken.values()];
}

/** Marks events as planned, and notes how far the next one is. */
async function notePlanned(
  transaction: Transaction,
  tenant: string,
  completed: readonly EventRow[],
  { partial, matches }: Pick<Plan, 'partial' | 'matches'>,
): Promise<void> {
  const totals = new Map<number, number>();
  for (const { event } of matches) totals.set(event.id, (totals.get(event.id) ?? 0) + 1);
  const rows = [
    ...completed.map(({ id }) => ({ id, total: totals.get(id) ?? 0, state: 'planned', applied: null })),
    ...(partial === null
      ? []
      : [{ id: partial.event, total: totals.get(partial.event) ?? 0, state: 'received', applied: partial.applied }]),
  ];
  await transaction.execute(sql`
    update ${events} set state = noted.state, matches = events.matches + noted.total, applied = noted.applied
    from json_to_recordset(${JSON.stringify(rows)}::json) as noted(id bigint, total integer, state text, applied integer)
    where events.id = noted.id and events.tenant = ${tenant}`);
}
