import type { Logger } from '../../model/log.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import { type HoldChange, holdChanges, isAwaited } from '../../projection/tasks/holds.ts';
import type { Described, Temporal } from '../../temporal/gateway.ts';
import { keepGoing, mapConcurrently } from '../background/loops.ts';
import { createSetAside } from '../background/set-aside.ts';
import type { ProjectionReader } from '../projections/reader.ts';

/** Milliseconds between two rounds, and the watched runs that one round looks at. */
const INTERVAL = 1_000;
const LIMIT = 20;

/** Concurrent calls to Temporal, and the most looks at one run in a row while others pause and resume it. */
const CONCURRENCY = 8;
const MAX_LOOKS = 10;

/** The dependencies of holds. */
export interface AttemptHoldsOptions {
  temporal: Pick<Temporal, 'describe' | 'changeActivity'>;
  projections: Pick<ProjectionReader, 'read'>;
  log: Logger;
  clock: () => number;
}

/** Keeps Temporal from making attempts in runs that are paused. */
export interface AttemptHolds {
  settle(workflowId: string): Promise<void>;
  /** Settles a run that was described, if what it holds back does not suit its known status. */
  take(workflowId: string, status: ExecutionStatus, described: Described): Promise<void>;
  /** Settles some of the watched runs, in rotation. */
  tick(): Promise<void>;
  /** Works until the signal is aborted; logs an error once, and tries again. */
  run(signal: AbortSignal): Promise<void>;
}

/** Creates the holds. Any number may work at once. */
export function createAttemptHolds({ temporal, projections, log, clock }: AttemptHoldsOptions): AttemptHolds {
  const aside = createSetAside(clock, log, 'attempts of a paused run cannot be held back');
  /** Runs to look at again: a worker has an attempt in a paused run, or the last look failed or did not suffice. */
  const watched = new Set<string>();
  let warned = false;

  /**
   * Holds back the attempts of a paused run, or releases those of one that is not paused. Looks again after each change, because the
   * run may have been resumed, or an attempt may have begun, meanwhile. A run that cannot be settled stays watched.
   */
  async function settle(workflowId: string): Promise<void> {
    // Runs that are watched take turns.
    watched.delete(workflowId);
    watched.add(workflowId);
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      const found = await look(workflowId);
      if (found === 'settled') watched.delete(workflowId);
      if (found !== 'changed') return;
    }
  }

  /**
   * Looks at a run once, and changes the activities that do not suit its status; `awaited`: a worker has an attempt that another may
   * follow.
   */
  async function look(workflowId: string): Promise<'settled' | 'awaited' | 'changed'> {
    const described = await temporal.describe(workflowId);
    if (described === null || described.pending.activities.length === 0) return 'settled';
    const execution = (await projections.read(workflowId, described))?.execution;
    // A run that is being canceled cancels its activities itself. It is unknown whether a run that cannot be projected is paused.
    if (execution?.projection !== 'complete' || execution.closed !== null) return 'settled';
    if (execution.status === 'canceling') return 'settled';
    const paused = execution.status === 'paused';
    const changes = holdChanges(paused, described.pending.activities);
    if (changes.length > 0) return (await apply(workflowId, changes)) ? 'changed' : 'settled';
    return paused && described.pending.activities.some(isAwaited) ? 'awaited' : 'settled';
  }

  /** Changes activities; returns false when the server cannot. */
  async function apply(workflowId: string, changes: readonly HoldChange[]): Promise<boolean> {
    const changed = await mapConcurrently(changes, CONCURRENCY, async ({ activityId, steps }) => {
      for (const step of steps) if (!(await temporal.changeActivity(workflowId, activityId, step))) return false;
      return true;
    });
    const able = changed.every(Boolean);
    if (!able && !warned)
      log.warn({}, 'this Temporal server cannot pause activities: the attempts of paused runs continue');
    warned ||= !able;
    return able;
  }

  return {
    settle,

    async take(workflowId, status, { pending }) {
      if (holdChanges(status === 'paused', pending.activities).length > 0) await settle(workflowId);
    },

    async tick() {
      const some = [...watched].filter((workflowId) => !aside.waits(workflowId)).slice(0, LIMIT);
      await mapConcurrently(some, CONCURRENCY, (workflowId) => aside.attempt(workflowId, () => settle(workflowId)));
    },

    run(signal) {
      const trouble = 'attempts of paused runs cannot be held back';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: 4 * INTERVAL, log, trouble });
    },
  };
}
