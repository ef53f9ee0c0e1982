import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import type { Definition } from '../../model/definition.ts';
import type { Execution } from '../../model/execution.ts';
import { mintNumber, workflowIdOf } from '../../model/execution-id.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { projectExecution } from '../../projection/project.ts';
import { bundleWorkflows } from '../../worker/worker.ts';
import { type Attempt, runInput } from '../interpreter/rehearse.ts';

let last = 0;

/** A run number that no other test has. */
export function nextNumber(): number {
  last = mintNumber(last, Date.now() + Math.floor(Math.random() * 4000));
  return last;
}

/** Everything a test needs to run definitions on the real server. */
export interface Harness {
  client: Client;
  connection: NativeConnection;
  taskQueue: string;
  worker: Worker;
  /** How the attempts of each task of a run end, by workflow id. */
  outcomes: Map<string, Record<string, Attempt | Attempt[]>>;
  /** How often an activity of a run was tried, by workflow id and activity id. */
  calls: Map<string, number>;
  start(definition: Definition, options?: StartOptions): Promise<string>;
  history(workflowId: string): Promise<HistoryEvent[]>;
  execution(workflowId: string): Promise<Execution>;
  close(): Promise<void>;
}

export interface StartOptions {
  input?: JsonObject;
  outcomes?: Record<string, Attempt | Attempt[]>;
  workflowId?: string;
}

/** Starts a worker of the real bundle, whose activities end as the test says, on a task queue of its own. */
export async function createHarness(options: { maxCachedWorkflows?: number } = {}): Promise<Harness> {
  const address = inject('temporalAddress');
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection: await Connection.connect({ address }) });
  const taskQueue = `test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const outcomes: Harness['outcomes'] = new Map();
  const calls: Harness['calls'] = new Map();
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: await bundleWorkflows(),
    stickyQueueScheduleToStartTimeout: '1s',
    ...options,
    activities: { default: () => testActivity(outcomes, calls) },
  });
  const running = worker.run();
  const service = client.workflowService;
  const history = async (workflowId: string): Promise<HistoryEvent[]> => {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    return events ?? [];
  };
  return {
    client,
    connection,
    taskQueue,
    worker,
    outcomes,
    calls,
    history,
    start: async (definition, { input = {}, outcomes: wanted = {}, workflowId } = {}) => {
      const n = nextNumber();
      const id = workflowId ?? workflowIdOf(n);
      outcomes.set(id, wanted);
      const run = runInput(definition, n);
      await client.workflow.start(run.ref, { workflowId: id, taskQueue, args: [input, run] });
      return id;
    },
    execution: async (workflowId) => {
      const described = await service.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } });
      return projectExecution(workflowId, await history(workflowId), {
        activities: described.pendingActivities,
        workflowTaskAttempt: described.pendingWorkflowTask?.attempt ?? 0,
      });
    },
    close: async () => {
      worker.shutdown();
      await running;
      await connection.close();
      await client.connection.close();
    },
  };
}

async function testActivity(outcomes: Harness['outcomes'], calls: Harness['calls']): Promise<Json> {
  const { activityId, workflowExecution } = activityInfo();
  const name = activityId.split(/[#~]/)[0]!;
  const id = `${workflowExecution?.workflowId}/${name}`;
  const used = calls.get(id) ?? 0;
  calls.set(id, used + 1);
  const planned = outcomes.get(workflowExecution?.workflowId ?? '')?.[name] ?? { output: null };
  const attempt = Array.isArray(planned) ? (planned[used] ?? { output: null }) : planned;
  if ('output' in attempt) return attempt.output;
  if ('fault' in attempt) throw new Error('a test cannot make this fault on a server');
  const { fail: type, message = '', retryable = true } = attempt;
  throw ApplicationFailure.create({ type, message, nonRetryable: !retryable });
}

/** Waits until a run has closed, however it did. */
export async function closed(harness: Harness, workflowId: string): Promise<void> {
  await harness.client.workflow
    .getHandle(workflowId)
    .result()
    .catch(() => undefined);
}
