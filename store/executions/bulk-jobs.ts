import { and, desc, eq, gt, inArray, isNull, lt, ne, or, type Placeholder, type SQL, sql } from 'drizzle-orm';
import type { BulkError, BulkVerb } from '../../model/bulk.ts';
import type { Principal } from '../../model/principal.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { bulkJobs } from './tables.ts';

/** A job with its progress. */
export type BulkJob = typeof bulkJobs.$inferSelect;

/** A job as a process has leased it: only that process knows both how far it was and until when it was leased. */
export type HeldJob = Pick<BulkJob, 'id' | 'done' | 'leased'>;

/** The part of a job that changes with its progress. */
export type AdvancedJob = HeldJob & Pick<BulkJob, 'status'>;

/** The results of the next executions of a job. */
export interface BulkProgress {
  done: number;
  succeeded: number;
  errors: BulkError[];
}

/** The jobs that change many runs. */
export interface BulkJobStore {
  /** Stores a new job, unless there is one with its id. */
  create(job: {
    id: string;
    tenant: string;
    verb: BulkVerb;
    reason: string;
    principal: Principal;
    targets: number[];
  }): Promise<void>;
  /** Finds a job; null when there is none. */
  find(tenant: string, id: string): Promise<BulkJob | null>;
  /** Leases, until a time, the oldest free job of the tenant that follows another one in turn; null when there is none. */
  lease(now: Date, until: Date, behind: string | null): Promise<BulkJob | null>;
  /**
   * Records the results of the next executions of a job, and until when the process leases it further; null releases it. `errors` are
   * some of those that `failed` counts; `targets` is another order of the executions, where others than the next ones are done. Returns
   * null, and records nothing, when the lease had ended and another process has leased the job.
   */
  advance(
    held: HeldJob,
    progress: BulkProgress,
    until: Date | null,
    maxErrors: number,
    targets?: number[],
  ): Promise<AdvancedJob | null>;
  /** Changes until when a process leases a job, without any progress. Returns false when another process has leased it meanwhile. */
  renew(held: HeldJob, until: Date): Promise<boolean>;
  /** Leaves what a running job has not done yet; what became of it, or null when the tenant has no such job. */
  abort(tenant: string, id: string): Promise<BulkJob | null>;
  /** Deletes the oldest jobs from before a time that have ended, up to a number. */
  forget(before: Date, limit: number): Promise<void>;
}

/** Matches running jobs that no process has leased at a time. */
export function isFree(now: Date | Placeholder): SQL | undefined {
  // Literal, as in the condition of the index.
  return and(sql`${bulkJobs.status} = 'running'`, or(isNull(bulkJobs.leased), lt(bulkJobs.leased, now)));
}

/** Creates the store over an open database. */
export function createBulkJobStore(db: Database): BulkJobStore {
  return named<BulkJobStore>('bulk-jobs', {
    async create(job) {
      const status = job.targets.length === 0 ? 'completed' : 'running';
      await db
        .insert(bulkJobs)
        .values({ ...job, status })
        .onConflictDoNothing();
    },

    async find(tenant, id) {
      const [found] = await db
        .select()
        .from(bulkJobs)
        .where(and(eq(bulkJobs.tenant, tenant), eq(bulkJobs.id, id)));
      return found ?? null;
    },

    async lease(now, until, behind) {
      const later = behind === null ? [] : [desc(gt(bulkJobs.tenant, behind))];
      const [next] = await db
        .select({ id: bulkJobs.id })
        .from(bulkJobs)
        .where(isFree(now))
        .orderBy(...later, bulkJobs.tenant, bulkJobs.created)
        .limit(1);
      if (next === undefined) return null;
      const [leased] = await db
        .update(bulkJobs)
        .set({ leased: until })
        .where(and(eq(bulkJobs.id, next.id), isFree(now)))
        .returning();
      return leased ?? null;
    },

    async advance(held, { done, succeeded, errors }, until, maxErrors, targets) {
      const [found] = await db.select({ errors: bulkJobs.errors }).from(bulkJobs).where(eq(bulkJobs.id, held.id));
      const told = [...(found?.errors ?? []), ...errors].slice(0, maxErrors);
      const [updated] = await db
        .update(bulkJobs)
        .set({
          errors: told,
          leased: until,
          ...(targets === undefined ? {} : { targets }),
          done: sql`${bulkJobs.done} + ${done}`,
          succeeded: sql`${bulkJobs.succeeded} + ${succeeded}`,
          failed: sql`${bulkJobs.failed} + ${errors.length}`,
          status: sql`case when ${bulkJobs.status} = 'running' and ${bulkJobs.done} + ${done} >= cardinality(${bulkJobs.targets}) then 'completed' else ${bulkJobs.status} end`,
        })
        .where(isHeld(held))
        // Not the executions, of which a job has many.
        .returning({ id: bulkJobs.id, done: bulkJobs.done, leased: bulkJobs.leased, status: bulkJobs.status });
      return updated ?? null;
    },

    async renew(held, until) {
      const renewed = await db
        .update(bulkJobs)
        .set({ leased: until })
        .where(isHeld(held))
        .returning({ id: bulkJobs.id });
      return renewed.length > 0;
    },

    async abort(tenant, id) {
      await db
        .update(bulkJobs)
        .set({ status: 'aborted' })
        .where(and(eq(bulkJobs.tenant, tenant), eq(bulkJobs.id, id), eq(bulkJobs.status, 'running')));
      return this.find(tenant, id);
    },

    async forget(before, limit) {
      const oldest = db
        .select({ id: bulkJobs.id })
        .from(bulkJobs)
        .where(and(lt(bulkJobs.created, before), ne(bulkJobs.status, 'running')))
        .orderBy(bulkJobs.created)
        .limit(limit);
      await db.delete(bulkJobs).where(inArray(bulkJobs.id, oldest));
    },
  });
}

/** Selects a job if it still is as a process has leased it. */
function isHeld({ id, done, leased }: HeldJob): SQL | undefined {
  const sameLease = leased === null ? isNull(bulkJobs.leased) : eq(bulkJobs.leased, leased);
  return and(eq(bulkJobs.id, id), eq(bulkJobs.done, done), sameLease);
}
