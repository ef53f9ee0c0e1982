import { randomUUID } from 'node:crypto';
import {
  type CalendarSpec,
  Client,
  DAYS_OF_WEEK,
  MONTHS,
  ScheduleAlreadyRunning,
  type ScheduleClient,
  type ScheduleDescription,
  ScheduleNotFoundError,
  type ScheduleOptions,
  type ScheduleOverlapPolicy,
  type ScheduleSpec,
} from '@temporalio/client';
import proto from '@temporalio/proto';
import { AppError } from '../model/app-error.ts';
import { type Calendar, parseCron } from '../model/cron.ts';
import type { Json } from '../model/json.ts';
import { OWN_TASK_QUEUE } from '../model/run-input.ts';
import type { Overlap, ScheduleTimes } from '../model/schedule.ts';
import { boundedText } from '../model/text.ts';
import { createCalls, isNotFound } from './calls.ts';
import type { TemporalDependencies } from './gateway.ts';
import type { Blueprint } from './starts.ts';

/** The wanted state of a schedule. */
export interface TemporalSchedule {
  scheduleId: string;
  /** The workflow id of its runs, to which Temporal adds the time of each start. */
  workflowId: string;
  blueprint: Blueprint;
  /** Null: the times stay as they are. */
  times: ScheduleTimes | null;
  overlap: Overlap;
  /** Seconds for which a missed start is made up for; undefined: Temporal's default. */
  catchupWindow: number | undefined;
  /** The data that Fermata stores with the schedule. */
  kept: Json;
}

/** Whether a schedule is paused, and its note; an undefined note leaves the note unchanged. */
export interface ScheduleState {
  paused: boolean;
  note?: string | undefined;
}

/** A schedule as Temporal describes it. */
export type DescribedSchedule = ScheduleDescription;

/** The most UTF-16 units of a schedule's note. */
const MAX_NOTE = 4_000;

/** Shortens a note to what Temporal keeps. */
export const boundedNote = (note: string): string => boundedText(note, MAX_NOTE);

/**
 * Fermata's way to Temporal's schedules. Every call throws `temporal_unavailable` when the server does not answer, and
 * `request_invalid` for times that the server does not accept. Every change of a schedule that is not there throws `schedule_not_found`.
 */
export interface TemporalSchedules {
  /** Creates a schedule. Returns false when a schedule with its id exists. */
  create(schedule: TemporalSchedule, state: ScheduleState): Promise<boolean>;
  /** Describes a schedule; null when there is none. */
  describe(scheduleId: string): Promise<DescribedSchedule | null>;
  /**
   * Updates an existing schedule, and its state to what `stateOf` returns for the current one. With `seen`, the update only takes
   * effect if nobody has changed the schedule since it was described so; Temporal does not say whether it did.
   */
  update(
    schedule: TemporalSchedule,
    stateOf: (before: ScheduleState) => ScheduleState,
    seen?: DescribedSchedule,
  ): Promise<void>;
  /** Pauses a schedule unless somebody has changed it since it was described so; Temporal does not say whether it did. */
  pauseUnlessChanged(seen: DescribedSchedule, note: string): Promise<void>;
  /** Lists the ids of all schedules, in Temporal's order. */
  ids(): AsyncGenerator<string>;
  /** Deletes a schedule; does nothing when there is none. */
  remove(scheduleId: string): Promise<void>;
  /** Pauses a schedule. */
  pause(scheduleId: string, note: string): Promise<void>;
  /** Resumes a schedule. */
  resume(scheduleId: string, note: string): Promise<void>;
  /**
   * Starts a run now, as the run for a time in milliseconds, a whole second; without a policy it may overlap with any other run. Requests
   * with one request id are one.
   */
  trigger(scheduleId: string, overlap: Overlap | undefined, time: number, requestId?: string): Promise<void>;
  /** Starts the runs that the schedule would have started between two times. Requests with one request id are one. */
  backfill(scheduleId: string, range: { start: Date; end: Date; overlap: Overlap }, requestId?: string): Promise<void>;
  /** Reports whether Temporal has a run with a workflow id. */
  hasRun(workflowId: string): Promise<boolean>;
}

