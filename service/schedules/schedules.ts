import { randomBytes } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import { scheduleWorkflowIdOf, startOfSchedule } from '../../model/execution-id.ts';
import type { Logger } from '../../model/log.ts';
import { type Principal, subjectsOf } from '../../model/principal.ts';
import type { Overlap } from '../../model/schedule.ts';
import type { ScheduleLeaseStore } from '../../store/definitions/schedule-leases.ts';
import type { TemporalSchedule, TemporalSchedules } from '../../temporal/schedules.ts';
import type { People } from '../access/people.ts';
import type { ExecutionStarter } from '../executions/starter.ts';
import { deriveRequestId, type Repeats } from '../starts/idempotency.ts';
import { createScheduleBuilder, type FoundSchedule } from './builder.ts';
import { createScheduleChanges } from './changes.ts';
import { createFreeSeconds } from './free-seconds.ts';
import { createScheduleRefresher, type ScheduleRefresher } from './refresher.ts';
import {
  authorsNote,
  buildSchedule,
  executionIdOf,
  isNoteOfOurs,
  type Schedule,
  type ScheduleRequest,
  scheduleStarters,
  type TriggeredSchedule,
  unchanged,
} from './stored-schedules.ts';
import { checkRange, checkTimes } from './times.ts';

/** A replacement of a schedule; without `paused`, a schedule stays paused or active. */
export type ScheduleReplacement = Omit<ScheduleRequest, 'paused'> & { paused?: boolean | undefined };

/** A request to start a run now; without an overlap policy it may overlap with any other run. */
export interface TriggerCommand {
  overlap?: Overlap | undefined;
  idempotencyKey?: string | undefined;
}

/** A request to start the runs of the times in a range. */
export interface BackfillCommand {
  start: Date;
  end: Date;
  overlap: Overlap;
  idempotencyKey?: string | undefined;
}

/** How often the update that adds a starter is tried, within a turn, while other clients of Temporal change the schedule. */
const MAX_TRIES = 3;

/** Manages schedules, which start runs of workflows for their tenant. */
export interface ScheduleService extends ScheduleRefresher {
  /** Creates a schedule. Throws `schedule_exists`, `request_invalid`, `busy`, and what a start throws for a command that cannot be started. */
  create(principal: Principal, id: string, request: ScheduleRequest): Promise<Schedule>;
  /** Returns a schedule. Throws `schedule_not_found`. */
  get(principal: Principal, id: string): Promise<Schedule>;
  /** Lists a page of schedules in order of id; `total` counts all of them. */
  list(principal: Principal, page: { offset: number; limit: number }): Promise<{ rows: Schedule[]; total: number }>;
  /** Replaces a schedule. Throws `schedule_not_found`, `busy`, and what `create` throws. */
  replace(principal: Principal, id: string, request: ScheduleReplacement): Promise<Schedule>;
  /** Deletes a schedule; runs that it started, or was asked for before, continue. Throws `schedule_not_found` and `busy`. */
  remove(principal: Principal, id: string): Promise<void>;
  /** Pauses a schedule. Throws `schedule_not_found` and `busy`. */
  pause(principal: Principal, id: string, note: string | undefined): Promise<Schedule>;
  /** Resumes a schedule; from now on the caller is a starter of its runs. Throws `schedule_not_found`, `busy`, and what a start throws. */
  resume(principal: Principal, id: string, note: string | undefined): Promise<Schedule>;
  /**
   * Starts a run now; from now on the caller is a starter of the schedule's runs. The same idempotency key is one run, and belongs to this
   * schedule: not to a later one with the same id. Throws `schedule_not_found`, `idempotency_mismatch`, `busy`, and what a start throws.
   */
  trigger(principal: Principal, id: string, command: TriggerCommand): Promise<TriggeredSchedule>;
  /**
   * Starts the runs of the times in a range; from now on the caller is a starter of the schedule's runs. The same idempotency key is one
   * backfill of this schedule. Throws `schedule_not_found`, `request_invalid`, `idempotency_mismatch`, `busy`, and what a start throws.
   */
  backfill(principal: Principal, id: string, command: BackfillCommand): Promise<Schedule>;
}

