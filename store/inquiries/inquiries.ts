import {
  and,
  arrayOverlaps,
  count,
  desc,
  eq,
  exists,
  gt,
  inArray,
  lte,
  not,
  or,
  type Placeholder,
  type SQL,
  sql,
} from 'drizzle-orm';
import { heldDelegations } from '../../model/delegation.ts';
import { type Inquiry, type InquiryStatus, withdrawn } from '../../model/inquiry.ts';
import { forbidName, grantName } from '../../model/names.ts';
import { principals } from '../access/tables.ts';
import type { Database } from '../database.ts';
import { buriedAmong, holdDeletions } from '../deletions.ts';
import { executions } from '../executions/tables.ts';
import { named } from '../named.ts';
import { addNoticeEvents, type NewNoticeEvent } from './notice-events.ts';
import { inquiries, noticeEvents } from './tables.ts';

/** An inquiry in the inbox. */
export type InquiryRow = typeof inquiries.$inferSelect;

/** The owner of an inbox: all names of a person, and their groups. */
export interface Assignee {
  names: readonly string[];
  groups: readonly string[];
}

/** Filters of the inbox. An inquiry must match all that are given. */
export interface InquiryFilter {
  statuses?: readonly InquiryStatus[] | undefined;
  /** Only inquiries that this person may decide and has not voted on. */
  assigned?: Assignee | undefined;
  /** The number of the run. */
  n?: number | undefined;
}

/** A run whose inquiries must be read again. */
export interface AskingRun {
  n: number;
  workflowId: string;
  tenant: string | null;
  ref: string;
  owner: string | null;
  /** When the run last reported something. */
  updated: Date;
  /** Whether its inquiries have changed, and not only something else in the run. */
  changed: boolean;
}

/** A run whose inquiries were read as of an event of its history; `changes` counts the changes of inquiries up to then. */
export interface InquiryRun extends Omit<AskingRun, 'updated' | 'changed'> {
  namespace: string;
  tenant: string;
  starters: readonly string[];
  event: number;
  changes: number;
}

/** Derives the events to announce from an inquiry and its earlier state; null: it was never read before. */
export type DeriveEvents = (before: Inquiry | null, inquiry: Inquiry) => NewNoticeEvent[];

/** The inbox: all inquiries as they were last read from their runs. */
export interface InquiryStore {
  /**
   * Writes the inquiries of a run as of an event of its history, and the events that `derive` returns for what has changed; does
   * nothing where a later event was read before, and for a run that was deleted or is not in the index yet. `remindAt` returns when the
   * targets of an inquiry are first reminded.
   */
  sync(
    run: InquiryRun,
    found: readonly Inquiry[],
    options: { derive: DeriveEvents; remindAt: (inquiry: Inquiry) => Date | null },
    now: Date,
  ): Promise<void>;
  /** Writes the due reminders of some inquiries; `remindersOf` returns those of one, and when it is reminded next. */
  remind(
    namespace: string,
    now: Date,
    limit: number,
    remindersOf: (inquiry: Inquiry) => { events: NewNoticeEvent[]; next: Date | null },
  ): Promise<void>;
  /**
   * Lists runs to read again: their inquiries have changed, they closed with open ones, or anything else has happened while some are
   * open.
   */
  due(namespace: string, limit: number): Promise<AskingRun[]>;
  /** Records that the inquiries of a run were read as of its report at `updated`. */
  looked(namespace: string, workflowId: string, updated: Date): Promise<void>;
  /** Records that a run has no inquiries to read. */
  skip(namespace: string, workflowId: string): Promise<void>;
  /** Withdraws the open inquiries of a run that Temporal no longer has, with the events that `derive` returns for that. */
  withdraw(namespace: string, workflowId: string, derive: DeriveEvents, now: Date): Promise<void>;
  /** Lists a page of a tenant's inquiries, newest first; `total` counts all that match. */
  list(
    tenant: string,
    filter: InquiryFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: InquiryRow[]; total: number }>;
  /** Deletes the inquiries of deleted runs. */
  forget(namespace: string, workflowIds: readonly string[]): Promise<void>;
  /** Lists at most `limit` open inquiries of a tenant that somebody has delegated. */
  delegated(tenant: string, limit: number): Promise<InquiryRow[]>;
  /** Finds an inquiry as it was last read; null when there is none. */
  find(namespace: string, workflowId: string, key: string): Promise<InquiryRow | null>;
}