/** Creates the gateway over a connection, which may be lazy; without a codec, payloads are not encrypted. */
export function createTemporalSchedules({ connection, namespace, codec }: TemporalDependencies): TemporalSchedules {
  const calls = createCalls(connection);
  const { schedule: client } = new Client({
    connection,
    namespace,
    ...(codec && { dataConverter: codec.scheduleConverter }),
  });

  async function call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await calls.call(work);
    } catch (error) {
      // The client throws a TypeError when the server refuses the times.
      if (!(error instanceof TypeError)) throw error;
      const issues = [{ code: 'value_invalid', path: '/spec', message: error.message }];
      throw new AppError('request_invalid', `/spec: ${error.message}`, { issues, cause: error });
    }
  }

  async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await call(work);
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return null;
      throw error;
    }
  }

  /** Calls for a change of a schedule. Throws `schedule_not_found` when there is none. */
  async function change(work: () => Promise<unknown>): Promise<void> {
    try {
      await call(work);
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError || isNotFound(error))) throw error;
      throw new AppError('schedule_not_found', 'the schedule was deleted meanwhile', { cause: error });
    }
  }

  const handle = (id: string) => client.getHandle(id);

  async function patch(
    scheduleId: string,
    what: proto.temporal.api.schedule.v1.ISchedulePatch,
    requestId: string = randomUUID(),
  ): Promise<void> {
    const { identity } = client.options;
    await change(() =>
      client.workflowService.patchSchedule({ namespace, scheduleId, identity, requestId, patch: what }),
    );
  }

  return {
    async create(schedule, { paused, note }) {
      const { scheduleId, kept } = schedule;
      try {
        await call(() =>
          client.create({
            ...optionsOf(schedule, codec !== undefined),
            spec: specOf(schedule.times ?? {}),
            scheduleId,
            memo: { fermata: kept },
            state: { paused, ...noted(note) },
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ScheduleAlreadyRunning) return false;
        throw error;
      }
    },

    async describe(scheduleId) {
      return orNull(() => handle(scheduleId).describe());
    },

    async update(schedule, stateOf, seen) {
      const changing = seen === undefined ? client : unlessChanged(client, seen.raw.conflictToken);
      await change(() =>
        changing.getHandle(schedule.scheduleId).update((before) => {
          const { paused, note } = stateOf(before.state);
          return {
            ...optionsOf(schedule, codec !== undefined),
            spec: schedule.times === null ? before.spec : specOf(schedule.times),
            state: { ...before.state, paused, ...noted(note) },
          };
        }),
      );
    },

    async pauseUnlessChanged({ scheduleId, raw }, note) {
      const { schedule, conflictToken } = raw;
      const state = { ...schedule?.state, paused: true, notes: boundedNote(note) };
      await change(() =>
        client.workflowService.updateSchedule({
          namespace,
          scheduleId,
          identity: client.options.identity,
          requestId: randomUUID(),
          schedule: { ...schedule, state },
          conflictToken: conflictToken ?? null,
        }),
      );
    },

    async *ids() {
      for await (const { scheduleId } of client.list({ pageSize: 200 })) yield scheduleId;
    },

    async remove(scheduleId) {
      await orNull(() => handle(scheduleId).delete());
    },

    async pause(scheduleId, note) {
      await change(() => handle(scheduleId).pause(boundedNote(note)));
    },

    async resume(scheduleId, note) {
      await change(() => handle(scheduleId).unpause(boundedNote(note)));
    },

    async trigger(scheduleId, overlap, time, requestId) {
      const overlapPolicy = numberOf(overlap ?? 'allow_all');
      await patch(scheduleId, { triggerImmediately: { overlapPolicy, scheduledTime: timestampOf(time) } }, requestId);
    },

    async hasRun(workflowId) {
      try {
        await call(() => client.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }));
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    },

    async backfill(scheduleId, { start, end, overlap }, requestId) {
      const [startTime, endTime] = [timestampOf(start.getTime()), timestampOf(end.getTime())];
      const backfillRequest = [{ startTime, endTime, overlapPolicy: numberOf(overlap) }];
      await patch(scheduleId, { backfillRequest }, requestId);
    },
  };
}

