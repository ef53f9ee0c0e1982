import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../model/app-error.ts';
import { scheduleWorkflowIdOf, startOfSchedule } from '../../model/execution-id.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { hasPermission } from '../../model/permissions.ts';
import { type Principal, subjectsOf } from '../../model/principal.ts';
import type { Overlap } from '../../model/schedule.ts';
import {
  boundedNote,
  type DescribedSchedule,
  type ScheduleState,
  type TemporalSchedules,
} from '../../temporal/schedules.ts';
import type { PrincipalService } from '../access/principals.ts';
import { createSetAside } from '../background/set-aside.ts';
import type { ExecutionStarter } from '../executions/starter.ts';
import { type Repeats, requestIdOf } from '../starts/idempotency.ts';
import {
  authorsNote,
  isNoteOfOurs,
  type KeptSchedule,
  keptOf,
  PAUSED_BY_US,
  RESUMED_BY_US,
  type Schedule,
  type ScheduleRequest,
  scheduleOf,
  scheduleStarters,
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

/** Milliseconds between two refreshes of all schedules. */
const REFRESH_EVERY = 30_000;

/** How often the update that adds a starter is tried while others change the schedule. */
const MAX_TRIES = 10;

/** Manages schedules, which start runs of workflows for their tenant. */
export interface ScheduleService {
  /** Creates a schedule. Throws `schedule_exists`, `request_invalid`, and what a start throws for a command that cannot be started. */
  create(principal: Principal, id: string, request: ScheduleRequest): Promise<Schedule>;
  /** Returns a schedule. Throws `schedule_not_found`. */
  get(principal: Principal, id: string): Promise<Schedule>;
  /** Lists a page of schedules in order of id; `total` counts all of them. */
  list(principal: Principal, page: { offset: number; limit: number }): Promise<{ rows: Schedule[]; total: number }>;
  /** Replaces a schedule. Throws `schedule_not_found`, and what `create` throws. */
  replace(principal: Principal, id: string, request: ScheduleReplacement): Promise<Schedule>;
  /** Deletes a schedule; runs that it started continue. Throws `schedule_not_found`. */
  remove(principal: Principal, id: string): Promise<void>;
  /** Pauses a schedule. Throws `schedule_not_found`. */
  pause(principal: Principal, id: string, note: string | undefined): Promise<Schedule>;
  /** Resumes a schedule; from now on the caller is a starter of its runs. Throws `schedule_not_found`, `busy`, and what a start throws. */
  resume(principal: Principal, id: string, note: string | undefined): Promise<Schedule>;
  /**
   * Starts a run now; from now on the caller is a starter of the schedule's runs. The same idempotency key is one run. Throws
   * `schedule_not_found`, `idempotency_mismatch`, `busy`, and what a start throws.
   */
  trigger(principal: Principal, id: string, command: TriggerCommand): Promise<Schedule>;
  /**
   * Starts the runs of the times in a range; from now on the caller is a starter of the schedule's runs. The same idempotency key is one
   * backfill. Throws `schedule_not_found`, `request_invalid`, `idempotency_mismatch`, `busy`, and what a start throws.
   */
  backfill(principal: Principal, id: string, command: BackfillCommand): Promise<Schedule>;
  /**
   * Updates every schedule to the newest revisions of its workflow and of all that it reaches. Pauses a schedule that cannot start its
   * workflow any more, because of the workflow or of its author, with the reason as its note; resumes it once it can, unless somebody
   * has paused it since.
   */
  refresh(): Promise<void>;
  /** Refreshes until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** The dependencies of the service. */
export interface ScheduleDependencies {
  temporal: TemporalSchedules;
  executions: Pick<ExecutionStarter, 'prepare' | 'demandStarter'>;
  principals: Pick<PrincipalService, 'asItStands'>;
  repeats: Pick<Repeats, 'once'>;
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
  log,
  clock,
}: ScheduleDependencies): ScheduleService {
  const aside = createSetAside(clock, log, 'a schedule cannot be refreshed; the others are');
  /** The latest second, in milliseconds, for which each schedule was triggered, until it has passed. */
  const triggered = new Map<string, number>();
  const temporalId = ({ tenantRef }: Principal, id: string) => `${tenantRef}.${id}`;

  async function find(principal: Principal, id: string) {
    const found = await temporal.describe(temporalId(principal, id));
    const kept = found === null ? null : keptOf(found);
    if (found === null || kept?.principal.tenant !== principal.tenant) {
      throw new AppError('schedule_not_found', `schedule "${id}" not found`);
    }
    return { found, kept };
  }

  async function built(
    principal: Principal,
    id: string,
    workflowId: string,
    request: Omit<ScheduleRequest, 'paused' | 'note'> & { note: string | null | undefined },
    { starters, maker }: { starters: readonly string[]; maker: Principal } = {
      starters: subjectsOf(principal),
      maker: principal,
    },
  ) {
    const { workflow: ref, input, spec, overlap, catchupWindow, note } = request;
    const blueprint = await executions.prepare(principal, { ref, input, inputField: 'input', starters }, id);
    const asked = { workflow: ref, input, spec, overlap, ...(catchupWindow === undefined ? {} : { catchupWindow }) };
    const kept: KeptSchedule = {
      id,
      principal: maker,
      starters: [...starters],
      request: asked,
      calendars: true,
      ...(note === undefined ? {} : { note }),
    };
    return {
      scheduleId: temporalId(principal, id),
      workflowId,
      blueprint,
      times: spec,
      overlap,
      catchupWindow,
      kept: JSON.parse(JSON.stringify(kept)) as Json,
    };
  }

  /**
   * Returns the first second from now on, in milliseconds, for which a schedule has no run and none is due: Temporal names a run by its
   * schedule and its second, and drops a run whose name is taken.
   */
  async function freeSecond(scheduleId: string, { action, info }: DescribedSchedule): Promise<number> {
    const now = Math.floor(clock() / 1000) * 1000;
    const due = new Set(info.nextActionTimes.map((time) => Math.floor(time.getTime() / 1000) * 1000));
    for (const [id, last] of triggered) if (last < now) triggered.delete(id);
    for (;;) {
      // A run that was triggered before may not have started yet.
      const second = Math.max(now, (triggered.get(scheduleId) ?? 0) + 1000);
      triggered.set(scheduleId, second);
      if (due.has(second)) continue;
      if (!(await temporal.hasRun(startOfSchedule(action.workflowId!, second)))) return second;
    }
  }

  /** Adds a starter to all runs that a schedule starts, until somebody changes the schedule. */
  async function noteStarter(principal: Principal, id: string): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const { found, kept } = await find(principal, id);
      await executions.demandStarter(principal, kept.request.workflow);
      const before = scheduleStarters(kept);
      const starters = [...new Set([...before, ...subjectsOf(principal)])];
      // This also throws, when nothing changes, for a workflow that can no longer be started.
      const wanted = await rebuilt(found, kept, starters);
      if (starters.length === before.length) return;
      // Of two concurrent changes only one takes effect; the next round finds out which.
      await temporal.update(wanted, unchanged, found);
    }
    throw new AppError('busy', `schedule "${id}" is being changed by another request: try again`);
  }

  /**
   * Builds a schedule anew from the present revision of its workflow and the present permissions of its author. Throws `forbidden` when
   * the author may not start runs any more, and what a start throws.
   */
  async function rebuilt({ action }: DescribedSchedule, kept: KeptSchedule, starters: readonly string[]) {
    const { subject } = kept.principal;
    const standing = await principals.asItStands(kept.principal);
    if (standing === null) throw new AppError('forbidden', `${subject}, who last changed the schedule, is disabled`);
    const permission = 'execution:execute';
    if (!hasPermission(standing, permission)) {
      const message = `${subject}, who last changed the schedule, does not have the permission "${permission}"`;
      throw new AppError('forbidden', message, { details: { permission } });
    }
    const asked = { catchupWindow: undefined, ...kept.request, note: kept.note };
    // An agent keeps its own permissions as a limit, even while its person has fewer.
    const maker = standing.kind === 'agent' ? kept.principal : standing;
    const wanted = await built(standing, kept.id, action.workflowId!, asked, { starters, maker });
    if (kept.calendars || kept.request.spec.cron === undefined) return wanted;
    const { calendars: _, ...older } = wanted.kept as JsonObject;
    return { ...wanted, times: null, kept: older };
  }

  return {
    async create(principal, id, request) {
      checkTimes(request.spec, clock());
      // Temporal appends the time of each start; the random digits keep runs of equally named schedules apart.
      const workflowId = scheduleWorkflowIdOf(randomBytes(6).toString('hex'), id);
      const wanted = await built(principal, id, workflowId, { ...request, note: request.note ?? null });
      const created = await temporal.create(wanted, request);
      if (!created) throw new AppError('schedule_exists', `schedule "${id}" already exists`);
      return this.get(principal, id);
    },

    async get(principal, id) {
      const { found, kept } = await find(principal, id);
      return scheduleOf(found, kept);
    },

    async list(principal, { offset, limit }) {
      const prefix = temporalId(principal, '');
      const ids: string[] = [];
      for await (const id of temporal.ids()) if (id.startsWith(prefix)) ids.push(id.slice(prefix.length));
      const page = ids.sort().slice(offset, offset + limit);
      const rows = await Promise.all(page.map((id) => this.get(principal, id).catch(orNothing)));
      return { rows: rows.filter((row) => row !== null), total: ids.length };
    },

    async replace(principal, id, request) {
      const { found, kept } = await find(principal, id);
      checkTimes(request.spec, clock());
      const note = request.note ?? authorsNote(kept, found.state);
      const wanted = await built(principal, id, found.action.workflowId!, { ...request, note });
      await temporal.update(wanted, (before) => {
        // A pause of Fermata's own ends: the replacement has a workflow that can be started.
        const isOver = isNoteOfOurs(before.note);
        const paused = request.paused ?? (before.paused && !isOver);
        const said =
          paused === before.paused ? before.note : `${paused ? 'paused' : 'resumed'} by ${principal.subject}`;
        return { paused, note: isOver ? '' : said };
      });
      return this.get(principal, id);
    },

    async remove(principal, id) {
      await find(principal, id);
      await temporal.remove(temporalId(principal, id));
    },

    async pause(principal, id, note) {
      await find(principal, id);
      await temporal.pause(temporalId(principal, id), note ?? `paused by ${principal.subject}`);
      return this.get(principal, id);
    },

    async resume(principal, id, note) {
      await noteStarter(principal, id);
      await temporal.resume(temporalId(principal, id), note ?? `resumed by ${principal.subject}`);
      return this.get(principal, id);
    },

    async trigger(principal, id, { overlap, idempotencyKey: key }) {
      await find(principal, id);
      const { tenant } = principal;
      const scheduleId = temporalId(principal, id);
      await repeats.once(
        { tenant, key, asked: { trigger: id, overlap: overlap ?? null } },
        async () => {
          await noteStarter(principal, id);
          return freeSecond(scheduleId, (await find(principal, id)).found);
        },
        (second) => temporal.trigger(scheduleId, overlap, second, requestIdOf(tenant, key)),
      );
      return this.get(principal, id);
    },

    async backfill(principal, id, command) {
      const { kept } = await find(principal, id);
      const { start, end, overlap, idempotencyKey: key } = command;
      const { tenant } = principal;
      await repeats.once(
        { tenant, key, asked: { backfill: id, start: start.toISOString(), end: end.toISOString(), overlap } },
        async () => {
          checkRange(kept.request.spec, start.getTime(), end.getTime());
          await noteStarter(principal, id);
          return start.getTime();
        },
        () => temporal.backfill(temporalId(principal, id), { start, end, overlap }, requestIdOf(tenant, key)),
      );
      return this.get(principal, id);
    },

    async refresh() {
      for await (const scheduleId of temporal.ids()) {
        await aside.attempt(scheduleId, async () => {
          const found = await temporal.describe(scheduleId);
          const kept = found === null ? null : keptOf(found);
          if (found !== null && kept !== null) await refreshOne(found, kept);
        });
      }
    },

    async run(signal) {
      let failing = false;
      while (!signal.aborted) {
        await wait(REFRESH_EVERY, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        try {
          await this.refresh();
          failing = false;
        } catch (error) {
          if (!failing) log.warn({ err: error }, 'schedules cannot be refreshed');
          failing = true;
        }
      }
    },
  };

  async function refreshOne(found: DescribedSchedule, kept: KeptSchedule): Promise<void> {
    const { scheduleId, action, state } = found;
    const { paused } = state;
    try {
      const wanted = await rebuilt(found, kept, scheduleStarters(kept));
      const resumed = paused && isNoteOfOurs(state.note);
      if (!resumed && sameRun(wanted.blueprint.run, action.args?.[1])) return;
      // A schedule that somebody has changed meanwhile is refreshed the next time.
      await temporal.update(wanted, resumed ? () => ({ paused: false, note: RESUMED_BY_US }) : unchanged, found);
      log.info({ schedule: scheduleId, revision: wanted.blueprint.run.revision, resumed }, 'a schedule is refreshed');
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      const note = boundedNote(`${PAUSED_BY_US} ${error.message}`);
      if (paused && (!isNoteOfOurs(state.note) || state.note === note)) return;
      // A pause that somebody has made meanwhile stays theirs.
      await temporal.pauseUnlessChanged(found, note);
    }
  }
}

const unchanged = ({ paused }: ScheduleState): ScheduleState => ({ paused });

function orNothing(error: unknown): null {
  // A schedule may have been deleted while the list was read.
  if (error instanceof AppError && error.code === 'schedule_not_found') return null;
  throw error;
}

/** Reports whether two runs are equal except for the random digits of every prepared run. */
function sameRun(a: unknown, b: unknown): boolean {
  const text = (value: unknown) => {
    const json = JSON.parse(JSON.stringify(value ?? null)) as Json;
    return canonicalJson(isJsonObject(json) ? { ...json, blind: null } : json);
  };
  return text(a) === text(b);
}
