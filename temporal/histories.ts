import type { Client, Connection } from '@temporalio/client';
import { isJsonObject } from '../model/json.ts';
import type { RunKey } from '../model/run-key.ts';
import { createSignalScope } from '../model/signals.ts';
import type { HistoryEvent } from '../projection/history.ts';
import { decodePayload } from '../projection/payload.ts';
import type { Calls } from './calls.ts';

/** The newest run of a workflow id. */
export interface NewestRun {
  /** The event that started it. */
  first: HistoryEvent | undefined;
  /** Its whole history, if that fits on one page and no other run continued as this one; else null. */
  whole: HistoryEvent[] | null;
  /**
   * Returns the ids of the runs of its chain before it, the first run first. `known` are ids that were found earlier and save calls; no
   * more than the latest `most` are looked for, each with a call.
   */
  before(known?: readonly string[], most?: number): Promise<string[]>;
  /** Reads its history page by page. */
  history(): AsyncGenerator<HistoryEvent[]>;
}

/** New history of a chain: the run that it belongs to, and the runs of the chain so far. */
export interface Followed {
  runId: string;
  runs: readonly string[];
  events: HistoryEvent[];
}

/** Reads histories. A chain is read as far back as Temporal still has its runs. */
export interface HistoryGateway {
  /** Reads the histories of all runs of a workflow id's chain, page by page; nothing when Temporal has none. */
  history(workflowId: string): AsyncGenerator<HistoryEvent[]>;
  /** Reads the history of one run of a chain, page by page; nothing when Temporal does not have it. */
  historyOf(workflowId: string, runId: string): AsyncGenerator<HistoryEvent[]>;
  /** Reads the events of a run after the one with an id, in order; nothing when Temporal does not have the run. */
  historyAfter(workflowId: string, runId: string, eventId: number): AsyncGenerator<HistoryEvent[]>;
  /** Finds the newest run of a workflow id, or the run with an id; null when Temporal does not have it. */
  newestRun(workflowId: string, runId?: string): Promise<NewestRun | null>;
  /** Reads the event that started a run; null when Temporal does not have the run. */
  firstEvent(run: RunKey): Promise<HistoryEvent | null>;
  /** Reads the event that closed a run; null when Temporal no longer has it. Waits on an open run: use it for closed ones only. */
  closeEvent(workflowId: string, runId: string): Promise<HistoryEvent | null>;
  /**
   * Reads the history of a run as it comes, page by page, until the run has closed, which its last page says, or some milliseconds have
   * passed; nothing when Temporal does not have the run.
   */
  historyUntilClosed(run: RunKey, milliseconds: number): AsyncGenerator<{ events: HistoryEvent[]; isClosed: boolean }>;
  /** Waits until the chain of a workflow id has closed, for some milliseconds at most. Returns whether it has, or Temporal no longer has it. */
  waitForClose(workflowId: string, milliseconds: number): Promise<boolean>;
  /**
   * Reads the history of a chain from its first or its newest run on, and then waits for more by long polls, until the chain has closed
   * or the signal is aborted. Ends at once when Temporal does not have the workflow id.
   */
  follow(workflowId: string, signal: AbortSignal, from?: 'first' | 'newest'): AsyncGenerator<Followed>;
}

/** The dependencies of reading histories. */
export interface HistoryDependencies {
  connection: Pick<Connection, 'withAbortSignal'>;
  client: Pick<Client, 'workflowService'>;
  namespace: string;
  calls: Calls;
  /** Decrypts the payloads of an answer; `sealed` says whether all of them are encrypted, if that is known. */
  open: <T>(answer: T, workflowId: string, sealed?: boolean) => T;
  /** Returns the id of the newest run of a workflow id. */
  newestRunId: (workflowId: string) => Promise<string | undefined>;
}

/** A page of a history. */
interface PageRequest {
  workflowId: string;
  /** Absent: the newest run. */
  runId?: string;
  /** Absent: the first page. */
  token?: Uint8Array | undefined;
  /** The most events of the page. */
  size?: number;
  /** Makes the call a long poll that this signal ends. */
  signal?: AbortSignal;
  /** Makes the call a long poll of so many milliseconds, which ends without events then. */
  wait?: number;
  /** Whether all payloads of the run are encrypted, as its first page has shown. */
  isSealed?: boolean | undefined;
}

/** Milliseconds for a long poll, which the server ends without events after about twenty seconds. */
const LONG_POLL_TIMEOUT = 60_000;

/** The server ends a long poll about so many milliseconds before the deadline of the call. */
const POLL_MARGIN = 1_000;

/** The most events of a page, unless a request asks for fewer. */
const PAGE_EVENTS = 1_000;