/** Returns a client whose updates take effect only on the version of a schedule with a conflict token: the SDK sends none. */
function unlessChanged(client: ScheduleClient, conflictToken: Uint8Array | null | undefined): ScheduleClient {
  const service = client.workflowService;
  const updateSchedule = (request: Parameters<typeof service.updateSchedule>[0]) =>
    service.updateSchedule({ ...request, conflictToken: conflictToken ?? null });
  return Object.create(client, {
    workflowService: { value: Object.create(service, { updateSchedule: { value: updateSchedule } }) },
  }) as ScheduleClient;
}

function noted(note: string | undefined): { note?: string } {
  return note === undefined ? {} : { note: boundedNote(note) };
}

/** Converts a calendar to that of the SDK. */
function calendarOf({ minutes, hours, daysOfMonth, months, daysOfWeek }: Calendar): CalendarSpec {
  return {
    minute: [...minutes],
    hour: [...hours],
    dayOfMonth: daysOfMonth.length === 31 ? '*' : [...daysOfMonth],
    month: months.length === 12 ? '*' : months.map((month) => MONTHS[month - 1]!),
    dayOfWeek: daysOfWeek.length === 7 ? '*' : daysOfWeek.map((day) => DAYS_OF_WEEK[day]!),
  };
}

function policyName(overlap: Overlap): Uppercase<Overlap> {
  return overlap.toUpperCase() as Uppercase<Overlap>; // Temporal's names in lower case
}

/** Returns the number of an overlap policy in Temporal's API. */
function numberOf(overlap: Overlap): proto.temporal.api.enums.v1.ScheduleOverlapPolicy {
  return proto.temporal.api.enums.v1.ScheduleOverlapPolicy[`SCHEDULE_OVERLAP_POLICY_${policyName(overlap)}`];
}

/** Returns a time in milliseconds as a timestamp of Temporal's API. */
function timestampOf(time: number): proto.google.protobuf.ITimestamp {
  const seconds = Math.floor(time / 1000);
  return proto.google.protobuf.Timestamp.fromObject({ seconds, nanos: (time - seconds * 1000) * 1_000_000 });
}

function policyOf(overlap: Overlap): ScheduleOverlapPolicy {
  return policyName(overlap);
}

function specOf({ cron = [], every, time_zone: timezone, start, end, jitter }: ScheduleTimes): ScheduleSpec {
  return {
    ...(cron.length === 0 ? {} : { calendars: cron.flatMap(parseCron).map(calendarOf) }),
    ...(every === undefined ? {} : { intervals: [{ every: every * 1000 }] }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(start === undefined ? {} : { startAt: new Date(start) }),
    ...(end === undefined ? {} : { endAt: new Date(end) }),
    ...(jitter === undefined ? {} : { jitter: jitter * 1000 }),
  };
}

function optionsOf({ workflowId, blueprint, overlap, catchupWindow, kept }: TemporalSchedule, isSealed: boolean) {
  const { input, run, memo, summary } = blueprint;
  // The SDK sends the priority although its types lack it.
  const priority = { priority: { fairnessKey: memo.tenant } };
  return {
    policies: {
      overlap: policyOf(overlap),
      ...(catchupWindow === undefined ? {} : { catchupWindow: catchupWindow * 1000 }),
    },
    action: {
      type: 'startWorkflow',
      workflowType: run.ref,
      workflowId,
      taskQueue: OWN_TASK_QUEUE,
      args: [input, run],
      // Temporal never changes the memo of the schedule itself, so what may change is stored here.
      memo: { fermata: isSealed ? { ...memo, sealed: true } : memo, schedule: kept },
      ...priority,
      staticSummary: summary,
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId' | 'memo' | 'state' | 'spec'>;
}
