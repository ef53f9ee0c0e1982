import {
  and,
  arrayOverlaps,
  count,
  desc,
  eq,
  getTableColumns,
  gt,
  inArray,
  lte,
  ne,
  not,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { Inquiry, InquiryStatus, NoticeKind } from '../model/inquiry.ts';
import type { JsonObject } from '../model/json.ts';
import { forbidName, grantName } from '../model/names.ts';
import type { Database } from './database.ts';
import { executions, inquiries, notices } from './schema.ts';

/** An inquiry in the inbox. */
export type InquiryRow = typeof inquiries.$inferSelect;

/** What somebody is told of an inquiry, and where. */
export type NoticeRow = typeof notices.$inferSelect;

/** Who an inbox is of: all names of a person, and their groups. */
export interface Assignee {
  names: readonly string[];
  groups: readonly string[];
}

/** Filters of the inbox; all combine. */
export interface InquiryFilter {
  status?: InquiryStatus | undefined;
  /** Those that this person may decide, and has not yet. */
  assigned?: Assignee | undefined;
  /** The run's number. */
  n?: number | undefined;
}

/** A run whose inquiries are to be read again. */
export interface AskingRun {
  n: number;
  workflowId: string;
  tenant: string | null;
  ref: string;
  owner: string | null;
}

/** What there is to tell, and where. */
export interface WantedNotice {
  key: string;
  kind: NoticeKind;
  target: string;
  wanted: string;
  /** Whether it is still to be decided: of what is over nobody is told who did not hear of it before. */
  open: boolean;
  /** When to remind for the first time. */
  remind: Date | null;
}

/** The inbox, and what people are told. */
export type InquiryStore = ReturnType<typeof createInquiryStore>;

/** Makes the store over an open database. */
export function createInquiryStore(db: Database) {
  return {
    /**
     * Writes the inquiries of a run as its history up to an event tells them, and what is to be told of them; nothing
     * where a later event has been read. `changes` is how often they had changed.
     */
    async sync(
      run: AskingRun & {
        namespace: string;
        tenant: string;
        starters: readonly string[];
        event: number;
        changes: number;
      },
      found: readonly Inquiry[],
      wanted: readonly WantedNotice[],
      now: Date,
    ): Promise<void> {
      const { namespace, workflowId, n, tenant, ref, owner, starters, event, changes } = run;
      await db.transaction(async (transaction) => {
        for (const inquiry of found) {
          const { key, status, request, votes, created } = inquiry;
          const row = {
            ...{ namespace, workflowId, key, n, tenant, status, ref, owner, inquiry, event },
            ...{ approvers: request.approvers.map(grantName), groups: request.groups.map(grantName) },
            created: new Date(created),
            barred: request.allow_self ? [] : starters.map(forbidName),
            voters: votes.map(({ by }) => forbidName(by)),
          };
          await transaction
            .insert(inquiries)
            .values(row)
            .onConflictDoUpdate({
              target: [inquiries.namespace, inquiries.workflowId, inquiries.key],
              set: row,
              setWhere: lte(inquiries.event, event),
            });
        }
        for (const { key, kind, target, wanted: told, open: stillOpen, remind } of wanted) {
          if (!stillOpen) {
            const of = and(eq(notices.namespace, namespace), eq(notices.workflowId, workflowId), eq(notices.key, key));
            const at = and(of, eq(notices.kind, kind), eq(notices.target, target), ne(notices.wanted, told));
            await transaction.update(notices).set({ wanted: told, due: now, attempts: 0, remind: null }).where(at);
            continue;
          }
          await transaction
            .insert(notices)
            .values({ namespace, workflowId, key, tenant, kind, target, wanted: told, due: now, remind })
            .onConflictDoUpdate({
              target: [notices.namespace, notices.workflowId, notices.key, notices.kind, notices.target],
              set: { wanted: told, due: now, attempts: 0 },
              setWhere: ne(notices.wanted, told),
            });
        }
        const open = found.filter(({ status }) => status === 'pending').length;
        await transaction
          .update(executions)
          .set({ askedSeen: sql`greatest(${executions.askedSeen}, ${changes})`, inquiriesOpen: open })
          .where(and(eq(executions.namespace, namespace), eq(executions.workflowId, workflowId)));
      });
    },

    /** Some of the runs whose inquiries have changed since they were read, or that have closed with some that were open. */
    async due(namespace: string, limit: number): Promise<AskingRun[]> {
      return (
        db
          .select({
            n: executions.n,
            workflowId: executions.workflowId,
            tenant: executions.tenant,
            ref: executions.ref,
            owner: executions.owner,
          })
          .from(executions)
          .where(
            and(
              eq(executions.namespace, namespace),
              or(
                gt(executions.asked, executions.askedSeen),
                and(gt(executions.inquiriesOpen, 0), eq(executions.versionClosed, 1)),
              ),
            ),
          )
          // Those that cannot be read yet must not stand before the others.
          .orderBy(sql`random()`)
          .limit(limit)
      );
    },

    /** Notes that there is nothing to read of a run's inquiries. */
    async skip(namespace: string, workflowId: string): Promise<void> {
      await db
        .update(executions)
        .set({ askedSeen: sql`${executions.asked}`, inquiriesOpen: 0 })
        .where(and(eq(executions.namespace, namespace), eq(executions.workflowId, workflowId)));
    },

    /**
     * Withdraws what a run asks that Temporal no longer has, and notes that whoever was told of it is to be told. Does nothing
     * where nothing is open.
     */
    async withdraw(namespace: string, workflowId: string, now: Date): Promise<void> {
      await db.transaction(async (transaction) => {
        const open = and(eq(inquiries.namespace, namespace), eq(inquiries.workflowId, workflowId));
        const rows = await transaction
          .select()
          .from(inquiries)
          .where(and(open, eq(inquiries.status, 'pending')));
        for (const { key, inquiry } of rows) {
          await transaction
            .update(inquiries)
            .set({ status: 'cancelled', inquiry: { ...inquiry, status: 'cancelled' } })
            .where(and(open, eq(inquiries.key, key)));
          await transaction
            .update(notices)
            .set({ wanted: `cancelled/${inquiry.votes.length}`, due: now, attempts: 0, remind: null })
            .where(and(eq(notices.namespace, namespace), eq(notices.workflowId, workflowId), eq(notices.key, key)));
        }
      });
    },

    /** A page of a tenant's inquiries, newest first, and how many there are. */
    async list(
      tenant: string,
      filter: InquiryFilter,
      page: { offset: number; limit: number },
    ): Promise<{ rows: InquiryRow[]; total: number }> {
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

    /** Forgets the inquiries of runs that were deleted. */
    async forget(namespace: string, workflowIds: readonly string[]): Promise<void> {
      const ids = [...workflowIds];
      if (ids.length === 0) return;
      await db.delete(notices).where(and(eq(notices.namespace, namespace), inArray(notices.workflowId, ids)));
      await db.delete(inquiries).where(and(eq(inquiries.namespace, namespace), inArray(inquiries.workflowId, ids)));
    },

    /**
     * Finds notices that are due: those that have something new to tell, and reminders. The oldest of each tenant come first, then
     * the second of each, and so on; so many of a tenant and in all, at most.
     */
    async dueNotices(namespace: string, now: Date, most: { ofTenant: number; all: number }): Promise<NoticeRow[]> {
      const place = sql<number>`row_number() over (partition by ${notices.tenant} order by ${notices.due}, ${notices.id})`;
      const ranked = db
        .select({ id: notices.id, place: place.as('place') })
        .from(notices)
        .where(
          and(
            eq(notices.namespace, namespace),
            lte(notices.due, now),
            or(ne(notices.told, notices.wanted), lte(notices.remind, now)),
          ),
        )
        .as('ranked');
      return db
        .select(getTableColumns(notices))
        .from(notices)
        .innerJoin(ranked, eq(ranked.id, notices.id))
        .where(lte(ranked.place, most.ofTenant))
        .orderBy(ranked.place, notices.due)
        .limit(most.all);
    },

    /** Takes notices that are due until a time, so that no other process sends them too; returns those that were still due. */
    async leaseNotices(ids: readonly number[], now: Date, until: Date): Promise<NoticeRow[]> {
      if (ids.length === 0) return [];
      return db
        .update(notices)
        .set({ due: until })
        .where(and(inArray(notices.id, [...ids]), lte(notices.due, now)))
        .returning();
    },

    /** Notes what was told, and where the message is; `remind` is when to remind next. */
    async told(
      id: number,
      told: string,
      rest: { handle: JsonObject | null; remind: Date | null },
      now: Date,
    ): Promise<void> {
      await db
        .update(notices)
        .set({ told, ...rest, due: now, attempts: 0, error: null })
        .where(eq(notices.id, id));
    },

    /** Notes that nothing could be told, and when to try again. */
    async failed(id: number, error: string, due: Date): Promise<void> {
      await db
        .update(notices)
        .set({ error, due, attempts: sql`${notices.attempts} + 1` })
        .where(eq(notices.id, id));
    },

    /** A notice by its number. */
    async findNotice(id: number): Promise<NoticeRow | null> {
      const [found] = await db.select().from(notices).where(eq(notices.id, id));
      return found ?? null;
    },

    /** An inquiry as it was read last. */
    async find(namespace: string, workflowId: string, key: string): Promise<InquiryRow | null> {
      const [found] = await db
        .select()
        .from(inquiries)
        .where(and(eq(inquiries.namespace, namespace), eq(inquiries.workflowId, workflowId), eq(inquiries.key, key)));
      return found ?? null;
    },
  };
}

function conditionsOf(tenant: string, { status, assigned, n }: InquiryFilter): SQL | undefined {
  return and(
    eq(inquiries.tenant, tenant),
    status === undefined ? undefined : eq(inquiries.status, status),
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
  );
}