/** Creates the store over an open database. */
export function createInquiryStore(db: Database): InquiryStore {
  const reminded = db
    .select({ key: inquiries.key })
    .from(inquiries)
    .where(isReminded(sql.placeholder('namespace'), sql.placeholder('now')))
    .limit(1)
    .prepare('inquiries_reminded');
  const asking = selectAsking(db).prepare('asking_runs');

  return named<InquiryStore>('inquiries', {
    async sync(run, found, { derive, remindAt }, now) {
      const { namespace, workflowId, tenant, event, changes } = run;
      await db.transaction(async (transaction) => {
        // A run that was read before its deletion may be written after it.
        await holdDeletions(transaction, 'shared');
        if ((await buriedAmong(transaction, [run])).size > 0) return;
        const ofRun = and(eq(executions.namespace, namespace), eq(executions.workflowId, workflowId));
        const [row] = await transaction.select({ n: executions.n }).from(executions).where(ofRun);
        // Its row says which run to read again: one that came later would not know that inquiries are open.
        if (row === undefined) return;
        for (const inquiry of found) {
          const place = { namespace, workflowId, key: inquiry.key };
          const [before] = await transaction.select().from(inquiries).where(isInquiry(place)).for('update');
          if (before !== undefined && before.event > event) continue;
          const remind = remindAt(inquiry);
          const remindNext = remind === null ? null : (before?.remindAt ?? remind);
          const row = { ...buildRow(run, inquiry), remindAt: remindNext };
          await transaction
            .insert(inquiries)
            .values(row)
            .onConflictDoUpdate({
              target: [inquiries.namespace, inquiries.workflowId, inquiries.key],
              set: row,
              setWhere: lte(inquiries.event, event),
            });
          await addNoticeEvents(transaction, { ...place, tenant }, derive(before?.inquiry ?? null, inquiry), now);
        }
        const open = found.filter(({ status }) => status === 'pending').length;
        await transaction
          .update(executions)
          .set({ askedSeen: sql`greatest(${executions.askedSeen}, ${changes})`, inquiriesOpen: open })
          .where(ofRun);
      });
    },

    async remind(namespace, now, limit, remindersOf) {
      const due = and(eq(inquiries.namespace, namespace), lte(inquiries.remindAt, now));
      const some = await reminded.execute({ namespace, now });
      if (some.length === 0) return;
      await db.transaction(async (transaction) => {
        const rows = await transaction
          .select()
          .from(inquiries)
          .where(due)
          .limit(limit)
          .for('update', { skipLocked: true });
        for (const row of rows) {
          const { events, next } = remindersOf(row.inquiry);
          await transaction.update(inquiries).set({ remindAt: next }).where(isInquiry(row));
          await addNoticeEvents(transaction, row, events, now);
        }
      });
    },

    async due(namespace, limit) {
      return asking.execute({ namespace, limit });
    },

    async looked(namespace, workflowId, updated) {
      await db
        .update(executions)
        .set({ askedAt: updated })
        .where(and(eq(executions.namespace, namespace), eq(executions.workflowId, workflowId)));
    },

    async skip(namespace, workflowId) {
      await db
        .update(executions)
        .set({ askedSeen: sql`${executions.asked}`, inquiriesOpen: 0 })
        .where(and(eq(executions.namespace, namespace), eq(executions.workflowId, workflowId)));
    },

    async withdraw(namespace, workflowId, derive, now) {
      await db.transaction(async (transaction) => {
        const open = and(
          eq(inquiries.namespace, namespace),
          eq(inquiries.workflowId, workflowId),
          eq(inquiries.status, 'pending'),
        );
        for (const row of await transaction.select().from(inquiries).where(open).for('update')) {
          const inquiry = withdrawn(row.inquiry);
          await transaction
            .update(inquiries)
            .set({ status: 'cancelled', inquiry, remindAt: null })
            .where(isInquiry(row));
          await addNoticeEvents(transaction, row, derive(row.inquiry, inquiry), now);
        }
      });
    },

    async list(tenant, filter, page) {
      const where = conditionsOf(tenant, filter);
      const rows = await db
        .select()
        .from(inquiries)
        .where(where)
        .orderBy(desc(inquiries.created), desc(inquiries.n), inquiries.key)
        .limit(page.limit)
        .offset(page.offset);
      const counted = await db.select({ total: count() }).from(inquiries).where(where);
      return { rows, total: counted[0]?.total ?? 0 };
    },

    async forget(namespace, workflowIds) {
      const ids = [...workflowIds];
      if (ids.length === 0) return;
      await db
        .delete(noticeEvents)
        .where(and(eq(noticeEvents.namespace, namespace), inArray(noticeEvents.workflowId, ids)));
      await db.delete(inquiries).where(and(eq(inquiries.namespace, namespace), inArray(inquiries.workflowId, ids)));
    },

    delegated(tenant, limit) {
      const isDelegated = sql`coalesce(json_array_length(${inquiries.inquiry} -> 'delegations'), 0) > 0`;
      return db
        .select()
        .from(inquiries)
        .where(and(eq(inquiries.tenant, tenant), eq(inquiries.status, 'pending'), isDelegated))
        .orderBy(desc(inquiries.created))
        .limit(limit);
    },

    async find(namespace, workflowId, key) {
      const [found] = await db.select().from(inquiries).where(isInquiry({ namespace, workflowId, key }));
      return found ?? null;
    },
  });
}

