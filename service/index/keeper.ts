import type { IndexEntry } from '../../model/index-entry.ts';
import type { Logger } from '../../model/log.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import { memoOf } from '../../projection/project.ts';
import type { ExecutionStore, IndexRow } from '../../store/executions/executions.ts';
import type { Described, RunInfo, Temporal } from '../../temporal/gateway.ts';
import { keepGoing, mapConcurrently } from '../loops.ts';
import { isOutage } from '../outages.ts';
import {
  closedEntry,
  entryOf,
  goneEntry,
  isClosedRun,
  openEntry,
  RUNNING,
  timesOf,
} from '../projections/index-entries.ts';
import { type MaskedExecution, maskExecution } from '../projections/masks.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { createSetAside } from './set-aside.ts';

/** How often visibility is asked, in milliseconds. */
const INTERVAL = 500;

/** How far each ask reaches back: visibility may show a run a little late, and once a minute much later. */
const SHORT_OVERLAP = 10_000;
const LONG_OVERLAP = 600_000;
const LONG_EVERY = 60_000;

/** Open rows are looked at again after this time, in milliseconds; rows that Temporal never got are dropped then. */
const SWEEP_AFTER = 60_000;
const SWEEP_LIMIT = 50;

/** Runs that were set aside and are tried again in one round. */
const ASIDE_LIMIT = 50;

/** Rows that a rebuild looks at one by one, at a time. */
const REBUILD_PAGE = 500;

/** Calls to Temporal at the same time. */
const CONCURRENCY = 8;

/** Hears of an open run that was described; with its status in the index, and that of the run above it where the index has one. */
export type DescribedListener = (
  row: { workflowId: string; status: ExecutionStatus; above: ExecutionStatus | null },
  described: Described,
) => Promise<void>;

/** Keeps the execution index. */
export interface IndexKeeper {
  /** One round: news, then the sweep. */
  tick(): Promise<void>;
  /** Asks for the whole index to be made again, by whichever keeper comes to it first; gives the rebuild's number. */
  askRebuild(): Promise<number>;
  /** Milliseconds since the last look began that is in the index; null before the first. */
  lag(): number | null;
  /** Milliseconds for which no round has succeeded; null while rounds succeed. */
  standing(): number | null;
  /** Runs that were set aside. */
  setAside(): number;
  /** The rebuild that was asked for last, and the last one that was done. */
  rebuilds(): Promise<{ generation: number; rebuilt: number }>;
  /** Keeps going until the signal is aborted; trouble is logged once and tried again. */
  run(signal: AbortSignal): Promise<void>;
}

/** The dependencies of the service. */
export interface IndexKeeperDependencies {
  temporal: Temporal;
  projections: ProjectionReader;
  store: ExecutionStore;
  log: Logger;
  /** Returns the time in milliseconds. */
  clock: () => number;
  onRead?: (n: number, execution: MaskedExecution) => Promise<void>;
  onDescribed?: DescribedListener;
}

/**
 * Keeps the index equal to Temporal: asks visibility for starts and closings since its watermark, reads close events,
 * and looks at open rows in turn (design/index.md). Any number of keepers may run at once. `clock` gives milliseconds,
 * `onRead` hears of each run whose whole history was read, `onDescribed` of each open one that is looked at in turn.
 */
