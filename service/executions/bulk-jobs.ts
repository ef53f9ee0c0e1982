import { AppError, type ErrorCode } from '../../model/app-error.ts';
import type { BulkError, BulkVerb } from '../../model/bulk.ts';
import { integerId } from '../../model/execution-id.ts';
import type { Json } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { hasPermission, type Permission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import type { BulkJob, BulkJobStore } from '../../store/executions/bulk-jobs.ts';
import type { ExecutionFilter } from '../../store/executions/execution-filters.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { PrincipalService } from '../access/principals.ts';
import type { Bell } from '../background/bell.ts';
import { keepGoing } from '../background/loops.ts';
import { isPassing } from '../background/outages.ts';
import { keepRenewing } from '../background/renewals.ts';
import { deriveRequestId, type IdempotencyKey, type Repeats } from '../starts/idempotency.ts';
import { workFor } from '../starts/work-owner.ts';
import type { ExecutionCommands } from './commands.ts';
import type { DeletionService } from './deletions.ts';
import type { ExecutionReader } from './reader.ts';
import type { RetryService } from './retries.ts';

/** The executions of a job: ids in any spelling, or all that match a filter and that the verb applies to. */
export type BulkTarget = { ids: readonly (number | string)[] } | { filter: ExecutionFilter };

/** The most executions of one job. */
const MAX_TARGETS = 100_000;

/** Executions that are changed concurrently, and the most errors that a job keeps. */
const CONCURRENCY = 8;
const MAX_ERRORS = 1_000;

/** Batches of a job before it is another tenant's turn. */
const BATCHES = 4;

/** Milliseconds for which a process leases a job, and renews the lease while it works on it; and after which a job that failed is tried again. */
const TIMING = { lease: 20_000, interval: 1_000 };

/** Why a job is begun, and the key by which the same request is known again. */
export interface BulkCommand {
  reason: string;
  idempotencyKey?: string | undefined;
}

/** Pauses and resumes executions. */
interface Pauses {
  control(
    principal: Principal,
    id: string,
    action: { what: 'pause' | 'resume' },
    reason: string | null,
  ): Promise<unknown>;
}

/** The services that change one execution and recognize repeated requests. */
export interface BulkServices {
  executions: Pick<ExecutionReader, 'numberOf'> & Pick<ExecutionCommands, 'cancel' | 'terminate'>;
  controls: Pauses;
  retries: RetryService;
  deletions: DeletionService;
  principals: Pick<PrincipalService, 'asItStands'>;
  repeats: Pick<Repeats, 'once'>;
}

/** Changes many executions in jobs that survive the end of a process. */
export interface BulkService {
  /** Throws `forbidden` unless the caller may do this to many executions; ask it before anything is looked up for a job. */
  demandVerb(principal: Principal, verb: BulkVerb): void;
  /** Counts the executions that a job would have. Throws what `begin` throws. */
  count(principal: Principal, verb: BulkVerb, target: BulkTarget): Promise<number>;
  /**
   * Begins a job; requests with the same idempotency key begin one job. Throws `forbidden` unless the caller has the permission,
   * `request_invalid` for a text that is not an id and for too many executions, and `idempotency_mismatch`.
   */
  begin(
    principal: Principal,
    verb: BulkVerb,
    target: BulkTarget,
    command: BulkCommand,
  ): Promise<{ id: string; matched: number }>;
  /** Returns a job. Throws `bulk_job_not_found`. */
  get(principal: Principal, id: string): Promise<BulkJob>;
  /** Aborts the rest of a job. Throws `bulk_job_not_found`. */
  abort(principal: Principal, id: string): Promise<BulkJob>;
  /** Works on jobs until the signal is aborted; continues jobs of processes that have died. */
  run(signal: AbortSignal): Promise<void>;
}

/** The dependencies of the service. */
export interface BulkDependencies extends BulkServices {
  jobs: BulkJobStore;
  store: ExecutionStore;
  /** Rings when there is a job to work on. */
  bell: Bell;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
  timing?: typeof TIMING;
}

/** Creates the service. */
export function createBulkService({
  jobs,
  store,
  executions,
  controls,
  retries,
  deletions,
  principals,
  repeats,
  bell,
  clock,
  log,
  timing: { lease, interval } = TIMING,
}: BulkDependencies): BulkService {
  function demandVerb(principal: Principal, verb: BulkVerb): void {
    const permission = PERMISSION[verb];
    if (hasPermission(principal, permission)) return;
    throw new AppError('forbidden', `the permission "${permission}" is required`, { details: { permission } });
  }

  async function numbersOf(principal: Principal, verb: BulkVerb, target: BulkTarget): Promise<number[]> {
    if ('ids' in target) {
      const numbers = new Set<number>();
      for (const [index, id] of target.ids.entries()) {
        const n = await executions.numberOf(principal, String(id));
        const message = 'is not the id of an execution';
        if (n === null) throw refusal('request_invalid', [{ code: 'value_invalid', path: `/ids/${index}`, message }]);
        numbers.add(n);
      }
      return [...numbers];
    }
    const { statuses: meant, ...rest } = MEANT[verb];
    const wanted = target.filter.statuses;
    const statuses = meant === undefined ? wanted : meant.filter((status) => wanted?.includes(status) ?? true);
    const numbers = await store.numbersOf(principal.tenant, { ...target.filter, ...rest, statuses }, MAX_TARGETS + 1);
    if (numbers.length <= MAX_TARGETS) return numbers;
    throw new AppError('request_invalid', `the filter matches more than ${MAX_TARGETS} executions: narrow it`);
  }

  /**
   * Works on the next batches of a job, unless somebody aborts it or another process has continued it, and releases it: for a moment
   * when it meets an error. Aborts a job whose principal has been disabled since or has lost the permission.
   */
  async function work(leased: BulkJob, signal: AbortSignal): Promise<void> {
    let job: BulkJob | null = leased;
    try {
      const principal = await principals.asItStands(leased.principal);
      if (principal === null || !hasPermission(principal, PERMISSION[leased.verb])) {
        return await abandon(leased, principal);
      }
      for (let left = BATCHES; left > 0 && job?.status === 'running' && !signal.aborted; left -= 1) {
        job = await workOnBatch(job, principal, left > 1);
      }
    } catch (error) {
      await jobs.renew(job ?? leased, new Date(clock() + interval)).catch(() => undefined);
      throw error;
    }
  }

  /** Aborts a job that its principal may no longer do: its next execution fails with the reason. */
  async function abandon(job: BulkJob, principal: Principal | null): Promise<void> {
    const { id, tenant, targets, done, verb } = job;
    const { subject } = job.principal;
    const why = principal === null ? 'is disabled' : `no longer has the permission ${PERMISSION[verb]}`;
    const errors = [{ id: integerId(targets[done]!), error: `"${subject}", who started this job, ${why}` }];
    await jobs.advance(job, { done: 1, succeeded: 0, errors }, null, MAX_ERRORS);
    await jobs.abort(tenant, id);
  }

  /**
   * Works on the next batch of a job, whose lease it renews meanwhile, and then leases the job further or releases it. Returns the job;
   * null when another process has continued it. Throws what is worth another try, after recording what was done.
   */
  async function workOnBatch(job: BulkJob, principal: Principal, further: boolean): Promise<BulkJob | null> {
    const { id, targets: all, done: from, verb, reason, created } = job;
    const batch = all.slice(from, from + CONCURRENCY);
    const change = async (n: number): Promise<Result> =>
      changeOne({ principal, verb, reason, created }, n, ['bulk', id, String(n)]).then(
        (error) => ({ n, isPassing: false, error }),
        (thrown: unknown) => ({ n, isPassing: true, thrown }),
      );
    const results = await keepRenewing(Promise.all(batch.map(change)), lease / 4, async () => {
      const until = new Date(clock() + lease);
      if (await jobs.renew(job, until)) job.leased = until;
    });
    const ended = results.filter((result) => !result.isPassing);
    const errors = ended.flatMap(({ error }) => (error === null ? [] : [error]));
    const progress = { done: ended.length, succeeded: ended.length - errors.length, errors };
    const [passing] = results.filter((result) => result.isPassing);
    if (passing === undefined) {
      const advanced = await jobs.advance(job, progress, further ? new Date(clock() + lease) : null, MAX_ERRORS);
      return advanced === null ? null : { ...job, ...advanced };
    }
    // Executions that are done come first, so that none of them is changed again.
    const left = all.slice(from).filter((n) => !ended.some((result) => result.n === n));
    const targets = [...all.slice(0, from), ...ended.map(({ n }) => n), ...left];
    // Until then the tenant's other jobs have their turn.
    await jobs.advance(job, progress, new Date(clock() + interval), MAX_ERRORS, targets);
    throw passing.thrown;
  }

  /**
   * Does it to one, and returns why that was not possible; the same key is one retry, also when a process died in between. Throws what is
   * worth another try, for which the whole job has to wait.
   */
  async function changeOne(
    { principal, verb, reason, created }: Pick<BulkJob, 'principal' | 'verb' | 'reason' | 'created'>,
    n: number,
    key: IdempotencyKey,
  ): Promise<BulkError | null> {
    const id = String(integerId(n));
    try {
      if (verb === 'retry') await retries.retry(principal, id, { from: 'failed', idempotencyKey: key });
      else if (verb === 'delete') await deletions.deleteExecution(principal, id);
      else if (verb === 'pause' || verb === 'resume')
        await controls.control(principal, id, { what: verb }, reason || null);
      else await executions[verb](principal, id, reason);
      return null;
    } catch (error) {
      if (isPassing(error)) throw error;
      if (await isDone({ verb, created, tenant: principal.tenant }, n, error)) return null;
      if (!(error instanceof AppError)) log.error({ err: error, n, verb }, 'a bulk job cannot change a run');
      return { id: integerId(n), error: error instanceof AppError ? error.message : 'internal error' };
    }
  }

  /**
   * Reports whether an execution refuses a verb because the job has reached its aim: by an earlier try whose result was lost, through a
   * parent in the same job, or because it was paused, running or deleted already. An execution that had closed before the job was not
   * stopped by it.
   */
  async function isDone(
    { verb, created, tenant }: Pick<BulkJob, 'verb' | 'created' | 'tenant'>,
    n: number,
    error: unknown,
  ): Promise<boolean> {
    if (!(error instanceof AppError) || error.code !== REACHED[verb]) return false;
    if (error.code === 'execution_not_found') return store.wasDeleted(tenant, n);
    if (error.code !== 'execution_closed') return true;
    // The refusal was read from Temporal, and what is read is written to the index.
    const closed = (await store.find(n))?.closed ?? null;
    return closed !== null && closed >= created;
  }

  return {
    demandVerb,

    async count(principal, verb, target) {
      demandVerb(principal, verb);
      return (await numbersOf(principal, verb, target)).length;
    },

    async begin(principal, verb, target, { reason, idempotencyKey: key }) {
      demandVerb(principal, verb);
      const { tenant } = principal;
      const id = deriveRequestId(tenant, key);
      let targets: readonly number[] = [];
      await repeats.once(
        {
          tenant,
          key,
          asked: { bulk: verb, reason, ...(JSON.parse(JSON.stringify(target)) as { [name: string]: Json }) },
        },
        async () => {
          targets = await numbersOf(principal, verb, target);
          return targets.length;
        },
        async () => {
          await jobs.create({ id, tenant, verb, reason, principal, targets: [...targets] });
          bell.ring();
        },
      );
      const job = orMissing(await jobs.find(tenant, id), id);
      return { id, matched: job.targets.length };
    },

    async get({ tenant }, id) {
      return orMissing(await jobs.find(tenant, id), id);
    },

    async abort({ tenant }, id) {
      return orMissing(await jobs.abort(tenant, id), id);
    },

    run(signal) {
      let turn: string | null = null;
      const workOnAll = async () => {
        while (!signal.aborted) {
          const job: BulkJob | null = await jobs.lease(new Date(clock()), new Date(clock() + lease), turn);
          if (job === null) return;
          turn = job.tenant;
          await workFor(job.tenant, () => work(job, signal));
        }
      };
      const trouble = 'bulk jobs cannot continue; trying again';
      return keepGoing(workOnAll, signal, { interval: 0, bell, pause: interval, log, trouble });
    },
  };
}

/** The result of a job for one execution: the reason why it was left unchanged, null for a success, or an error worth another try. */
type Result =
  | { n: number; isPassing: false; error: BulkError | null }
  | { n: number; isPassing: true; thrown: unknown };

/** The permission that beginning a job takes, which its principal must keep while it runs. */
const PERMISSION: Record<BulkVerb, Permission> = {
  cancel: 'execution:execute',
  terminate: 'execution:execute',
  pause: 'execution:execute',
  resume: 'execution:execute',
  retry: 'execution:execute',
  delete: 'execution:admin',
};

/** The refusal of an execution that is already as a verb leaves it. */
const REACHED: Partial<Record<BulkVerb, ErrorCode>> = {
  cancel: 'execution_closed',
  terminate: 'execution_closed',
  pause: 'execution_paused',
  resume: 'execution_not_paused',
  delete: 'execution_not_found',
};

/** The executions that a verb applies to, among those that match a filter. */
const MEANT: Record<BulkVerb, ExecutionFilter> = {
  cancel: { open: true },
  terminate: { open: true },
  pause: { statuses: ['requested', 'scheduled', 'running', 'waiting'] },
  resume: { statuses: ['paused'] },
  retry: { statuses: ['failed', 'timeout', 'abandoned', 'cancelled', 'terminated'] },
  delete: { open: false },
};

function orMissing(job: BulkJob | null, id: string): BulkJob {
  if (job === null) throw new AppError('bulk_job_not_found', `Bulk job ${id} not found`);
  return job;
}
