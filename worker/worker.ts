import { getHeapStatistics } from 'node:v8';
import { type InjectedSinks, type NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import { type ActivityOptions, createActivities } from '../activities/activities.ts';
import { ACTIONS } from '../activities/catalog.ts';
import { Permits } from '../model/permits.ts';
import { OWN_TASK_QUEUE } from '../model/run-input.ts';
import { readRunMemo } from '../model/run-memo.ts';
import type { RunReport, RunSinks } from '../model/run-report.ts';
import { CONVERTERS, type Codec } from '../temporal/codec/codec.ts';
import { tellAttempts } from './attempts.ts';

/** Where a worker connects, and what it runs. */
export interface WorkerOptions {
  connection: NativeConnection;
  namespace: string;
  bundle: WorkflowBundle;
  /** The permits that activities take before their work. */
  permits?: Permits;
  /** Takes one workflow task at a time and keeps no workflow in memory, so that a task which ends the process is alone. */
  probation?: boolean;
  /**
   * Ends the activities that still run, as failed with `WorkerShutdown`, and hands back those that have not begun. With it, `shutdown`
   * waits up to an hour for them; without it, they have ten seconds from `shutdown` on.
   */
  interrupt?: AbortSignal;
  /** The network access and the connections of actions. */
  actions: ActivityOptions;
  /** Encrypts everything that Temporal gets; the bundle must be made with the same converters. */
  codec?: Codec | undefined;
  /** Called with reports on open runs. */
  report?: (report: RunReport) => void;
}

/**
 * An option of the SDK that its types leave out: seconds until it interrupts workflow code. Some versions of Node.js abort the
 * process then, so that the supervisor, which is much quicker, decides instead.
 */
export const UNINTERRUPTED = { isolateExecutionTimeout: '10m' };

/** The number of actions that run at once, and of activities that a worker takes at once, unless the options set others. */
const CONCURRENT_ACTIONS = 100;
const WAITING_ROOM = 1_000;

/**
 * The part of the heap for the inputs of activities that run or wait, as bytes of JSON. As values they take up to eight
 * times as much.
 */
const INPUTS = 1 / 16;

/** The size of a worker: actions that run at once, and activities that it takes at once, to run them or to let them wait. */
export interface WorkerSize {
  concurrentActions?: number;
  waitingRoom?: number;
}

/** Creates the permits of a worker. The limit of its heap must be set already. */
export function createPermits({
  concurrentActions = CONCURRENT_ACTIONS,
  waitingRoom = WAITING_ROOM,
}: WorkerSize = {}): Permits {
  const places = Math.max(waitingRoom, concurrentActions);
  return new Permits(concurrentActions, { room: { places, bytes: getHeapStatistics().heap_size_limit * INPUTS } });
}

/** Creates a worker on Fermata's own task queue, for the generic workflow and the built-in actions. */
export async function createWorker({
  connection,
  namespace,
  bundle,
  permits = createPermits(),
  probation = false,
  interrupt,
  actions,
  codec,
  report,
}: WorkerOptions): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: OWN_TASK_QUEUE,
    workflowBundle: bundle,
    activities: createActivities(ACTIONS, actions, permits, interrupt),
    interceptors: { activity: [tellAttempts] },
    // Slots are where activities wait for their permit.
    maxConcurrentActivityTaskExecutions: permits.room,
    // A workflow task that went to a dead worker goes to another one after this time.
    stickyQueueScheduleToStartTimeout: '2s',
    // A cancel request reaches an activity with its next heartbeat.
    maxHeartbeatThrottleInterval: '2s',
    ...(interrupt === undefined ? { shutdownGraceTime: '10s', shutdownForceTime: '20s' } : { shutdownGraceTime: '1h' }),
    ...UNINTERRUPTED,
    reuseV8Context: true,
    workflowThreadPoolSize: 1,
    maxCachedWorkflows: probation ? 0 : cachedWorkflows(getHeapStatistics().heap_size_limit),
    maxConcurrentWorkflowTaskExecutions: probation ? 1 : 40,
    dataConverter: codec?.dataConverter ?? CONVERTERS,
    ...(report === undefined ? {} : { sinks: sinksFor(report) }),
  });
}

/**
 * Returns the number of workflows that a heap of some bytes keeps between their tasks, at about 0.3 MiB each: 500 for 512 MiB, 50 to 2,000.
 */
export function cachedWorkflows(heap: number): number {
  return Math.min(2_000, Math.max(50, Math.floor((heap / (512 * 1024 * 1024)) * 500)));
}

function sinksFor(report: (report: RunReport) => void): InjectedSinks<RunSinks> {
  return {
    fermata: {
      report: {
        fn: (
          { workflowId, firstExecutionRunId, runId, workflowType, memo, runStartTime, historyLength },
          status,
          asked,
          waiting,
        ) =>
          report({
            workflowId,
            firstRunId: firstExecutionRunId,
            runId,
            workflowType,
            historyLength,
            status,
            asked,
            waiting,
            memo: readRunMemo(memo?.fermata),
            started: runStartTime.getTime(),
            at: Date.now(),
          }),
        callDuringReplay: false,
      },
    },
  };
}
