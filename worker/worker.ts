import { fileURLToPath } from 'node:url';
import {
  type BundleOptions,
  bundleWorkflowCode,
  type InjectedSinks,
  type NativeConnection,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import { type ActivityOptions, createActivities } from '../activities/activities.ts';
import { ACTIONS } from '../activities/catalog.ts';
import { CONVERTERS, type Codec } from '../codec/codec.ts';
import { OWN_TASK_QUEUE } from '../model/run-input.ts';
import { readRunMemo } from '../model/run-memo.ts';
import type { RunReport, RunSinks } from '../model/run-report.ts';

/** Where a worker connects, and what it runs. */
export interface WorkerOptions {
  connection: NativeConnection;
  namespace: string;
  bundle: WorkflowBundle;
  /** Actions that run at once. */
  concurrentActions?: number;
  /** Workflows kept in memory between their tasks. */
  maxCachedWorkflows?: number;
  /** What actions reach the world by, and where they find their connections. */
  actions: ActivityOptions;
  /** What seals what Temporal gets; the bundle must be made with it, too. */
  codec?: Codec | undefined;
  /** Hears how open runs stand. */
  report?: (report: RunReport) => void;
}

/** What is the same for every run, and keeps nothing of any: loaded once for all, it costs no run its time and memory. */
const PURE = [
  '../workflows/stacks.ts',
  '../interpreter/interpreter.ts',
  '../interpreter/identity.ts',
  '../interpreter/waits.ts',
];

/** Bundles the generic workflow for the sandbox; takes about a second, once per process. */
export async function bundleWorkflows(codec?: Codec): Promise<WorkflowBundle> {
  const { payloadConverterPath, failureConverterPath } = codec?.dataConverter ?? CONVERTERS;
  const quiet = () => undefined;
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    webpackConfigHook: forThisNode,
    preloadModules: PURE.map((path) => fileURLToPath(new URL(path, import.meta.url))),
    payloadConverterPath,
    failureConverterPath,
    // Webpack prints its list of assets at info; only what is wrong is worth a line.
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: console.warn, error: console.error },
  });
}

type WebpackConfig = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];

/** Leaves the language as Node.js knows it: the SDK's own target is of 2017, and what it writes instead costs time in every step. */
function forThisNode(config: WebpackConfig): WebpackConfig {
  for (const rule of config.module?.rules ?? []) {
    const use = (rule as { use?: { options?: { jsc?: { target?: string } } } }).use;
    if (use?.options?.jsc !== undefined) use.options.jsc.target = 'es2022';
  }
  return config;
}

/** A worker on Fermata's own task queue, for the generic workflow and the built-in actions. */
export async function createWorker({
  connection,
  namespace,
  bundle,
  concurrentActions,
  maxCachedWorkflows,
  actions,
  codec,
  report,
}: WorkerOptions): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: OWN_TASK_QUEUE,
    workflowBundle: bundle,
    activities: createActivities(ACTIONS, actions),
    // A workflow task that went to a dead worker is handed on after this time (temporal.md 10).
    stickyQueueScheduleToStartTimeout: '2s',
    // A cancel request reaches an activity with its next heartbeat.
    maxHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: '10s',
    shutdownForceTime: '20s',
    ...(concurrentActions === undefined ? {} : { maxConcurrentActivityTaskExecutions: concurrentActions }),
    ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    dataConverter: codec?.dataConverter ?? CONVERTERS,
    ...(report === undefined ? {} : { sinks: sinksFor(report) }),
  });
}

function sinksFor(report: (report: RunReport) => void): InjectedSinks<RunSinks> {
  return {
    fermata: {
      report: {
        fn: (
          { workflowId, firstExecutionRunId, runId, workflowType, memo, runStartTime, historyLength },
          status,
          asked,
        ) =>
          report({
            ...{ workflowId, firstRunId: firstExecutionRunId, runId, workflowType, historyLength, status, asked },
            memo: readRunMemo(memo?.fermata),
            started: runStartTime.getTime(),
            at: Date.now(),
          }),
        callDuringReplay: false,
      },
    },
  };
}
