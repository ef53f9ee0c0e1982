import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../model/app-error.ts';
import { canonicalJson, isJsonObject, type Json } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { boundedNote, type DescribedSchedule, type TemporalSchedules } from '../../temporal/schedules.ts';
import { keepGoing } from '../background/loops.ts';
import { isSharedOutage } from '../background/outages.ts';
import { createSetAside } from '../background/set-aside.ts';
import type { ScheduleBuilder } from './builder.ts';
import type { ScheduleChanges } from './changes.ts';
import {
  isNoteOfOurs,
  type KeptSchedule,
  PAUSED_BY_US,
  RESUMED_BY_US,
  readKeptSchedule,
  scheduleStarters,
  unchanged,
} from './stored-schedules.ts';

/** Milliseconds between two refreshes of all schedules. */
const REFRESH_EVERY = 30_000;

/** Keeps schedules equal to the workflows that they start. */
export interface ScheduleRefresher {
  /**
   * Updates every schedule to the newest revisions of its workflow and of all that it reaches. Pauses a schedule that cannot start its
   * workflow any more, because of the workflow or of its author, with the reason as its note; resumes it once it can, unless somebody
   * has paused it since.
   */
  refresh(): Promise<void>;
  /** Refreshes until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** The dependencies of the refresher. */
export interface ScheduleRefresherDependencies {
  temporal: Pick<TemporalSchedules, 'ids' | 'describe' | 'update' | 'pauseUnlessChanged'>;
  builder: Pick<ScheduleBuilder, 'rebuild'>;
  changes: ScheduleChanges;
  log: Logger;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the refresher. */
export function createScheduleRefresher({
  temporal,
  builder,
  changes,
  log,
  clock,
}: ScheduleRefresherDependencies): ScheduleRefresher {
  const aside = createSetAside(clock, log, 'a schedule cannot be refreshed; the others are', isSharedOutage);

  async function refreshOne(found: DescribedSchedule, kept: KeptSchedule): Promise<void> {
    const { scheduleId, action, state } = found;
    const { paused } = state;
    /** Changes the schedule, unless it was deleted meanwhile: another one may have its id by then. */
    const change = (work: () => Promise<void>) =>
      changes.alone(scheduleId, async (now) => {
        if (now?.action.workflowId === action.workflowId) await work();
      });
    try {
      const wanted = await builder.rebuild(found, kept, scheduleStarters(kept));
      const resumed = paused && isNoteOfOurs(state.note);
      if (!resumed && sameRun(wanted.blueprint.run, action.args?.[1])) return;
      // A schedule that somebody has changed meanwhile is refreshed the next time.
      const stateOf = resumed ? () => ({ paused: false, note: RESUMED_BY_US }) : unchanged;
      await change(async () => {
        await temporal.update(wanted, stateOf, found);
        log.info({ schedule: scheduleId, revision: wanted.blueprint.run.revision, resumed }, 'a schedule is refreshed');
      });
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      if (error.code === 'schedule_not_found') return;
      const note = boundedNote(`${PAUSED_BY_US} ${error.message}`);
      if (paused && (!isNoteOfOurs(state.note) || state.note === note)) return;
      // A pause that somebody has made meanwhile stays theirs.
      await change(() => temporal.pauseUnlessChanged(found, note));
    }
  }

  return {
    async refresh() {
      for await (const scheduleId of temporal.ids()) {
        await aside.attempt(scheduleId, async () => {
          const found = await temporal.describe(scheduleId);
          const kept = found === null ? null : readKeptSchedule(found);
          if (found !== null && kept !== null) await refreshOne(found, kept);
        });
      }
    },

    async run(signal) {
      await wait(REFRESH_EVERY, undefined, { signal }).catch(() => undefined);
      const trouble = 'schedules cannot be refreshed';
      await keepGoing(() => this.refresh(), signal, { interval: REFRESH_EVERY, pause: REFRESH_EVERY, log, trouble });
    },
  };
}

/** Reports whether two runs are equal except for the random digits of every prepared run. */
function sameRun(a: unknown, b: unknown): boolean {
  const text = (value: unknown) => {
    const json = JSON.parse(JSON.stringify(value ?? null)) as Json;
    return canonicalJson(isJsonObject(json) ? { ...json, blind: null } : json);
  };
  return text(a) === text(b);
}
