import { randomUUID } from 'node:crypto';
import {
  Client,
  type ClientOptions,
  type Connection,
  defaultPayloadConverter,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import proto from '@temporalio/proto';
import type { ClosingDetails } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { OWN_TASK_QUEUE } from '../model/run-input.ts';
import type { RunKey } from '../model/run-key.ts';
import { boundedText } from '../model/text.ts';
import type { HistoryEvent } from '../projection/history.ts';
import { HOLDER, type HoldStep } from '../projection/tasks/holds.ts';
import type { PendingWork } from '../projection/waits.ts';
import { changeActivity } from './activities.ts';
import { createCalls, isUnimplemented } from './calls.ts';
import { createHistoryGateway, type HistoryGateway } from './histories.ts';
import { runArgument, type StartRequest, startedEvent } from './starts.ts';

/** A run as Temporal's visibility and describe show it. */
export type RunInfo = proto.temporal.api.workflow.v1.IWorkflowExecutionInfo;

/** The newest run of a workflow id, described. */
export interface Described {
  info: RunInfo;
  pending: PendingWork;
  cancelRequested: boolean;
}

/** A signal to send. */
export interface SentSignal {
  name: string;
  payload: Json;
  /** Who sends it. */
  identity: string;
  /** Signals with the same request id are delivered once; absent: this signal is unlike any other. */
  requestId?: string | undefined;
}

/**
 * Fermata's only way to Temporal's server, except for schedules. Every call throws `temporal_unavailable` when the server does not
 * answer, or does not have the namespace. A workflow id stands for the newest run of its chain.
 */
export interface Temporal extends HistoryGateway {
  readonly namespace: string;
  /** Starts a run. Returns the first event of its history; null when a run with its workflow id was started before. */
  start(request: StartRequest): Promise<HistoryEvent | null>;
  /** Describes the newest run of a workflow id, or the run with an id; null when Temporal has none. */
  describe(workflowId: string, runId?: string): Promise<Described | null>;
  /** Lists all runs that match a visibility query, page by page. */
  list(query: string): AsyncGenerator<RunInfo[]>;
  /** Requests cancellation. Returns false when Temporal has no open run with that id: it has closed, or was not started yet. */
  cancel(workflowId: string, reason: string, identity: string): Promise<boolean>;
  /** Sends a signal. Returns false when Temporal has no open run with that id: it has closed, or was not started yet. */
  signal(workflowId: string, signal: SentSignal): Promise<boolean>;
  /** Ends a run at once; does nothing when it has closed. */
  terminate(workflowId: string, reason: string, identity: string): Promise<void>;
  /** Ends one run of a chain at once, with details about how it closes; does nothing when it has closed. */
  terminateRun(run: RunKey, reason: string, details: ClosingDetails): Promise<void>;
  /** Deletes every run of a workflow id, also runs that were reset. */
  remove(workflowId: string): Promise<void>;
  /** Changes a pending activity; does nothing when it has ended. Returns false when the server is too old for the change. */
  changeActivity(workflowId: string, activityId: string, step: HoldStep): Promise<boolean>;
  /** Completes a pending activity in place of a worker; does nothing when it has ended. */
  completeActivity(workflowId: string, activityId: string, output: Json): Promise<void>;
  /** Counts the workers that poll a task queue for activities, or did so within the last minutes. */
  pollers(taskQueue: string): Promise<number>;
  /** Throws `temporal_unavailable` unless the server answers. */
  ping(): Promise<void>;
}

/** Encrypts payloads before Temporal gets them, and decrypts Temporal's answers. */
export interface PayloadCodec {
  dataConverter: NonNullable<ClientOptions['dataConverter']>;
  scheduleConverter: NonNullable<ClientOptions['dataConverter']>;
  seal(payload: Payload, workflowId: string): Payload;
  /** Decrypts in place every payload of an answer; `sealed` says whether all of them are encrypted, if that is known. */
  openAll<T>(answer: T, workflowId: string, sealed?: boolean): T;
}

type Payload = proto.temporal.api.common.v1.IPayload;

/** The most UTF-16 units of a reason and of an identity that are sent. */
const MAX_REASON = 4_000;
const MAX_IDENTITY = 200;

/** Temporal's TaskQueueType for activities. */
const ACTIVITIES = 2;

/** The dependencies of both gateways. */
export interface TemporalDependencies {
  connection: Connection;
  namespace: string;
  codec?: PayloadCodec | undefined;
}

/** Creates the gateway over a connection, which may be lazy; without a codec, payloads are not encrypted. */
export function createTemporal({ connection, namespace, codec }: TemporalDependencies): Temporal {
  const client = new Client({ connection, namespace, ...(codec && { dataConverter: codec.dataConverter }) });
  const { workflowService } = client;
  const calls = createCalls(connection);
  const open = <T>(answer: T, workflowId: string, sealed?: boolean): T =>
    codec === undefined ? answer : codec.openAll(answer, workflowId, sealed);
  const seal = (value: unknown, workflowId: string): Payload => {
    const plain = defaultPayloadConverter.toPayload(value);
    return codec === undefined ? plain : codec.seal(plain, workflowId);
  };

  async function describe(workflowId: string, runId?: string): Promise<Described | null> {
    const execution = { workflowId, ...(runId === undefined ? {} : { runId }) };
    const found = await calls.callOrNull(() => workflowService.describeWorkflowExecution({ namespace, execution }));
    if (found === null) return null;
    open(found, workflowId);
    return {
      info: found.workflowExecutionInfo ?? {},
      pending: {
        activities: found.pendingActivities,
        workflowTaskAttempt: found.pendingWorkflowTask?.attempt ?? 0,
      },
      cancelRequested: found.workflowExtendedInfo?.cancelRequested ?? false,
    };
  }

  const newestRunId = async (workflowId: string) => (await describe(workflowId))?.info.execution?.runId ?? undefined;
  const histories = createHistoryGateway({ connection, client, namespace, calls, open, newestRunId });

  async function* list(query: string): AsyncGenerator<RunInfo[]> {
    let nextPageToken: Uint8Array | undefined;
    do {
      const token = nextPageToken;
      const page = await calls.call(() =>
        workflowService.listWorkflowExecutions({
          namespace,
          query,
          pageSize: 1000,
          ...(token === undefined ? {} : { nextPageToken: token }),
        }),
      );
      yield page.executions.map((info) => open(info, info.execution?.workflowId ?? ''));
      nextPageToken = page.nextPageToken.length > 0 ? page.nextPageToken : undefined;
    } while (nextPageToken !== undefined);
  }

  /** Finds every run of a workflow id: those of the chain, and those that were reset. */
  async function runsOf(workflowId: string): Promise<Set<string>> {
    const newest = await newestRunId(workflowId);
    const before = (await (await histories.newestRun(workflowId))?.before()) ?? [];
    const runs = new Set(newest ? [...before, newest] : before);
    for await (const page of list(`WorkflowId = "${workflowId}"`)) {
      for (const { execution } of page) if (execution?.runId) runs.add(execution.runId);
    }
    return runs;
  }

  return {
    ...histories,
    namespace,
    describe,
    list,

    async start(request) {
      const { workflowId, input, run, memo, summary, delay } = request;
      try {
        const handle = await calls.call(() =>
          client.workflow.start(run.ref, {
            workflowId,
            taskQueue: OWN_TASK_QUEUE,
            args: [input, runArgument(run)],
            memo: { fermata: codec === undefined ? memo : { ...memo, sealed: true } },
            priority: { fairnessKey: memo.tenant },
            staticSummary: summary,
            ...(delay === 0 ? {} : { startDelay: delay * 1000 }),
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            workflowIdConflictPolicy: 'FAIL',
          }),
        );
        return startedEvent(request, handle.firstExecutionRunId, Date.now());
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
        throw error;
      }
    },

    async cancel(workflowId, reason, identity) {
      const requested = await calls.callOrNull(() =>
        workflowService.requestCancelWorkflowExecution({
          namespace,
          workflowExecution: { workflowId },
          ...bounded(reason, identity),
        }),
      );
      return requested !== null;
    },

    async signal(workflowId, { name, payload, identity, requestId }) {
      const input = { payloads: [seal(payload, workflowId)] };
      const sent = await calls.callOrNull(() =>
        workflowService.signalWorkflowExecution({
          namespace,
          workflowExecution: { workflowId },
          signalName: name,
          input,
          identity: boundedText(identity, MAX_IDENTITY),
          requestId: requestId ?? randomUUID(),
        }),
      );
      return sent !== null;
    },

    async terminate(workflowId, reason, identity) {
      await calls.callOrNull(() =>
        workflowService.terminateWorkflowExecution({
          namespace,
          workflowExecution: { workflowId },
          ...bounded(reason, identity),
        }),
      );
    },

    async terminateRun({ workflowId, runId }, reason, details) {
      await calls.callOrNull(() =>
        workflowService.terminateWorkflowExecution({
          namespace,
          workflowExecution: { workflowId, runId },
          reason,
          identity: 'fermata',
          details: { payloads: [seal(details, workflowId)] },
        }),
      );
    },

    async remove(workflowId) {
      // Each run is deleted once: a second request makes Temporal slower.
      for (const runId of await runsOf(workflowId)) {
        const workflowExecution = { workflowId, runId };
        await calls.callOrNull(() => workflowService.deleteWorkflowExecution({ namespace, workflowExecution }));
      }
    },

    async changeActivity(workflowId, activityId, step) {
      const place = { namespace, workflowId, activityId };
      try {
        await calls.callOrNull<unknown>(() => changeActivity(workflowService, place, step));
        return true;
      } catch (error) {
        if (isUnimplemented(error)) return false;
        throw error;
      }
    },

    async completeActivity(workflowId, activityId, output) {
      const result = { payloads: [seal(output, workflowId)] };
      const place = { namespace, workflowId, activityId, identity: HOLDER };
      await calls.callOrNull<unknown>(() => workflowService.respondActivityTaskCompletedById({ ...place, result }));
    },

    async pollers(taskQueue) {
      const found = await calls.call(() =>
        workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: ACTIVITIES }),
      );
      return found.pollers.length;
    },

    async ping() {
      await calls.call(() => workflowService.describeNamespace({ namespace }));
    },
  };
}

/** Shortens a reason and an identity to what Temporal accepts. */
function bounded(reason: string, identity: string): { reason: string; identity: string } {
  return { reason: boundedText(reason, MAX_REASON), identity: boundedText(identity, MAX_IDENTITY) };
}

/** Returns Temporal's own name of a history event, such as `WorkflowExecutionStarted`. */
export function eventName(event: HistoryEvent): string {
  const name = proto.temporal.api.enums.v1.EventType[event.eventType ?? 0] ?? 'EVENT_TYPE_UNSPECIFIED';
  const words = name.slice('EVENT_TYPE_'.length).split('_');
  return words.map((word) => word[0]! + word.slice(1).toLowerCase()).join('');
}
