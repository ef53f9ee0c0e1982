import { ApplicationFailure, activityInfo, Context } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { GracefulShutdownPeriodExpiredError, NativeConnection, Worker } from '@temporalio/worker';
import { plannedOutcome } from '../../../interpreter/simulated-world.ts';
import type { CarriedState } from '../../../model/carried-state.ts';
import type { Definition } from '../../../model/definition.ts';
import type { Execution } from '../../../model/execution.ts';
import { workflowIdOf } from '../../../model/execution-id.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import type { ActionSpec, ScheduledTime } from '../../../model/run-input.ts';
import { parseTaskKey } from '../../../model/task-key.ts';
import type { WorkLimits } from '../../../model/work.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createProjection, projectExecution } from '../../../projection/project.ts';
import { CONVERTERS } from '../../../temporal/codec/codec.ts';
import { createTemporal, type Temporal } from '../../../temporal/gateway.ts';
import { runArgument } from '../../../temporal/starts.ts';
import { tellAttempts } from '../../../worker/attempts.ts';
import { UNINTERRUPTED } from '../../../worker/worker.ts';
import { type Attempt, runInput } from '../../interpreter/rehearse.ts';
import { SIGNED } from '../../interpreter/signed.ts';
import { nextNumber } from '../../run-numbers.ts';
import { connectPatiently } from './patient-connection.ts';
import { preparedBundle } from './prepared.ts';
import { endIdleThreads } from './workflow-threads.ts';

/** Everything a test needs to run definitions on the real server. */
export interface Harness {
  client: Client;
  connection: NativeConnection;
  /** The gateway with which the service reads. */
  temporal: Temporal;
  taskQueue: string;
  /** Asks the worker to stop; what it runs is handed back. */
  stopWorker(): void;
  /** How often its worker was killed and another one started. */
  restarts(): number;
  /** How the attempts of each task of a run end, by workflow id. */
  outcomes: Map<string, Record<string, Attempt | Attempt[]>>;
  items: Map<string, Record<string, Attempt[] | Attempt[][]>>;
  /** How often an activity of a run was tried, by workflow id and activity id. */
  calls: Map<string, number>;
  start(definition: Definition, options?: StartOptions): Promise<string>;
  /** The raw answer of describe, for what no projection shows. */
  describe(workflowId: string): ReturnType<Client['workflowService']['describeWorkflowExecution']>;
  /** The history of a run, of a chain those of its runs in order. */
  history(workflowId: string): Promise<HistoryEvent[]>;
  execution(workflowId: string): Promise<Execution>;
  close(): Promise<void>;
}

export interface StartOptions {
  input?: JsonObject;
  /** Workflows that the run can reach, by ref. */
  workflows?: Record<string, Definition>;
  /** How the items of each task end, one an item. */
  items?: Record<string, Attempt[] | Attempt[][]>;
  outcomes?: Record<string, Attempt | Attempt[]>;
  /** Seconds after which Temporal itself ends the run. */
  executionTimeout?: number;
  actions?: Record<string, ActionSpec>;
  /** The run is asked to cancel before its first workflow task. */
  cancelled?: boolean;
  /** The state of another run from which it goes on. */
  carried?: CarriedState;
  /** Who counts as its starter. */
  starters?: string[];
  /** The interpreter version that the run asks for. */
  interpreter?: number;
  /** Limits of its work; the interpreter's own unless they are given. */
  limits?: Partial<WorkLimits>;
  /** The time that it is for, as a retry of a scheduled run has it. */
  scheduled?: ScheduledTime;
  /** It takes decisions and controls only as statements that the key of tests has signed (../interpreter/signed.ts). */
  signed?: true;
}

/** How the worker of a harness behaves. */
export interface HarnessOptions {
  maxCachedWorkflows?: number;
  /** Activities take up to this many milliseconds. */
  slow?: number;
  /** Milliseconds after which the worker is killed and another one started, over and over. */
  restartEvery?: number;
}

