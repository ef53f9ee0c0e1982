import { and, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm';
import {
  buildLifecycleEvent,
  type ClosedRun,
  isHeard,
  isNewEnding,
  type Listener,
} from '../../model/events/lifecycle.ts';
import { integerId } from '../../model/execution-id.ts';
import type { IndexEntry } from '../../model/index-entry.ts';
import { jsonSize } from '../../model/json.ts';
import type { Transaction } from '../database.ts';
import { revisions } from '../definitions/tables.ts';
import { executions } from '../executions/tables.ts';
import { rules } from '../rules/tables.ts';
import { type EventEntry, insertEvents } from './events.ts';
import { enforcements, events } from './tables.ts';

/** The ingress of the events of runs. */
const INGRESS = 'fermata';

/**
 * Records, in the transaction that writes the rows of some runs, an event for each one that has closed if an enabled rule may match it.
 * Reads nothing but rules where no run has just closed, or no rule is about executions. A second event of the same end is left out. Returns whether there are new events.
 */
export async function recordEndings(transaction: Transaction, written: readonly IndexEntry[]): Promise<boolean> {
  const now = Date.now();
  const ended = written.filter((entry) => isNewEnding(entry, now));
  if (ended.length === 0) return false;
  const listeners = await listListeners(transaction, [...new Set(ended.map(({ tenant }) => tenant))]);
  const heard = new Map(ended.filter((entry) => isHeard(listeners, entry)).map((entry) => [entry.n, entry]));
  if (heard.size === 0) return false;
  const rows = await readClosed(transaction, [...heard.keys()]);
  // A row may have newer facts than the entry that was written.
  const entries = rows
    .filter(({ run }) => isNewEnding(run, now) && isHeard(listeners, run))
    .map((row) => entryOf(row, heard.get(row.run.n)?.errorType));
  if (entries.length === 0) return false;
  const { rows: recorded } = (await transaction.execute(insertEvents(entries))) as unknown as { rows: unknown[] };
  return recorded.length > 0;
}

/** Lists the types and patterns that the enabled rules of some tenants are about and that may be those of executions. */
async function listListeners(transaction: Transaction, tenants: string[]): Promise<Listener[]> {
  const { tenant, type, since, enabled, webhook } = rules;
  // The index has such rules alone.
  const isListening = and(eq(enabled, true), sql`starts_with(${type}, 'io.fermata.')`, isNull(webhook));
  return transaction
    .select({ tenant, type, since })
    .from(rules)
    .where(and(inArray(tenant, tenants), isListening));
}

/** A closed run as the index has it, and the event and the rule that began it. */
type ClosedRow = Awaited<ReturnType<typeof readClosed>>[number];

/** Reads runs that are closed according to the index; not those that are closed because Temporal lost them: nobody knows when they ended. */
async function readClosed(transaction: Transaction, numbers: number[]) {
  const { tenant, errorCode, enforcement } = executions;
  return transaction
    .select({
      run: executions,
      version: revisions.version,
      rule: enforcements.rule,
      depth: events.depth,
      chain: events.chain,
    })
    .from(executions)
    .leftJoin(
      revisions,
      and(
        eq(revisions.tenant, tenant),
        eq(revisions.workflow, executions.definition),
        eq(revisions.revision, executions.revision),
      ),
    )
    .leftJoin(enforcements, and(eq(enforcements.tenant, tenant), eq(enforcements.id, enforcement)))
    .leftJoin(events, and(eq(events.tenant, tenant), eq(events.id, enforcements.event)))
    .where(
      and(
        inArray(executions.n, numbers),
        eq(executions.versionClosed, 1),
        or(isNull(errorCode), ne(errorCode, 'GONE')),
      ),
    )
    .orderBy(executions.closed, executions.n);
}

function entryOf({ run, version, rule, depth, chain }: ClosedRow, errorType: string | undefined): EventEntry {
  const event = buildLifecycleEvent({
    ...run,
    runId: run.versionRun,
    version,
    closed: run.closed!,
    error: errorOf(run, errorType),
  });
  const { event_id, ...attributes } = event;
  return {
    ...attributes,
    event_id: event_id!,
    issues: [],
    tenant: run.tenant!,
    ingress: INGRESS,
    // Shorter than a hash has to be made of, and unlike any.
    identity: `${INGRESS} ${event_id}`,
    payload_bytes: jsonSize(event.payload),
    depth: rule === null ? 0 : (depth ?? 0) + 1,
    chain: rule === null ? [] : [...(chain ?? []), rule],
    replay_of: null,
    replay_rules: null,
    execution: integerId(run.n),
    // Whoever has started the run, or has ended it, counts as a starter of what its end begins.
    principal: run.owner,
    on_behalf_of: null,
    starters: run.enders,
  };
}

function errorOf({ error, errorCode, errorTask }: ClosedRow['run'], type: string | undefined): ClosedRun['error'] {
  return error === null ? null : { type: type ?? (errorCode ?? '').toLowerCase(), message: error, task: errorTask };
}