function buildRow({ namespace, workflowId, n, tenant, ref, owner, starters, event }: InquiryRun, inquiry: Inquiry) {
  const { key, status, request, votes, created } = inquiry;
  const held = heldDelegations(inquiry);
  const delegators = held.flatMap(({ by, names }) => [by, ...names]);
  const approvers = [...request.approvers, ...held.map(({ to }) => to)];
  return {
    namespace,
    workflowId,
    key,
    n,
    tenant,
    status,
    ref,
    owner,
    inquiry,
    event,
    approvers: approvers.map(grantName),
    groups: request.groups.map(grantName),
    created: new Date(created),
    barred: request.allow_self ? [] : starters.map(forbidName),
    // Whoever has delegated the inquiry no longer decides, like whoever has voted.
    voters: [...votes.map(({ by }) => by), ...delegators].map(forbidName),
  };
}

function isInquiry({ namespace, workflowId, key }: { namespace: string; workflowId: string; key: string }) {
  return and(eq(inquiries.namespace, namespace), eq(inquiries.workflowId, workflowId), eq(inquiries.key, key));
}

function conditionsOf(tenant: string, { statuses, assigned, n }: InquiryFilter): SQL | undefined {
  return and(
    eq(inquiries.tenant, tenant),
    statuses === undefined ? undefined : inArray(inquiries.status, [...statuses]),
    n === undefined ? undefined : eq(inquiries.n, n),
    assigned === undefined ? undefined : assignedTo(assigned),
  );
}

function assignedTo({ names, groups }: Assignee): SQL | undefined {
  const [granted, forbidden] = [names.map(grantName), names.map(forbidName)];
  const asked = or(
    and(eq(sql`cardinality(${inquiries.approvers})`, 0), eq(sql`cardinality(${inquiries.groups})`, 0)),
    arrayOverlaps(inquiries.approvers, granted),
    ...(groups.length === 0 ? [] : [arrayOverlaps(inquiries.groups, groups.map(grantName))]),
  );
  return and(
    eq(inquiries.status, 'pending'),
    asked,
    not(arrayOverlaps(inquiries.barred, forbidden)),
    not(arrayOverlaps(inquiries.voters, forbidden)),
    not(exists(endedDelegation(names))),
  );
}

/**
 * Selects the delegations of an inquiry to somebody that have ended because one of the two was disabled, in runs whose interpreter does
 * not end them.
 */
function endedDelegation(names: readonly string[]): SQL {
  const list = sql.join(
    names.map((name) => sql`${grantName(name)}`),
    sql`, `,
  );
  return sql`(
    select 1
    from json_array_elements(coalesce(${inquiries.inquiry} -> 'delegations', '[]'::json)) as record
    cross join lateral (select record -> 'delegation' as made) as delegation
    cross join lateral (select btrim(normalize(made ->> 'to', NFC)) as subject) as delegate
    join ${principals} on ${principals.tenant} = ${inquiries.tenant}
      and ${principals.disabledLast} >= (made ->> 'at')::timestamptz
    where record -> 'verdict' ->> 'result' = 'delegated'
      and made ->> 'standing' is null
      and case when delegate.subject like '%@%' then lower(delegate.subject) else delegate.subject end in (${list})
      and ${principals.subject} in (
        select made ->> 'by'
        union all select made ->> 'to'
        union all select json_array_elements_text(made -> 'names')
        union all select json_array_elements_text(made -> 'to_names')
      )
  )`;
}

/** Matches the runs of a `namespace` whose inquiries may have changed since they were read. */
export function isAsking(namespace: Placeholder): SQL | undefined {
  // Literal, as in the condition of the index: the plan of a prepared statement does not know its parameters.
  const hasOpen = sql`${executions.inquiriesOpen} > 0`;
  return and(
    eq(executions.namespace, namespace),
    or(
      gt(executions.asked, executions.askedSeen),
      and(hasOpen, sql`${executions.versionClosed} = 1`),
      // The `bound_to` of an inquiry may depend on anything that has ended in its run.
      and(hasOpen, gt(executions.updated, sql`coalesce(${executions.askedAt}, 'epoch')`)),
    ),
  );
}

/** Matches the inquiries of a `namespace` whose targets are to be reminded by `now`. */
export function isReminded(namespace: Placeholder, now: Placeholder): SQL | undefined {
  return and(eq(inquiries.namespace, namespace), lte(inquiries.remindAt, now));
}

/** Selects the runs of a `namespace` whose inquiries may have changed since they were read, up to a `limit`. */
function selectAsking(db: Database) {
  return (
    db
      .select({
        n: executions.n,
        workflowId: executions.workflowId,
        tenant: executions.tenant,
        ref: executions.ref,
        owner: executions.owner,
        updated: executions.updated,
        changed: sql<boolean>`${or(gt(executions.asked, executions.askedSeen), eq(executions.versionClosed, 1))}`,
      })
      .from(executions)
      .where(isAsking(sql.placeholder('namespace')))
      // Runs that cannot be read yet must not block the others.
      .orderBy(sql`random()`)
      .limit(sql.placeholder('limit'))
  );
}
