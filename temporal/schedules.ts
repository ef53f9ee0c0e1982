import { randomUUID } from 'node:crypto';
import {
  type CalendarSpec,
  Client,
  type Connection,
  DAYS_OF_WEEK,
  isGrpcServiceError,
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
import { type Blueprint, isUnreachable, type PayloadCodec } from './gateway.ts';

/** A schedule as Temporal is to have it. `kept` is what Fermata keeps with it. */
export interface TemporalSchedule {
  scheduleId: string;
  workflowId: string;
  blueprint: Blueprint;
  /** Null: those that it has. */
  times: ScheduleTimes | null;
  overlap: Overlap;
  catchupWindow: number | undefined;
  kept: Json;
}

/** Whether a schedule starts nothing for now, and its note; without a note it has the one that it had. */
export interface ScheduleState {
  paused: boolean;
  note?: string | undefined;
}

/** A schedule as Temporal describes it. */
export type DescribedSchedule = ScheduleDescription;

/** Milliseconds that a call may take. */
const CALL_TIMEOUT = 5_000;

/** The code of gRPC for what is not there. */
const NOT_FOUND = 5;

/** Longest note of a schedule, in UTF-16 units. */
const MAX_NOTE = 4_000;

/** Returns a note as Temporal keeps it. */
export const boundedNote = (note: string): string => boundedText(note, MAX_NOTE);

/** Temporal's Schedules. Every call throws `temporal_unavailable` when nobody answers. */
export type TemporalSchedules = ReturnType<typeof createTemporalSchedules>;

/** Makes the gateway over a connection, which may be lazy. */
export function createTemporalSchedules(connection: Connection, namespace: string, codec?: PayloadCodec) {
  const { schedule: client } = new Client({
    connection,
    namespace,
    ...(codec && { dataConverter: codec.scheduleConverter }),
  });

  async function call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await connection.withDeadline(Date.now() + CALL_TIMEOUT, work);
    } catch (error) {
      if (isUnreachable(error))
        throw new AppError('temporal_unavailable', 'Temporal does not answer', { cause: error });
      // What the server says of a wrong spec the client gives as a TypeError.
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

  const handle = (id: string) => client.getHandle(id);

  return {
    /** Makes a schedule; false when there is one with its id. */
    async create(schedule: TemporalSchedule, { paused, note }: ScheduleState): Promise<boolean> {
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

    /** A schedule as it stands, or null. */
    async describe(scheduleId: string): Promise<DescribedSchedule | null> {
      return orNull(() => handle(scheduleId).describe());
    },

    /**
     * Changes a schedule that is there, and its state to what `stateOf` makes of the one that it has then; with `seen` only if nobody
     * has changed it since it was described so. Whether it was changed, Temporal does not say.
     */
    async update(
      schedule: TemporalSchedule,
      stateOf: (before: ScheduleState) => ScheduleState,
      seen?: DescribedSchedule,
    ): Promise<void> {
      const changing = seen === undefined ? client : unlessChanged(client, seen.raw.conflictToken);
      await call(() =>
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

    /** Pauses a schedule unless somebody has changed it since it was described so. Temporal does not say whether it did. */
    async pauseUnlessChanged({ scheduleId, raw }: DescribedSchedule, note: string): Promise<void> {
      const { schedule, conflictToken } = raw;
      const state = { ...schedule?.state, paused: true, notes: boundedNote(note) };
      await call(() =>
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

    /** The ids of all schedules, in Temporal's order. */
    async *ids(): AsyncGenerator<string> {
      for await (const { scheduleId } of client.list({ pageSize: 200 })) yield scheduleId;
    },

    async remove(scheduleId: string): Promise<void> {
      await orNull(() => handle(scheduleId).delete());
    },

    async pause(scheduleId: string, note: string): Promise<void> {
      await call(() => handle(scheduleId).pause(boundedNote(note)));
    },

    async resume(scheduleId: string, note: string): Promise<void> {
      await call(() => handle(scheduleId).unpause(boundedNote(note)));
    },

    /** Starts a run now, as the one for a time (milliseconds, a whole second); without an overlap policy, next to whatever is open. */
    async trigger(scheduleId: string, overlap: Overlap | undefined, time: number): Promise<void> {
      const { ScheduleOverlapPolicy: policies } = proto.temporal.api.enums.v1;
      const overlapPolicy = policies[`SCHEDULE_OVERLAP_POLICY_${policyName(overlap ?? 'allow_all')}`];
      const scheduledTime = proto.google.protobuf.Timestamp.fromObject({ seconds: time / 1000 });
      const triggerImmediately = { overlapPolicy, scheduledTime };
      await call(() =>
        client.workflowService.patchSchedule({
          namespace,
          scheduleId,
          identity: client.options.identity,
          requestId: randomUUID(),
          patch: { triggerImmediately },
        }),
      );
    },

    /** Reports whether Temporal has a run with this workflow id. */
    async hasRun(workflowId: string): Promise<boolean> {
      try {
        await call(() => client.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }));
        return true;
      } catch (error) {
        if (isGrpcServiceError(error) && error.code === NOT_FOUND) return false;
        throw error;
      }
    },

    /** Starts the runs that would have been started between two times. */
    async backfill(scheduleId: string, start: Date, end: Date, overlap: Overlap): Promise<void> {
      await call(() => handle(scheduleId).backfill({ start, end, overlap: policyOf(overlap) }));
    },
  };
}

/** Gives a client whose updates count only if a schedule is as it was: the SDK's own never say what they have seen. */
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

/** A calendar as the SDK takes it. */
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
  return overlap.toUpperCase() as Uppercase<Overlap>; // the words are Temporal's, in lower case
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
  // The SDK sends it, and its types leave it out.
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
      // What is kept with the schedule itself never changes: what may change stands here.
      memo: { fermata: isSealed ? { ...memo, sealed: true } : memo, schedule: kept },
      ...priority,
      staticSummary: summary,
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId' | 'memo' | 'state' | 'spec'>;
}