export function createIndexKeeper({
  temporal,
  projections,
  store,
  log,
  clock,
  onRead = async () => undefined,
  onDescribed = async () => undefined,
}: IndexKeeperDependencies): IndexKeeper {
  const { namespace } = temporal;
  const aside = createSetAside(clock, log, 'a run cannot be brought into the execution index; the others go on');
  let lastLong = 0;
  let current: number | null = null;
  let standing: number | null = null;

  async function entryFor(info: RunInfo): Promise<IndexEntry | null> {
    const { workflowId, runId } = info.execution ?? {};
    if (!workflowId || !runId) return null;
    const memo = memoOf(info.memo);
    // What is true of a run that went on as another tells the newest of the chain.
    if (info.status === RUNNING && asksPeople(memo)) return wholeEntryFor(info);
    if (!isClosedRun(info)) return openEntry(namespace, info);
    if (memo?.hides) {
      // What its close event says must be masked, and only its whole history tells how.
      const projected = await projections.read(workflowId);
      return projected === null
        ? null
        : entryOf(namespace, maskExecution(projected.execution, projected.above).execution, runId);
    }
    const event = await temporal.closeEvent(workflowId, runId);
    return event === null ? null : closedEntry(namespace, info, event);
  }

  /** The same, for a row that may be wrong in anything: what describe and visibility cannot tell of an open run is read. */
  async function wholeEntryFor(info: RunInfo): Promise<IndexEntry | null> {
    const { workflowId, runId } = info.execution ?? {};
    if (!workflowId || !runId || info.status !== RUNNING) return entryFor(info);
    const projected = await projections.read(workflowId);
    if (projected === null) return null;
    const { execution } = maskExecution(projected.execution, projected.above);
    const entry = entryOf(namespace, execution, runId);
    await onRead(entry.n, execution);
    return entry;
  }

  /** The entries of some runs; one that cannot be read is set aside. */
  async function entriesFor(infos: readonly RunInfo[], make: typeof entryFor): Promise<IndexEntry[]> {
    const entries = await mapConcurrently(infos, CONCURRENCY, async (info) => {
      try {
        return await make(info);
      } catch (error) {
        if (isOutage(error)) throw error;
        aside.put(info.execution?.workflowId ?? '', error);
        return null;
      }
    });
    return entries.filter((entry) => entry !== null);
  }

  /** Writes entries; one that the database refuses is set aside. */
  async function write(entries: readonly IndexEntry[]): Promise<void> {
    const refused = await store.write(entries);
    for (const { entry, error } of refused) aside.put(entry.workflowId, error);
  }

  /** Writes the entry of one run. Throws what the database refuses it for. */
  async function writeOne(entry: IndexEntry): Promise<void> {
    const [refused] = await store.write([entry]);
    if (refused !== undefined) throw refused.error;
  }

  /** Brings the row of a run that Temporal does not have up to date. */
  async function settleMissing(row: IndexRow): Promise<void> {
    // Until Temporal has seen it, it is a claim whose start has failed; with an idempotency key, a later try claims it again.
    if (row.versionRun === '') await store.drop(row);
    else if (row.versionClosed === 0) await writeOne(goneEntry(row, new Date(clock())));
  }

  /** Tries again what was set aside. */
  async function retryAside(): Promise<void> {
    await mapConcurrently(aside.due().slice(0, ASIDE_LIMIT), CONCURRENCY, (workflowId) =>
      aside.attempt(workflowId, async () => {
        const described = await temporal.describe(workflowId);
        const entry = described === null ? null : await wholeEntryFor(described.info);
        if (entry !== null) await writeOne(entry);
      }),
    );
  }

  /** Makes the whole index again, while it serves (design/index.md, 7). */
  async function rebuild(generation: number): Promise<void> {
    for await (const page of temporal.list('')) {
      await write(await entriesFor(page, wholeEntryFor));
      const ids = page.map(({ execution }) => execution?.workflowId ?? '');
      await store.seen(namespace, ids, generation);
    }
    for (let n = -1; ; ) {
      const rows = await store.unseen(namespace, generation, { n, limit: REBUILD_PAGE });
      const last = rows.at(-1);
      if (last === undefined) break;
      n = last.n;
      await mapConcurrently(rows, CONCURRENCY, (row) =>
        aside.attempt(row.workflowId, async () => {
          const described = await temporal.describe(row.workflowId);
          const entry = described === null ? null : await wholeEntryFor(described.info);
          if (entry !== null) await writeOne(entry);
          else if (row.versionClosed === 0) await settleMissing(row);
          else await store.drop(row);
        }),
      );
    }
    await store.endRebuild(namespace, generation);
  }

  async function readNews(now: number): Promise<void> {
    const mark = await store.watermark(namespace);
    const long = mark === null || now - lastLong > LONG_EVERY;
    const overlap = long ? LONG_OVERLAP : SHORT_OVERLAP;
    const since = (time: Date) => new Date(time.getTime() - overlap).toISOString();
    const queries =
      mark === null ? [''] : [`StartTime >= "${since(mark.started)}"`, `CloseTime >= "${since(mark.closed)}"`];
    let started = mark?.started.getTime() ?? 0;
    let closed = mark?.closed.getTime() ?? 0;
    for (const query of queries) {
      for await (const page of temporal.list(query)) {
        const ids = page.map((info) => info.execution?.workflowId ?? '');
        const known = await store.known(namespace, ids);
        // What the index has seen of a run already need not be read again.
        const news = page.filter((info) => {
          const before = known.get(info.execution?.runId ?? '');
          if (aside.has(info.execution?.workflowId ?? '')) return false;
          return before === undefined || (isClosedRun(info) && !before);
        });
        await write(await entriesFor(news, entryFor));
        for (const info of page) {
          const times = timesOf(info);
          started = Math.max(started, times.started);
          closed = Math.max(closed, times.closed);
        }
      }
    }
    // Only now is everything up to these times in the index.
    await store.write([], { namespace, started: new Date(started), closed: new Date(closed) });
    if (long) lastLong = now;
  }

  async function look(row: IndexRow, above: ExecutionStatus | null): Promise<void> {
    const described = await temporal.describe(row.workflowId);
    if (described === null) return settleMissing(row);
    await onDescribed({ workflowId: row.workflowId, status: row.status, above }, described);
    const { info, cancelRequested } = described;
    const known = isClosedRun(info) || asksPeople(row);
    const entry = known ? await entryFor(info) : openEntry(namespace, info, cancelRequested);
    if (entry === null) return;
    // That a run waits is told by its worker alone; describe does not know.
    const waits = entry.status === 'running' && (row.status === 'waiting' || row.status === 'paused');
    await writeOne(waits ? { ...entry, status: row.status } : entry);
  }

  async function sweep(now: number): Promise<void> {
    const rows = await store.due(namespace, new Date(now - SWEEP_AFTER), SWEEP_LIMIT);
    const above = await store.statusesAbove(rows);
    await mapConcurrently(rows, CONCURRENCY, (row) =>
      aside.attempt(row.workflowId, () => look(row, above.get(row.n) ?? null)),
    );
    await store.looked(rows, new Date(now));
    await store.forgetBuried(new Date(now));
  }

  return {
    async tick() {
      const now = clock();
      try {
        await readNews(now);
      } catch (error) {
        standing ??= now;
        throw error;
      }
      current = now;
      standing = null;
      await retryAside();
      await sweep(now);
      const { generation, rebuilt } = await store.rebuilds(namespace);
      if (generation > rebuilt) {
        log.info({ generation }, 'making the execution index again');
        await rebuild(generation);
        log.info({ generation }, 'the execution index is made again');
      }
    },

    askRebuild: () => store.askRebuild(namespace),

    lag: () => (current === null ? null : clock() - current),

    standing: () => (standing === null ? null : clock() - standing),

    setAside: () => aside.size,

    rebuilds: () => store.rebuilds(namespace),

    run(signal) {
      const trouble = 'the execution index cannot be kept up to date';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: 4 * INTERVAL, log, trouble });
    },
  };
}

/** Whether a run may ask people, so that what its worker says of that must not be lost. */
function asksPeople(run: { actions: readonly string[] } | null): boolean {
  return run?.actions.includes('core.inquiry') ?? false;
}
