import type { Observer } from '../interpreter/derive.ts';
import type { RunState } from '../interpreter/state.ts';
import type { Execution } from '../model/execution.ts';
import { eventTime, type HistoryEvent, isoTime } from './history.ts';
import type { ReplayedRun } from './replay/replay.ts';
import { collectSources, FollowedRun, type FollowOptions } from './runs/followed-run.ts';
import { NOTHING_KNOWN, readKnown } from './runs/known.ts';
import { readMemo } from './runs/memo.ts';
import { chainOf, type Opening, readParentRun, startTime } from './runs/opening.ts';
import type { TaskLimits } from './tasks/task-order.ts';
import type { TaskSources } from './tasks/tasks.ts';
import { NO_TRIES, NOTHING_PENDING, type PendingWork, waitsFor } from './waits.ts';

/** The picture of a run, made from its history event by event; for a chain, from the histories of its runs in order. */
export interface Projection {
  take(event: HistoryEvent): void;
  /**
   * Returns the execution as it stands, with those of its tasks that began first when the limits permit no more. Throws a TypeError unless
   * the first event was the start of a workflow.
   */
  execution(pending?: PendingWork, limits?: TaskLimits): Execution;
  /** The event that started the run, read; null before it was taken. */
  readonly opening: Opening | null;
  /** Returns what the tasks of the run are read from; null when its state is unknown or cannot be trusted. */
  sources(pending?: PendingWork): TaskSources | null;
  /** Returns the replayed run; null for a run that the interpreter does not know. */
  replayed(): ReplayedRun | null;
  /** Returns a projection that stands where this one does and continues independently, with its own observer (Replay.copy). */
  copy(observer?: Observer): Projection;
}

/** Projects the whole history of a run, and what is pending, to an execution. Pure. Throws what a projection throws. */
export function projectExecution(
  workflowId: string,
  history: Iterable<HistoryEvent>,
  pending: PendingWork = NOTHING_PENDING,
): Execution {
  const projection = createProjection(workflowId);
  for (const event of history) projection.take(event);
  return projection.execution(pending);
}

/**
 * Creates a projection without any event yet. With a meter, taking events and showing the execution throw ReplayExceeded when that is
 * spent, and for a run whose work cannot be counted (createReplay).
 */
export function createProjection(workflowId: string, options: FollowOptions = {}): Projection {
  return new HistoryProjection(workflowId, new FollowedRun(workflowId, options), options.interpret !== false);
}

class HistoryProjection implements Projection {
  readonly #workflowId: string;
  readonly #run: FollowedRun;
  readonly #isInterpreted: boolean;

  constructor(workflowId: string, run: FollowedRun, isInterpreted: boolean) {
    this.#workflowId = workflowId;
    this.#run = run;
    this.#isInterpreted = isInterpreted;
  }

  take(event: HistoryEvent): void {
    this.#run.take(event);
  }

  get opening(): Opening | null {
    return this.#run.opening;
  }

  sources(pending?: PendingWork): TaskSources | null {
    return this.#run.sources(pending);
  }

  replayed(): ReplayedRun | null {
    return this.#run.replayed();
  }

  copy(observer?: Observer): Projection {
    return new HistoryProjection(this.#workflowId, this.#run.copy(observer), this.#isInterpreted);
  }

  execution(pending = NOTHING_PENDING, limits = UNLIMITED): Execution {
    const { opening, last, runStarted, taken, ending, closed, found, projection, state, refused } = this.#run.read();
    const { started, run, input } = opening;
    const sources = found === null || state === null ? null : collectSources(found, pending, closed);
    return {
      workflowId: this.#workflowId,
      runId: chainOf(started),
      workflowType: started.workflowType?.name ?? '',
      taskQueue: started.taskQueue?.name ?? '',
      memo: readMemo(started.memo),
      run,
      input,
      ...ending,
      created: isoTime(startTime(opening.event, opening.known)),
      updated: isoTime(eventTime(last)),
      closed: closed === null ? null : isoTime(closed),
      waitingFor: closed === null ? waitsFor(state, pending, found?.tries ?? NO_TRIES) : [],
      authentic: null,
      startContent: opening.content,
      trust: (state === null ? run?.trust : state.trust) ?? null,
      ...(sources === null ? NOTHING_KNOWN : readKnown(sources, limits)),
      signalsRefused: refused,
      projection,
      divergence: found?.divergence ?? null,
      lastEventId: Number(last.eventId),
      ...(this.#isInterpreted ? { lastEvent: taken } : {}),
      runStarted: isoTime(eventTime(runStarted)),
      ...readParentRun(started),
      ...(isContinued(opening) ? { partial: true as const } : {}),
      ...(closed === null && isUnsettled(state, pending) ? { unsettled: true as const } : {}),
    };
  }
}

/** Whether the history begins with a later run of a chain. A memo may claim that; only Temporal's continued run id proves it. */
function isContinued({ known, started }: Opening): boolean {
  return known?.carried?.middle !== undefined && Boolean(started.continuedExecutionRunId);
}

/** All task executions, whatever their number and size. */
const UNLIMITED: TaskLimits = { entries: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** Whether an open run may have been sent events that it has not taken yet. */
function isUnsettled(state: RunState | null, { workflowTaskAttempt }: PendingWork): boolean {
  return workflowTaskAttempt > 0 || (state !== null && state.backlog.length > 0);
}