/** Starts a worker of the real bundle, whose activities end as the test says, on a separate task queue. */
export async function createHarness(address: string, options: HarnessOptions = {}): Promise<Harness> {
  const { slow = 0, restartEvery, ...workerOptions } = options;
  const connection = await NativeConnection.connect({ address });
  const calling = await connectPatiently(address);
  const client = new Client({ identity: 'test', connection: calling });
  const taskQueue = `test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const outcomes: Harness['outcomes'] = new Map();
  const items: Harness['items'] = new Map();
  const calls: Harness['calls'] = new Map();
  const workflowBundle = await preparedBundle();
  const createWorker = () =>
    Worker.create({
      connection,
      taskQueue,
      workflowBundle,
      // Recorded histories must not reveal the machine on which they were made.
      identity: taskQueue,
      stickyQueueScheduleToStartTimeout: '1s',
      maxHeartbeatThrottleInterval: '200ms',
      ...UNINTERRUPTED,
      ...workerOptions,
      activities: { default: () => testActivity({ outcomes, items, calls }, slow) },
      interceptors: { activity: [tellAttempts] },
      dataConverter: CONVERTERS,
      // Nobody listens to how runs stand.
      sinks: { fermata: { report: { fn: () => undefined } } },
      // Killed, rather than waited for.
      ...(restartEvery === undefined ? {} : { shutdownGraceTime: 0, shutdownForceTime: '1s' }),
    });
  let worker = await createWorker();
  let running = worker.run();
  let stopping = false;
  let restarts = 0;
  const restarting = (async () => {
    while (restartEvery !== undefined && !stopping) {
      await new Promise((resolve) => setTimeout(resolve, restartEvery));
      if (stopping) return;
      worker.shutdown();
      await running.catch(() => undefined);
      await endIdleThreads();
      worker = await createWorker();
      running = worker.run();
      restarts += 1;
    }
  })();
  const service = client.workflowService;
  const describe = (workflowId: string) =>
    service.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } });
  const temporal = createTemporal({ connection: calling, namespace: 'default' });
  const history = async (workflowId: string): Promise<HistoryEvent[]> => {
    const events: HistoryEvent[] = [];
    for await (const page of temporal.history(workflowId)) events.push(...page);
    return events;
  };
  return {
    client,
    connection,
    temporal,
    taskQueue,
    stopWorker: () => worker.shutdown(),
    restarts: () => restarts,
    outcomes,
    items,
    calls,
    history,
    start: async (
      definition,
      {
        input = {},
        outcomes: wanted = {},
        items: told = {},
        workflows,
        executionTimeout,
        actions = {},
        cancelled,
        interpreter,
        starters,
        carried,
        limits,
        signed,
        scheduled,
      } = {},
    ) => {
      const n = nextNumber();
      const id = workflowIdOf(n);
      outcomes.set(id, wanted);
      items.set(id, told);
      const run = runInput(definition, n, workflows, limits);
      // Where nobody says so, a run has no seed but its number.
      run.seed = id;
      run.interpreter = interpreter ?? run.interpreter;
      if (starters !== undefined) run.starters = starters;
      if (carried !== undefined) run.carried = carried;
      if (scheduled !== undefined) run.scheduled = scheduled;
      if (signed) Object.assign(run, SIGNED);
      run.actions = { ...run.actions, ...actions };
      await client.workflow.start(run.ref, {
        workflowId: id,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        taskQueue,
        args: [input, runArgument(run)],
        // Its first workflow task would be due long after the start: the request is there before it, and makes it due at once.
        ...(cancelled === true ? { startDelay: '1 hour' } : {}),
        ...(executionTimeout === undefined ? {} : { workflowExecutionTimeout: executionTimeout * 1000 }),
      });
      if (cancelled === true) await client.workflow.getHandle(id).cancel();
      return id;
    },
    describe,
    execution: async (workflowId) => {
      const described = await describe(workflowId);
      return projectExecution(workflowId, await history(workflowId), {
        activities: described.pendingActivities,
        workflowTaskAttempt: described.pendingWorkflowTask?.attempt ?? 0,
      });
    },
    close: async () => {
      stopping = true;
      await restarting;
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running.catch((error: unknown) => {
        // One that is killed need not have ended in time.
        if (restartEvery === undefined || !(error instanceof GracefulShutdownPeriodExpiredError)) throw error;
      });
      await connection.close();
      await client.connection.close();
    },
  };
}

async function testActivity(
  { outcomes, items, calls }: Pick<Harness, 'outcomes' | 'items' | 'calls'>,
  slow: number,
): Promise<Json> {
  if (slow > 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * slow));
  const { activityId, workflowExecution } = activityInfo();
  const { name } = parseTaskKey(activityId);
  const workflowId = workflowExecution?.workflowId ?? '';
  const id = `${workflowId}/${name}`;
  const used = calls.get(id) ?? 0;
  calls.set(id, used + 1);
  const attempt = plannedOutcome(outcomes.get(workflowId) ?? {}, items.get(workflowId) ?? {}, activityId, () => used);
  if ('output' in attempt) return attempt.output;
  if ('running' in attempt) return hang();
  if ('fault' in attempt) throw new Error('a test cannot make this fault on a server');
  const { type, message = '' } = attempt.error;
  // As Fermata's own workers say it.
  throw ApplicationFailure.create({ type, message, details: [null, { attempt: activityInfo().attempt }] });
}

/** Waits until a run has closed, however it did. */
export async function closed(harness: Harness, workflowId: string): Promise<void> {
  await harness.client.workflow
    .getHandle(workflowId)
    .result()
    .catch(() => undefined);
}

/** Seconds within which a run that is followed comes to be as its test expects it. */
const FOLLOWED = 240;

/**
 * Follows a run from its first event, and returns its execution once that is as a condition says. What only describe reports, such as
 * the next attempt of an activity, is missing in it.
 */
export async function followUntil(
  { temporal }: Harness,
  workflowId: string,
  condition: (execution: Execution) => boolean,
): Promise<Execution> {
  const projection = createProjection(workflowId);
  for await (const { events } of temporal.follow(workflowId, AbortSignal.timeout(FOLLOWED * 1_000))) {
    for (const event of events) projection.take(event);
    const execution = projection.execution();
    if (condition(execution)) return execution;
  }
  throw new Error(`${workflowId} has ended, or ${FOLLOWED} seconds have passed, before it was as expected`);
}

/** Runs until it is cancelled, and sends heartbeats to Temporal. */
async function hang(): Promise<never> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 200);
  return context.cancelled.finally(() => clearInterval(beat));
}

/** Waits until a worker has some tasks of a run in hand. */
export async function underWay(harness: Harness, workflowId: string, tasks: string[]): Promise<void> {
  for (;;) {
    const { pendingActivities } = await harness.describe(workflowId);
    const started = pendingActivities.filter(({ state }) => state === 2).map(({ activityId }) => activityId);
    if (tasks.every((task) => started.includes(task))) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
