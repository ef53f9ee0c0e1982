import { randomUUID } from 'node:crypto';
import {
  Client,
  type ClientOptions,
  type Connection,
  defaultPayloadConverter,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import proto from '@temporalio/proto';
import { AppError } from '../model/app-error.ts';
import type { ClosingDetails } from '../model/failure.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import { OWN_TASK_QUEUE, type Parameters, type RunInput, type RunMemo } from '../model/run-input.ts';
import type { RunKey } from '../model/run-key.ts';
import { boundedText } from '../model/text.ts';
import type { HistoryEvent } from '../projection/history.ts';
import { HOLDER, type HoldStep } from '../projection/holds.ts';
import { decodePayload } from '../projection/payload.ts';
import type { PendingWork } from '../projection/project.ts';
import { changeActivity } from './activities.ts';

/** A run as Temporal's visibility and describe show it. */
export type RunInfo = proto.temporal.api.workflow.v1.IWorkflowExecutionInfo;

/** What describe says of the newest run of a workflow id. */
export interface Described {
  info: RunInfo;
  pending: PendingWork;
  cancelRequested: boolean;
}

/** A run that is to be started. */
export interface StartRequest {
  workflowId: string;
  input: Parameters;
  run: RunInput;
  memo: RunMemo;
  summary: string;
  /** Seconds until it starts. */
  delay: number;
}

/** What a run is started with, whatever its number and its time will be. */
export type Blueprint = Pick<StartRequest, 'input' | 'run' | 'memo' | 'summary'>;

/** Some history that came, of which run of a chain, and the runs of the chain so far. */
export interface Followed {
  runId: string;
  runs: readonly string[];
  events: HistoryEvent[];
}

/** The newest run of a workflow id. */
export interface NewestRun {
  /** The event that started it. */
  first: HistoryEvent | undefined;
  /** Its whole history where that is one page, and no earlier run of a chain led to it; else null. */
  whole: HistoryEvent[] | null;
  /** The ids of the runs that led to it, the first one first; with what is known of them already, as far as it still holds. */
  before(known?: readonly string[]): Promise<string[]>;
  history(): AsyncGenerator<HistoryEvent[]>;
}

/** A page of a history: behind a token, of a size; with a signal it is waited for. */
interface PageRequest {
  workflowId: string;
  runId?: string;
  token?: Uint8Array | undefined;
  size?: number;
  signal?: AbortSignal;
  /** Of a page behind the first: whether all payloads of the run are sealed. */
  isSealed?: boolean | undefined;
}

/** Milliseconds after which an unanswered call is given up. */
const CALL_TIMEOUT = 5_000;

/** The same for a long poll, which the server answers empty after some twenty seconds. */
const LONG_POLL_TIMEOUT = 60_000;

/** Codes of gRPC that say that nobody answered: CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const UNREACHABLE: ReadonlySet<number> = new Set([1, 4, 8, 14]);
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

/** Longest reason that is sent, and longest name of who sends it, in UTF-16 units. */
const MAX_REASON = 4_000;
const MAX_IDENTITY = 200;

/** The type of a task queue. */
const ACTIVITIES = 2;

/** Events of a page of a history, unless fewer are asked for. */
const PAGE_EVENTS = 1_000;

const ALL_EVENTS = 1;
const CLOSE_EVENT = 2;

/** What seals payloads before Temporal gets them, and opens what Temporal answers. */
export interface PayloadCodec {
  dataConverter: NonNullable<ClientOptions['dataConverter']>;
  scheduleConverter: NonNullable<ClientOptions['dataConverter']>;
  seal(payload: Payload, workflowId: string): Payload;
  openAll<T>(answer: T, workflowId: string, sealed?: boolean): T;
}

type Payload = proto.temporal.api.common.v1.IPayload;

/** The one place that talks to Temporal's server. Every call throws `temporal_unavailable` when nobody answers. */
export type Temporal = ReturnType<typeof createTemporal>;

/** Makes the gateway over a connection, which may be lazy. */
export function createTemporal(connection: Connection, namespace: string, codec?: PayloadCodec) {
  const client = new Client({ connection, namespace, ...(codec && { dataConverter: codec.dataConverter }) });
  const { workflowService } = client;
  const open = <T>(answer: T, workflowId: string, sealed?: boolean): T =>
    codec === undefined ? answer : codec.openAll(answer, workflowId, sealed);
  const sealed = (value: unknown, workflowId: string): Payload => {
    const plain = defaultPayloadConverter.toPayload(value);
    return codec === undefined ? plain : codec.seal(plain, workflowId);
  };

  async function call<T>(work: () => Promise<T>, timeout = CALL_TIMEOUT): Promise<T> {
    try {
      return await connection.withDeadline(Date.now() + timeout, work);
    } catch (error) {
      if (isUnreachable(error)) {
        throw new AppError('temporal_unavailable', 'Temporal does not answer', { cause: error });
      }
      throw error;
    }
  }

  async function orNull<T>(work: () => Promise<T>, timeout = CALL_TIMEOUT): Promise<T | null> {
    try {
      return await call(work, timeout);
    } catch (error) {
      if (isGrpcServiceError(error) && error.code === NOT_FOUND) return null;
      throw error;
    }
  }

  /** A page of one run's history, of the newest one unless it is named; null when Temporal has none. */
  async function page({ workflowId, runId, token, size, signal, isSealed }: PageRequest) {
    const read = () =>
      workflowService.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId, ...(runId === undefined ? {} : { runId }) },
        historyEventFilterType: ALL_EVENTS,
        maximumPageSize: size ?? PAGE_EVENTS,
        ...(signal === undefined ? {} : { waitNewEvent: true }),
        ...(token === undefined ? {} : { nextPageToken: token }),
      });
    // The client never stops listening to a signal that it was given: it gets one of its own.
    const found =
      signal === undefined
        ? await orNull(read)
        : await orNull(() => connection.withAbortSignal(AbortSignal.any([signal]), read), LONG_POLL_TIMEOUT);
    if (found === null) return null;
    const next = found.nextPageToken.length > 0 ? found.nextPageToken : undefined;
    const events = withoutTransient(found.history?.events ?? []);
    if (token !== undefined) return { events: open(events, workflowId, isSealed), next, isSealed };
    const start = open(events.slice(0, 1), workflowId);
    const known = start.some(sealsAll);
    return { events: [...start, ...open(events.slice(1), workflowId, known)], next, isSealed: known };
  }

  /** All pages of one run's history; with a signal also what is still to come, until it is aborted. */
  async function* pagesOf(request: PageRequest): AsyncGenerator<HistoryEvent[]> {
    let { token, isSealed } = request;
    do {
      const found = await page({ ...request, token, isSealed });
      if (found === null) return;
      yield found.events;
      ({ next: token, isSealed } = found);
    } while (token !== undefined && !request.signal?.aborted);
  }

  /** The runs that led to one, by its first event, as far back as they are known or Temporal has them; the first one first. */
  async function chainBefore(
    workflowId: string,
    first: HistoryEvent | undefined,
    known: readonly string[] = [],
  ): Promise<string[]> {
    const runs: string[] = [];
    for (let event = first; event !== undefined; ) {
      const runId = event.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
      if (runId && known.includes(runId)) return [...known.slice(0, known.indexOf(runId) + 1), ...runs];
      const before = runId ? await page({ workflowId, runId, size: 1 }) : null;
      if (!runId || before === null) break;
      runs.unshift(runId);
      event = before.events[0];
    }
    return runs;
  }

  return {
    namespace,

    /** Starts a run; true unless a run with this id had been started before. */
    async start({ workflowId, input, run, memo, summary, delay }: StartRequest): Promise<boolean> {
      try {
        await call(() =>
          client.workflow.start(run.ref, {
            workflowId,
            taskQueue: OWN_TASK_QUEUE,
            args: [input, run],
            memo: { fermata: codec === undefined ? memo : { ...memo, sealed: true } },
            priority: { fairnessKey: memo.tenant },
            staticSummary: summary,
            ...(delay === 0 ? {} : { startDelay: delay * 1000 }),
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            workflowIdConflictPolicy: 'FAIL',
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
        throw error;
      }
    },

    /** Describes the newest run of a workflow id; null when Temporal has none. */
    async describe(workflowId: string): Promise<Described | null> {
      const found = await orNull(() =>
        workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }),
      );
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
    },

    /**
     * The whole history of a workflow id, run by run and page by page: of the newest run, or of a chain of runs that each
     * went on as the next, as far back as Temporal has them. Nothing when Temporal has none.
     */
    async *history(workflowId: string): AsyncGenerator<HistoryEvent[]> {
      const newest = await this.newestRun(workflowId);
      if (newest === null) return;
      for (const runId of await newest.before()) yield* pagesOf({ workflowId, runId });
      yield* newest.history();
    },

    /**
     * The newest run of a workflow id, or the one that is named: its history, page by page, and the runs of the chain before it,
     * the first one first, as far back as Temporal has them. Null when Temporal has none.
     */
    async newestRun(workflowId: string, runId?: string): Promise<NewestRun | null> {
      const run = runId === undefined ? { workflowId } : { workflowId, runId };
      const opening = await page(run);
      if (opening === null) return null;
      const [first] = opening.events;
      const alone = !first?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
      return {
        first,
        whole: alone && opening.next === undefined ? opening.events : null,
        before: (known) => chainBefore(workflowId, first, known),
        async *history() {
          yield opening.events;
          if (opening.next !== undefined) yield* pagesOf({ ...run, token: opening.next, isSealed: opening.isSealed });
        },
      };
    },

    /** The event that a run has begun with; null when Temporal has none. */
    async firstEvent({ workflowId, runId }: RunKey): Promise<HistoryEvent | null> {
      return (await page({ workflowId, runId, size: 1 }))?.events[0] ?? null;
    },

    /** The history of one run of a chain, page by page. Nothing when Temporal has none. */
    historyOf: (workflowId: string, runId: string): AsyncGenerator<HistoryEvent[]> => pagesOf({ workflowId, runId }),

    /** The close event of a run that has closed; null when there is none any more. Blocks on an open run. */
    async closeEvent(workflowId: string, runId: string): Promise<HistoryEvent | null> {
      const page = await orNull(() =>
        workflowService.getWorkflowExecutionHistory({
          namespace,
          execution: { workflowId, runId },
          historyEventFilterType: CLOSE_EVENT,
        }),
      );
      return open(page?.history?.events?.at(-1) ?? null, workflowId);
    },

    /** Waits until a run has closed, for some milliseconds at most. */
    async waitForClose(workflowId: string, milliseconds: number): Promise<void> {
      const deadline = Date.now() + milliseconds;
      let nextPageToken: Uint8Array | undefined;
      while (Date.now() < deadline) {
        const token = nextPageToken;
        const left = deadline - Date.now();
        const page = await call(
          () =>
            workflowService.getWorkflowExecutionHistory({
              namespace,
              execution: { workflowId },
              waitNewEvent: true,
              historyEventFilterType: CLOSE_EVENT,
              ...(token === undefined ? {} : { nextPageToken: token }),
            }),
          // The server answers empty about a second before the deadline of the call (temporal.md 7).
          left + 1_000,
        );
        const closing = page.history?.events?.at(-1);
        // One that went on as another is closed, and its chain is not.
        if (closing && !closing.workflowExecutionContinuedAsNewEventAttributes) return;
        nextPageToken = !closing && page.nextPageToken.length > 0 ? page.nextPageToken : undefined;
      }
    },

    /**
     * The history of a workflow id as `history` gives it, and what comes to it, until the run has closed or the signal is
     * aborted: one long poll at a time, from the first or from the newest run of a chain on. `runs` are the runs so far. Ends at
     * once when Temporal has none.
     */
    async *follow(
      workflowId: string,
      signal: AbortSignal,
      from: 'first' | 'newest' = 'first',
    ): AsyncGenerator<Followed> {
      const described = await this.describe(workflowId);
      const newest = described?.info.execution?.runId;
      if (!newest) return;
      const runs = [newest];
      if (from === 'first') {
        const opening = await page({ workflowId, runId: newest, size: 1 });
        runs.unshift(...(await chainBefore(workflowId, opening?.events[0])));
      }
      for (let at = 0; at < runs.length; at += 1) {
        const runId = runs[at]!;
        for await (const events of pagesOf({ workflowId, runId, signal })) {
          const next = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
          if (next && at === runs.length - 1) runs.push(next);
          yield { runId, runs, events };
        }
        if (signal.aborted) return;
      }
    },

    /** Asks a run to stop; Temporal takes it silently for a closed one, so look first. */
    async cancel(workflowId: string, reason: string, identity: string): Promise<void> {
      await orNull(() =>
        workflowService.requestCancelWorkflowExecution({
          namespace,
          workflowExecution: { workflowId },
          ...spoken(reason, identity),
        }),
      );
    },

    /** Sends a signal to an open run; false when it has closed. Those with one request id are one. */
    async signal(
      workflowId: string,
      {
        name,
        payload,
        identity,
        requestId,
      }: { name: string; payload: Json; identity: string; requestId?: string | undefined },
    ): Promise<boolean> {
      const input = { payloads: [sealed(payload, workflowId)] };
      const sent = await orNull(() =>
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

    /** Ends a run at once. */
    async terminate(workflowId: string, reason: string, identity: string): Promise<void> {
      await orNull(() =>
        workflowService.terminateWorkflowExecution({
          namespace,
          workflowExecution: { workflowId },
          ...spoken(reason, identity),
        }),
      );
    },

    /** Ends one run of a workflow id at once, with details of how it closes; nothing when it has closed. */
    async terminateRun({ workflowId, runId }: RunKey, reason: string, details: ClosingDetails): Promise<void> {
      await orNull(() =>
        workflowService.terminateWorkflowExecution({
          namespace,
          workflowExecution: { workflowId, runId },
          reason,
          identity: 'fermata',
          details: { payloads: [sealed(details, workflowId)] },
        }),
      );
    },

    /** Deletes all that Temporal has of a workflow id: each run of the chain, and those that were reset; nothing when it has nothing. */
    async remove(workflowId: string): Promise<void> {
      const newest = (await this.describe(workflowId))?.info.execution?.runId;
      const before = (await (await this.newestRun(workflowId))?.before()) ?? [];
      const runs = new Set(newest ? [...before, newest] : before);
      for await (const page of this.list(`WorkflowId = "${workflowId}"`)) {
        for (const { execution } of page) if (execution?.runId) runs.add(execution.runId);
      }
      // Asked for twice, a deletion takes Temporal longer.
      for (const runId of runs) {
        const workflowExecution = { workflowId, runId };
        await orNull(() => workflowService.deleteWorkflowExecution({ namespace, workflowExecution }));
      }
    },

    /** All runs that a visibility query finds, page by page. */
    async *list(query: string): AsyncGenerator<RunInfo[]> {
      let nextPageToken: Uint8Array | undefined;
      do {
        const token = nextPageToken;
        const page = await call(() =>
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
    },

    /**
     * Changes a pending activity of the newest run of a workflow id; nothing when it has ended. False when the server is too old for
     * that.
     */
    async changeActivity(workflowId: string, activityId: string, step: HoldStep): Promise<boolean> {
      try {
        await orNull<unknown>(() => changeActivity(workflowService, { namespace, workflowId, activityId }, step));
        return true;
      } catch (error) {
        if (isGrpcServiceError(error) && error.code === UNIMPLEMENTED) return false;
        throw error;
      }
    },

    /** Completes a pending activity of the newest run of a workflow id in place of a worker; nothing when it has ended. */
    async completeActivity(workflowId: string, activityId: string, output: Json): Promise<void> {
      const result = { payloads: [sealed(output, workflowId)] };
      const place = { namespace, workflowId, activityId, identity: HOLDER };
      await orNull<unknown>(() => workflowService.respondActivityTaskCompletedById({ ...place, result }));
    },

    /** Counts the workers that poll a task queue for activities, or have within the last minutes. */
    async pollers(taskQueue: string): Promise<number> {
      const found = await call(() =>
        workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: ACTIVITIES }),
      );
      return found.pollers.length;
    },

    /** Throws `temporal_unavailable` unless the server answers. */
    async ping(): Promise<void> {
      await call(() => workflowService.describeNamespace({ namespace }));
    },
  };
}

/** Whether a run has begun with the promise that all its payloads are sealed; `start` is its first event, opened. */
function sealsAll({ workflowExecutionStartedEventAttributes: started }: HistoryEvent): boolean {
  const memo = decodePayload(started?.memo?.fields?.fermata);
  return isJsonObject(memo) && memo.sealed === true;
}

/**
 * Leaves out the workflow task at the end that has failed or timed out before: the server shows it without having written it, and
 * gives its event ids to whatever is written next.
 */
function withoutTransient(events: HistoryEvent[]): HistoryEvent[] {
  const end = events.at(-1)?.workflowTaskStartedEventAttributes ? -2 : -1;
  const attempt = events.at(end)?.workflowTaskScheduledEventAttributes?.attempt ?? 1;
  return attempt > 1 ? events.slice(0, end) : events;
}

/** Makes the words of a request such that Temporal can take them. */
function spoken(reason: string, identity: string): { reason: string; identity: string } {
  return { reason: boundedText(reason, MAX_REASON), identity: boundedText(identity, MAX_IDENTITY) };
}

/** Whether an error of a call says that nobody answered. */
export function isUnreachable(error: unknown): boolean {
  const cause = isGrpcServiceError(error) ? error : (error as { cause?: unknown }).cause;
  return isGrpcServiceError(cause) && UNREACHABLE.has(cause.code);
}

/** Temporal's own name of a history event: `WorkflowExecutionStarted`. */
export function eventName(event: HistoryEvent): string {
  const name = proto.temporal.api.enums.v1.EventType[event.eventType ?? 0] ?? 'EVENT_TYPE_UNSPECIFIED';
  const words = name.slice('EVENT_TYPE_'.length).split('_');
  return words.map((word) => word[0]! + word.slice(1).toLowerCase()).join('');
}