/** The dependencies of the service. */
export interface ScheduleDependencies {
  temporal: TemporalSchedules;
  executions: Pick<ExecutionStarter, 'prepare' | 'demandStarter'>;
  principals: Pick<People, 'asItStands'>;
  repeats: Pick<Repeats, 'once' | 'claim'>;
  leases: ScheduleLeaseStore;
  log: Logger;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the service. */
export function createScheduleService({
  temporal,
  executions,
  principals,
  repeats,
  leases,
  log,
  clock,
}: ScheduleDependencies): ScheduleService {
  const changes = createScheduleChanges({ temporal, leases, clock });
  const builder = createScheduleBuilder({ temporal, changes, executions, principals });
  const { temporalId, find } = builder;
  const seconds = createFreeSeconds({ temporal, repeats, clock });
  const { refresh, run } = createScheduleRefresher({ temporal, builder, changes, log, clock });

  /**
   * Builds a schedule anew with a starter; null if it has that one. Throws, then as well, for a workflow that can no longer be started, or
   * not by the starter.
   */
  async function withStarter(principal: Principal, { found, kept }: FoundSchedule): Promise<TemporalSchedule | null> {
    await executions.demandStarter(principal, kept.request.workflow);
    const before = scheduleStarters(kept);
    const starters = [...new Set([...before, ...subjectsOf(principal)])];
    const wanted = await builder.rebuild(found, kept, starters);
    return starters.length === before.length ? null : wanted;
  }

  const get = async (principal: Principal, id: string): Promise<Schedule> => {
    const { found, kept } = await find(principal, id);
    return buildSchedule(found, kept);
  };

  /** Changes a schedule, and returns it as it is then: before its turn ends, so that nobody can have deleted it meanwhile. */
  const change = (principal: Principal, id: string, work: (schedule: FoundSchedule) => Promise<void>) =>
    builder.change(principal, id, async (schedule) => {
      await work(schedule);
      return get(principal, id);
    });

  /** Adds a starter, within a turn, to all runs that a schedule starts until somebody changes it. Returns it as it is then. */
  async function noteStarter(principal: Principal, id: string, schedule: FoundSchedule): Promise<FoundSchedule> {
    let current = schedule;
    for (let tries = 0; ; tries += 1) {
      const wanted = await withStarter(principal, current);
      if (wanted === null) return current;
      if (tries === MAX_TRIES) break;
      // Another client of Temporal may change it meanwhile: the next round finds out which of the two took effect.
      await temporal.update(wanted, unchanged, current.found);
      current = await find(principal, id);
    }
    throw new AppError('busy', `schedule "${id}" is being changed by another client of Temporal: try again`);
  }

  /**
   * Changes the schedule that a caller means, as `change` does. Throws `schedule_not_found` if another one, whose runs have another prefix,
   * has its id when its turn comes.
   */
  const changeThis = (
    principal: Principal,
    { found: { action }, kept: { id } }: FoundSchedule,
    work: (schedule: FoundSchedule) => Promise<void>,
  ) =>
    change(principal, id, async (schedule) => {
      if (schedule.found.action.workflowId !== action.workflowId) {
        throw new AppError('schedule_not_found', `schedule "${id}" was deleted, and created anew, meanwhile`);
      }
      await work(schedule);
    });

  return {
    async create(principal, id, request) {
      checkTimes(request.spec, clock());
      // Temporal appends the time of each start; the random digits keep runs of equally named schedules apart.
      const workflowId = scheduleWorkflowIdOf(randomBytes(6).toString('hex'), id);
      const wanted = await builder.build(principal, id, workflowId, { ...request, note: request.note ?? null });
      return changes.alone(wanted.scheduleId, async () => {
        const created = await temporal.create(wanted, request);
        if (!created) throw new AppError('schedule_exists', `schedule "${id}" already exists`);
        return get(principal, id);
      });
    },

    get,

    async list(principal, { offset, limit }) {
      const prefix = temporalId(principal, '');
      const ids: string[] = [];
      for await (const id of temporal.ids()) if (id.startsWith(prefix)) ids.push(id.slice(prefix.length));
      const page = ids.sort().slice(offset, offset + limit);
      const rows = await Promise.all(page.map((id) => get(principal, id).catch(orNothing)));
      return { rows: rows.filter((row) => row !== null), total: ids.length };
    },

    async replace(principal, id, request) {
      return change(principal, id, async ({ found, kept }) => {
        checkTimes(request.spec, clock());
        const note = request.note ?? authorsNote(kept, found.state);
        const wanted = await builder.build(principal, id, found.action.workflowId!, { ...request, note });
        await temporal.update(wanted, (before) => {
          // A pause of Fermata's own ends: the replacement has a workflow that can be started.
          const isOver = isNoteOfOurs(before.note);
          const paused = request.paused ?? (before.paused && !isOver);
          const said =
            paused === before.paused ? before.note : `${paused ? 'paused' : 'resumed'} by ${principal.subject}`;
          return { paused, note: isOver ? '' : said };
        });
      });
    },

    async remove(principal, id) {
      // A schedule that is deleted forgets what was asked of it and is not worked off yet: the deletion waits for its turn, too.
      await builder.change(principal, id, ({ found }) => temporal.remove(found.scheduleId));
    },

    async pause(principal, id, note) {
      const said = note ?? `paused by ${principal.subject}`;
      return change(principal, id, ({ found }) => temporal.pause(found.scheduleId, said));
    },

    async resume(principal, id, note) {
      const said = note ?? `resumed by ${principal.subject}`;
      return changeThis(principal, await find(principal, id), async (schedule) => {
        const { found } = await noteStarter(principal, id, schedule);
        await temporal.resume(found.scheduleId, said);
      });
    },

    async trigger(principal, id, { overlap, idempotencyKey: key }) {
      const meant = await find(principal, id);
      const workflowId = meant.found.action.workflowId!;
      const { tenant } = principal;
      const asked = { trigger: id, schedule: workflowId, overlap: overlap ?? null };
      let second = 0;
      const changed = await changeThis(principal, meant, async (schedule) => {
        second = await repeats.once(
          { tenant, key, asked },
          async () => {
            await withStarter(principal, schedule);
            return seconds.take(tenant, schedule);
          },
          async (taken) => {
            const { found } = await noteStarter(principal, id, schedule);
            await temporal.trigger(found.scheduleId, overlap, taken, deriveRequestId(tenant, key));
          },
        );
      });
      const execution = executionIdOf(startOfSchedule(workflowId, second));
      return { ...changed, triggered: { scheduled: new Date(second), execution } };
    },

    async backfill(principal, id, command) {
      const meant = await find(principal, id);
      const { start, end, overlap, idempotencyKey: key } = command;
      const { tenant } = principal;
      const range = { start: start.toISOString(), end: end.toISOString() };
      const asked = { backfill: id, schedule: meant.found.action.workflowId!, ...range, overlap };
      return changeThis(principal, meant, async (schedule) => {
        await repeats.once(
          { tenant, key, asked },
          async () => {
            checkRange(schedule.kept.request.spec, start.getTime(), end.getTime());
            await withStarter(principal, schedule);
            return start.getTime();
          },
          async () => {
            const { found } = await noteStarter(principal, id, schedule);
            await temporal.backfill(found.scheduleId, { start, end, overlap }, deriveRequestId(tenant, key));
          },
        );
      });
    },

    refresh,
    run,
  };
}

function orNothing(error: unknown): null {
  // A schedule may have been deleted while the list was read.
  if (error instanceof AppError && error.code === 'schedule_not_found') return null;
  throw error;
}