/** The most pages that are read from the end of a history to find what is new in it. */
const MAX_NEW_PAGES = 5;

/** Temporal's HistoryEventFilterType. */
const ALL_EVENTS = 1;
const CLOSE_EVENT = 2;

/** Creates the part of the gateway that reads histories. */
export function createHistoryGateway(dependencies: HistoryDependencies): HistoryGateway {
  const { connection, client, namespace, calls, open, newestRunId } = dependencies;
  const { workflowService } = client;

  /** Makes a long poll, which ends when a signal is aborted; null when Temporal does not have the run. */
  async function poll<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
    const scope = createSignalScope();
    // The client never removes its listener from a signal, so each call gets its own.
    const own = scope.eitherOf([signal]);
    try {
      return await calls.callOrNull(() => connection.withAbortSignal(own, read), LONG_POLL_TIMEOUT);
    } finally {
      scope.end();
    }
  }

  /** Reads a page of the history of a run; null when Temporal does not have the run. */
  async function readPage({ workflowId, runId, token, size, signal, wait, isSealed }: PageRequest) {
    const read = () =>
      workflowService.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId, ...(runId === undefined ? {} : { runId }) },
        historyEventFilterType: ALL_EVENTS,
        maximumPageSize: size ?? PAGE_EVENTS,
        ...(signal === undefined && wait === undefined ? {} : { waitNewEvent: true }),
        ...(token === undefined ? {} : { nextPageToken: token }),
      });
    const timeout = wait === undefined ? undefined : wait + POLL_MARGIN;
    const found = await (signal === undefined ? calls.callOrNull(read, timeout) : poll(read, signal));
    if (found === null) return null;
    const next = found.nextPageToken.length > 0 ? found.nextPageToken : undefined;
    const events = withoutTransient(found.history?.events ?? []);
    if (token !== undefined) return { events: open(events, workflowId, isSealed), next, isSealed };
    const start = open(events.slice(0, 1), workflowId);
    const sealed = start.some(sealsAll);
    return { events: [...start, ...open(events.slice(1), workflowId, sealed)], next, isSealed: sealed };
  }

  /** Reads the pages of a run's history; with a signal also those that are still to come, until it is aborted. */
  async function* readPages(request: PageRequest): AsyncGenerator<HistoryEvent[]> {
    let { token, isSealed } = request;
    do {
      const page = await readPage({ ...request, token, isSealed });
      if (page === null) return;
      yield page.events;
      ({ next: token, isSealed } = page);
    } while (token !== undefined && !request.signal?.aborted);
  }

  /** Reads a run from its end back to an event, and returns the pages after that in order; null when they are too many, or it is gone. */
  async function readBackTo(eventId: number, workflowId: string, runId: string): Promise<HistoryEvent[][] | null> {
    const opening = await readPage({ workflowId, runId, size: 1 });
    if (opening === null) return null;
    const pages: HistoryEvent[][] = [];
    let token: Uint8Array | undefined;
    while (pages.length < MAX_NEW_PAGES) {
      const found = await calls.callOrNull(() =>
        workflowService.getWorkflowExecutionHistoryReverse({
          namespace,
          execution: { workflowId, runId },
          maximumPageSize: PAGE_EVENTS,
          ...(token === undefined ? {} : { nextPageToken: token }),
        }),
      );
      if (found === null) return null;
      const events = (found.history?.events ?? []).reverse();
      const fresh = events.filter((event) => Number(event.eventId) > eventId);
      pages.unshift(open(token === undefined ? withoutTransient(fresh) : fresh, workflowId, opening.isSealed));
      if (fresh.length < events.length) return pages;
      if (found.nextPageToken.length === 0) return pages;
      token = found.nextPageToken;
    }
    return null;
  }

  /** Finds the runs of a chain before the run with a first event, or the latest of them, the first run first. */
  async function findChainBefore(
    workflowId: string,
    first: HistoryEvent | undefined,
    known: readonly string[] = [],
    most = Number.POSITIVE_INFINITY,
  ): Promise<string[]> {
    const runs: string[] = [];
    for (let event = first; event !== undefined && runs.length < most; ) {
      const runId = event.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
      if (runId && known.includes(runId)) return [...known.slice(0, known.indexOf(runId) + 1), ...runs];
      const page = runId ? await readPage({ workflowId, runId, size: 1 }) : null;
      if (!runId || page === null) break;
      runs.unshift(runId);
      event = page.events[0];
    }
    return runs;
  }

  async function newestRun(workflowId: string, runId?: string): Promise<NewestRun | null> {
    const run = runId === undefined ? { workflowId } : { workflowId, runId };
    const opening = await readPage(run);
    if (opening === null) return null;
    const [first] = opening.events;
    const isAlone = !first?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    return {
      first,
      whole: isAlone && opening.next === undefined ? opening.events : null,
      before: (known, most) => findChainBefore(workflowId, first, known, most),
      async *history() {
        yield opening.events;
        if (opening.next !== undefined) yield* readPages({ ...run, token: opening.next, isSealed: opening.isSealed });
      },
    };
  }

  /** Returns the runs to follow at first: the newest run, or the whole chain. */
  async function runsToFollow(workflowId: string, from: 'first' | 'newest'): Promise<string[]> {
    const newest = await newestRunId(workflowId);
    if (!newest) return [];
    if (from === 'newest') return [newest];
    const opening = await readPage({ workflowId, runId: newest, size: 1 });
    return [...(await findChainBefore(workflowId, opening?.events[0])), newest];
  }

  return {
    newestRun,

    async *history(workflowId) {
      const newest = await newestRun(workflowId);
      if (newest === null) return;
      for (const runId of await newest.before()) yield* readPages({ workflowId, runId });
      yield* newest.history();
    },

    historyOf: (workflowId, runId) => readPages({ workflowId, runId }),

    async *historyAfter(workflowId, runId, eventId) {
      if (eventId === 0) return yield* readPages({ workflowId, runId });
      const news = await readBackTo(eventId, workflowId, runId);
      if (news !== null) return yield* news;
      for await (const events of readPages({ workflowId, runId })) {
        yield events.filter((event) => Number(event.eventId) > eventId);
      }
    },

    async firstEvent({ workflowId, runId }) {
      return (await readPage({ workflowId, runId, size: 1 }))?.events[0] ?? null;
    },

    async closeEvent(workflowId, runId) {
      const page = await calls.callOrNull(() =>
        workflowService.getWorkflowExecutionHistory({
          namespace,
          execution: { workflowId, runId },
          historyEventFilterType: CLOSE_EVENT,
        }),
      );
      return open(page?.history?.events?.at(-1) ?? null, workflowId);
    },

    async *historyUntilClosed({ workflowId, runId }, milliseconds) {
      const deadline = Date.now() + milliseconds;
      let request: PageRequest = { workflowId, runId };
      for (let left = milliseconds; left > 0; left = deadline - Date.now()) {
        const page = await readPage({ ...request, wait: left });
        if (page === null) return;
        const { events, next: token, isSealed } = page;
        const isClosed = token === undefined;
        yield { events, isClosed };
        if (isClosed) return;
        request = { workflowId, runId, token, isSealed };
      }
    },

    async waitForClose(workflowId, milliseconds) {
      const deadline = Date.now() + milliseconds;
      let nextPageToken: Uint8Array | undefined;
      while (Date.now() < deadline) {
        const token = nextPageToken;
        const left = deadline - Date.now();
        const page = await calls.callOrNull(
          () =>
            workflowService.getWorkflowExecutionHistory({
              namespace,
              execution: { workflowId },
              waitNewEvent: true,
              historyEventFilterType: CLOSE_EVENT,
              ...(token === undefined ? {} : { nextPageToken: token }),
            }),
          left + POLL_MARGIN,
        );
        if (page === null) return true;
        const closing = page.history?.events?.at(-1);
        // A run that continued as new is closed, its chain is not.
        if (closing && !closing.workflowExecutionContinuedAsNewEventAttributes) return true;
        nextPageToken = !closing && page.nextPageToken.length > 0 ? page.nextPageToken : undefined;
      }
      return false;
    },

    async *follow(workflowId, signal, from = 'first') {
      const runs = await runsToFollow(workflowId, from);
      for (let at = 0; at < runs.length; at += 1) {
        const runId = runs[at]!;
        for await (const events of readPages({ workflowId, runId, signal })) {
          const next = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
          if (next && at === runs.length - 1) runs.push(next);
          yield { runId, runs, events };
        }
        if (signal.aborted) return;
      }
    },
  };
}

/** Reports whether the first event of a run, decrypted, says that all payloads of the run are encrypted. */
function sealsAll({ workflowExecutionStartedEventAttributes: started }: HistoryEvent): boolean {
  const memo = decodePayload(started?.memo?.fields?.fermata);
  return isJsonObject(memo) && memo.sealed === true;
}

/**
 * Leaves out a workflow task at the end that failed or timed out before: the server shows it without having written it, and reuses its
 * event ids.
 */
function withoutTransient(events: HistoryEvent[]): HistoryEvent[] {
  const end = events.at(-1)?.workflowTaskStartedEventAttributes ? -2 : -1;
  const attempt = events.at(end)?.workflowTaskScheduledEventAttributes?.attempt ?? 1;
  return attempt > 1 ? events.slice(0, end) : events;
}
