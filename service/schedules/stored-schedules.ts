import { derivedNumber, integerId } from '../../model/execution-id.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import type { Parameters } from '../../model/run-input.ts';
import type { Overlap, ScheduleTimes } from '../../model/schedule.ts';
import type { DescribedSchedule, ScheduleState } from '../../temporal/schedules.ts';
import { sha256Hex } from '../access/hash.ts';

/** A schedule that a caller asks for. */
export interface ScheduleRequest {
  workflow: string;
  input: Parameters;
  spec: ScheduleTimes;
  overlap: Overlap;
  catchupWindow: number | undefined;
  paused: boolean;
  note: string | undefined;
}

/** A schedule, as answers show it. */
export interface Schedule extends Omit<ScheduleRequest, 'note'> {
  id: string;
  /** The note of whoever created or last changed it. */
  note: string | null;
  /** Why it is paused or was resumed, or by whom. */
  stateNote: string | null;
  /** The revision of the workflow that it starts at present. */
  revision: number;
  next: Date[];
  recent: { scheduled: Date; started: Date; execution: number }[];
  created: Date;
  updated: Date | null;
}

/** A schedule that was triggered, and the run that it starts for that: at once, or as the overlap policy of the trigger has it. */
export interface TriggeredSchedule extends Schedule {
  triggered: { scheduled: Date; execution: number };
}

/** The data that Fermata stores with a schedule. */
export interface KeptSchedule {
  id: string;
  principal: Principal;
  /**
   * The starters of its runs: whoever created or last changed it, and whoever has triggered it since. Absent in older schedules: only
   * `principal`.
   */
  starters?: string[];
  request: { workflow: string; input: Parameters; spec: ScheduleTimes; overlap: Overlap; catchupWindow?: number };
  /** Absent in older schedules, which have it as the note of their state. */
  note?: string | null;
  /** Fermata converted its cron expressions itself. Absent in older schedules, where Temporal did until they are replaced. */
  calendars?: true;
}

export const PAUSED_BY_US = 'its workflow cannot be started:';
export const RESUMED_BY_US = 'its workflow can be started again';

/** Reports whether a note is that of a pause by a refresh. */
export function isNoteOfOurs(note: string | undefined): boolean {
  return note?.startsWith(PAUSED_BY_US) ?? false;
}

/** Returns the note of whoever created or last changed a schedule; null when there is none. */
export function authorsNote({ note }: KeptSchedule, state: ScheduleState): string | null {
  return note === undefined ? state.note || null : note;
}

/** Keeps a schedule paused or active, as it is. */
export function unchanged({ paused }: ScheduleState): ScheduleState {
  return { paused };
}

/** Returns the starters of the runs of a schedule. */
export function scheduleStarters({ starters, principal }: KeptSchedule): readonly string[] {
  return starters ?? [principal.subject];
}

/** Returns what Fermata stored with a schedule; null for a schedule of another client. */
export function readKeptSchedule({ action }: DescribedSchedule): KeptSchedule | null {
  const kept = action.memo?.schedule as Json | undefined;
  if (kept === undefined || !isJsonObject(kept)) return null;
  const { principal, ...rest } = kept as unknown as KeptSchedule; // written above
  // Older schedules have no kind of principal.
  return {
    ...rest,
    principal: { ...principal, kind: principal.kind ?? 'person', onBehalfOf: principal.onBehalfOf ?? null },
  };
}

/** Returns the id of the execution that a schedule starts under a workflow id. */
export function executionIdOf(workflowId: string): number {
  return integerId(derivedNumber(sha256Hex(workflowId)));
}

/** Makes a schedule, as answers show it, from its description. */
export function buildSchedule(found: DescribedSchedule, kept: KeptSchedule): Schedule {
  const { id, request } = kept;
  const { state, info, action } = found;
  const note = authorsNote(kept, state);
  const memo = (action.memo?.fermata ?? {}) as JsonObject;
  return {
    catchupWindow: undefined,
    ...request,
    id,
    paused: state.paused,
    note,
    // A new schedule has its author's note as the note of its state, too.
    stateNote: state.note && state.note !== note ? state.note : null,
    revision: Number(memo.revision ?? 0),
    next: info.nextActionTimes.slice(0, 5),
    recent: info.recentActions.map(({ scheduledAt, takenAt, action: started }) => ({
      scheduled: scheduledAt,
      started: takenAt,
      execution: executionIdOf(started.workflow.workflowId),
    })),
    created: info.createdAt,
    updated: info.lastUpdatedAt ?? null,
  };
}
