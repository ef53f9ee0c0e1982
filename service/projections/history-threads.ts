import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../../model/app-error.ts';
import type { JobPool, RunJob } from '../../model/job-pool.ts';
import { readAhead, readInTurn } from '../../model/read-ahead.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import type { MomentOf } from '../../projection/moment.ts';
import { readMemo } from '../../projection/runs/memo.ts';
import type { Described, Temporal } from '../../temporal/gateway.ts';
import type { NewestRun } from '../../temporal/histories.ts';
import { copyHistory, type HistoryCopy } from './history-copies.ts';
import type { KnownHistory, ProjectionJobs } from './jobs.ts';

/** The most events of a chain that are projected, and the most bytes of their payloads. */
const MAX_EVENTS = 60_000;
const MAX_BYTES = 100 * 1024 * 1024;

/** The most events that are copied for a thread in one turn of the event loop. */
const EVENTS_A_TURN = 250;

/** The most pages of a run, and of the one after it in its chain, that are read before a thread has taken those before them. */
const PAGES_AHEAD = 3;

/** The newest run of a workflow id, as it was described. */
export interface FoundRun {
  workflowId: string;
  runId: string;
  described: Described;
  /** Reads the beginning of its history, once; null when Temporal no longer has it. */
  newest: () => Promise<NewestRun | null>;
}

/** Asks about a history that is open in a thread. */
export type Question<T> = (run: RunJob<ProjectionJobs>) => Promise<T | null>;

/** The threads that project histories and keep the projections. */
export interface HistoryThreads {
  /**
   * Projects the chain of a run up to an event, or as far as it goes, in the thread that keeps its earlier part, and asks that thread a
   * question. Null when Temporal no longer has the run. Throws `busy`, and `work_exceeded` for a chain that is too long.
   */
  ask<T>(found: FoundRun, until: MomentOf | null, question: Question<T>): Promise<T | null>;
}

/** A page of the history of a run. */
interface News {
  runId: string;
  events: HistoryEvent[];
}

/** The dependencies of the threads. */
export interface HistoryThreadsDependencies {
  temporal: Temporal;
  pool: JobPool<ProjectionJobs>;
}

/** Creates the access to the threads. */
export function createHistoryThreads({ temporal, pool }: HistoryThreadsDependencies): HistoryThreads {
  /** Finds the runs of a chain as it is now, and what a thread knows of them; null when Temporal no longer has the newest one. */
  async function compare(run: RunJob<ProjectionJobs>, { workflowId, runId, newest }: FoundRun, until: MomentOf | null) {
    const known = await run('open_history', { workflowId, until, fresh: false });
    if (known.runs.at(-1) === runId) return { known, chain: known.runs };
    const before = await (await newest())?.before(known.runs);
    if (before === undefined) return null;
    const chain = [...before, runId];
    if (known.runs.every((each, index) => each === chain[index])) return { known, chain };
    // A run that was reset has another history than the kept one.
    return { known: await run('open_history', { workflowId, until, fresh: true }), chain };
  }

  /** Reads a chain after what is known of it. Temporal sends pages of a run only one after another, but those of the next run meanwhile. */
  function readOn(found: FoundRun, { known, chain }: { known: KnownHistory; chain: readonly string[] }) {
    const runs = chain.slice(Math.max(0, known.runs.length - 1));
    return readInTurn(
      runs.map((runId) => readRun(found, runId, runId === known.runs.at(-1) ? known.lastEventId : 0)),
      PAGES_AHEAD,
    );
  }

  /** Reads a run of a chain after an event. */
  async function* readRun(
    { workflowId, runId: last, newest }: FoundRun,
    runId: string,
    after: number,
  ): AsyncGenerator<News> {
    const beginning = after === 0 && runId === last ? await newest() : null;
    const pages = beginning?.history() ?? temporal.historyAfter(workflowId, runId, after);
    for await (const events of pages) yield { runId, events };
  }

  /** Gives a thread what it does not know of a chain. Throws `work_exceeded` when the chain is too long to be projected. */
  async function giveNews(
    run: RunJob<ProjectionJobs>,
    news: AsyncIterable<News>,
    { taken, until }: { taken: number; until: number | null },
  ): Promise<void> {
    let count = taken;
    let bytes = 0;
    // While the thread projects a part, the next one is copied.
    for await (const { runId, copy } of readAhead(copyParts(news))) {
      count += copy.events.length;
      bytes += copy.bytes;
      if (count > MAX_EVENTS || bytes > MAX_BYTES) throw tooLong();
      await run('take_history', { ...copy, runId });
      if (until !== null && count > until) return;
    }
  }

  return {
    ask(found, until, question) {
      const { info } = found.described;
      const tenant = readMemo(info.memo)?.tenant ?? '';
      return pool.runInThread(tenant, found.workflowId, async (run) => {
        const compared = await compare(run, found, until);
        if (compared === null) return null;
        const { known, chain } = compared;
        const isWhole = known.runs.at(-1) === found.runId && known.lastEventId >= Number(info.historyLength);
        const last = until?.event ?? null;
        if (!isWhole) await giveNews(run, readOn(found, { known, chain }), { taken: known.taken, until: last });
        return question(run);
      });
    },
  };
}

/** Copies pages for a thread, in parts that hold the event loop briefly. */
async function* copyParts(pages: AsyncIterable<News>): AsyncGenerator<{ runId: string; copy: HistoryCopy }> {
  for await (const { runId, events } of pages) {
    for (let at = 0; at < events.length; at += EVENTS_A_TURN) {
      // Reading a page has held the event loop already: copying a part of it is another turn.
      await nextTurn();
      yield { runId, copy: copyHistory(events.slice(at, at + EVENTS_A_TURN)) };
    }
  }
}

function tooLong(): AppError {
  return new AppError('work_exceeded', 'the history of the execution is too long to be read');
}
