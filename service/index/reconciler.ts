import type { IndexEntry } from '../../model/index-entry.ts';
import type { Logger } from '../../model/log.ts';
import { type ExecutionStatus, isHeldUp } from '../../model/status.ts';
import { readMemo } from '../../projection/runs/memo.ts';
import type { IndexRow } from '../../store/executions/execution-rows.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { Described, RunInfo, Temporal } from '../../temporal/gateway.ts';
import { isClosedRun, RUNNING } from '../../temporal/run-info.ts';
import type { Bell } from '../background/bell.ts';
import { keepGoing, mapConcurrently } from '../background/loops.ts';
import { isOutage } from '../background/outages.ts';
import { createSetAside } from '../background/set-aside.ts';
import { type MaskedExecution, maskExecution } from '../projections/masks.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { buildEntry, closedEntry, goneEntry, openEntry } from './entries.ts';
import { createVisibilityNews } from './visibility-news.ts';

/** Milliseconds between two rounds: of reading visibility while something happens, and while nothing does; of sweeps; and after an error. */
const INTERVAL = 500;
const LONGEST = 1_000;
const SWEEP_EVERY = 5_000;
const PAUSE = 2_000;

/** Milliseconds after which the sweep looks at an open row again, or drops a row that Temporal never received; and rows of one sweep. */
const SWEEP_AFTER = 60_000;
const SWEEP_LIMIT = 50;

/** The most runs set aside that one round tries again. */
const ASIDE_LIMIT = 50;

/** Rows without a run that a rebuild reads at a time. */
const REBUILD_PAGE = 500;

/** Concurrent calls to Temporal. */
const CONCURRENCY = 8;

/**
 * Called with each open run that the sweep has described: its status in the index, and that of the run above it, null where the
 * index has none.
 */
export type DescribedListener = (
  row: { workflowId: string; status: ExecutionStatus; above: ExecutionStatus | null },
  described: Described,
) => Promise<void>;

/** Keeps the index of executions equal to what Temporal has. */
export interface IndexKeeper {
  /** Works one round of everything: reads visibility, tries runs that were set aside, sweeps open rows, and rebuilds the index if that was requested. */
  tick(): Promise<void>;
  /** Requests a rebuild of the index by whichever reconciler comes to it first. Returns the number of the rebuild. */
  askRebuild(): Promise<number>;
  /** Returns the milliseconds since the start of the last round that is in the index; null before the first. */
  lag(): number | null;
  /** Returns the milliseconds for which no round has succeeded; null while rounds succeed. */
  standing(): number | null;
  /** Counts the runs that were set aside. */
  setAside(): number;
  /** Returns the last rebuild that was requested and the last one that was completed. */
  rebuilds(): Promise<{ generation: number; rebuilt: number }>;
  /** Works until the signal is aborted; logs an error once, and tries again. */
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
  /** Called with each run whose whole history was read, once its entry is written. */
  onRead?: (n: number, execution: MaskedExecution) => Promise<void>;
  onDescribed?: DescribedListener;
  /** Rings while something happens: visibility is then read more often. */
  alarm: Bell;
  /** Rings when a run is to be looked at next. */
  bell: Bell;
}

/** The entry of a run, with the run where its whole history was read. */
interface Found {
  entry: IndexEntry;
  execution: MaskedExecution | null;
}

/**
 * Creates the reconciler. It reads starts and closings from visibility since its watermark, reads close events, and looks at open rows
 * in turn. Any number of reconcilers may run at once.
 */
export function createIndexKeeper({
  temporal,
  projections,
  store,
  log,
  clock,
  onRead = async () => undefined,
  onDescribed = async () => undefined,
  alarm,
  bell,
}: IndexKeeperDependencies): IndexKeeper {
  const { namespace } = temporal;
  const aside = createSetAside(clock, log, 'a run cannot be written to the execution index; the others are');
  let current: number | null = null;
  let standing: number | null = null;
  let rewritten: number | null = null;
  const news = createVisibilityNews({
    temporal,
    store,
    isAside: aside.has,
    write: async (infos) => write(await findEntries(infos, find)),
  });

  async function find(info: RunInfo): Promise<Found | null> {
    const { workflowId, runId } = info.execution ?? {};
    if (!workflowId || !runId) return null;
    const memo = readMemo(info.memo);
    // The newest run of a chain says what is true of the chain.
    if (info.status === RUNNING && asksPeople(memo)) return findWhole(info);
    if (!isClosedRun(info)) return alone(openEntry(namespace, info));
    if (memo?.hides) {
      // Its close event must be masked, and only its whole history says how.
      const projected = await projections.read(workflowId);
      return projected === null
        ? null
        : alone(buildEntry(namespace, maskExecution(projected.execution, projected.hidden).execution, runId));
    }
    const event = await temporal.closeEvent(workflowId, runId);
    return event === null ? null : alone(closedEntry(namespace, info, event));
  }

  /** Finds the entry of a run whose whole row may be wrong. An open run is read, since describe and visibility lack some of its facts. */
  async function findWhole(info: RunInfo): Promise<Found | null> {
    const { workflowId, runId } = info.execution ?? {};
    if (!workflowId || !runId || info.status !== RUNNING) return find(info);
    const projected = await projections.read(workflowId);
    if (projected === null) return null;
    const { execution } = maskExecution(projected.execution, projected.hidden);
    return { entry: buildEntry(namespace, execution, runId), execution };
  }

  /** Finds the entries of runs; sets aside those that cannot be read. */
  async function findEntries(infos: readonly RunInfo[], findOne: typeof find): Promise<Found[]> {
    const found = await mapConcurrently(infos, CONCURRENCY, async (info) => {
      try {
        return await findOne(info);
      } catch (error) {
        if (isOutage(error)) throw error;
        aside.put(info.execution?.workflowId ?? '', error);
        return null;
      }
    });
    return found.filter((each) => each !== null);
  }

  /** Writes entries; sets aside those that the database refuses, and runs of which no more than the entry could be written. */
  async function write(found: readonly Found[]): Promise<void> {
    if (found.length === 0) return;
    const refused = await store.write(found.map(({ entry }) => entry));
    for (const { entry, error } of refused) aside.put(entry.workflowId, error);
    await mapConcurrently(found, CONCURRENCY, async ({ entry, execution }) => {
      if (execution !== null) await aside.attempt(entry.workflowId, () => onRead(entry.n, execution));
    });
  }

  /** Writes one entry. Throws the error with which the database refuses it. */
  async function writeOne({ entry, execution }: Found): Promise<void> {
    const [refused] = await store.write([entry]);
    if (refused !== undefined) throw refused.error;
    // The row comes first: inquiries are kept for runs that the index has.
    if (execution !== null) await onRead(entry.n, execution);
  }

  /** Updates the row of a run that Temporal does not have. */
  async function settleMissing(row: IndexRow): Promise<void> {
    // A row without a version is the claim of a start that failed; a request with the same idempotency key claims it again.
    if (row.versionRun === '') await store.drop(row);
    else if (row.versionClosed === 0) await writeOne(alone(goneEntry(row, new Date(clock()))));
  }

  /** Tries again the runs that were set aside. */
  async function retryAside(): Promise<void> {
    await mapConcurrently(aside.due().slice(0, ASIDE_LIMIT), CONCURRENCY, (workflowId) =>
      aside.attempt(workflowId, async () => {
        const described = await temporal.describe(workflowId);
        const found = described === null ? null : await findWhole(described.info);
        if (found !== null) await writeOne(found);
      }),
    );
  }

  /** Rebuilds the whole index while it serves. Where counting alone fails, the next round only counts. */
  async function rebuild(generation: number): Promise<void> {
    if (rewritten !== generation) await rewrite(generation);
    rewritten = generation;
    await store.recount();
    await store.endRebuild(namespace, generation);
    log.info({ generation }, 'the execution index is rebuilt');
  }

  async function rewrite(generation: number): Promise<void> {
    log.info({ generation }, 'rebuilding the execution index');
    for await (const page of temporal.list('')) {
      await write(await findEntries(page, findWhole));
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
          const found = described === null ? null : await findWhole(described.info);
          if (found !== null) await writeOne(found);
          else if (row.versionClosed === 0) await settleMissing(row);
          else await store.drop(row);
        }),
      );
    }
  }

  async function look(row: IndexRow, above: ExecutionStatus | null): Promise<void> {
    const described = await temporal.describe(row.workflowId);
    if (described === null) return settleMissing(row);
    await onDescribed({ workflowId: row.workflowId, status: row.status, above }, described);
    const { info, cancelRequested } = described;
    const known = isClosedRun(info) || asksPeople(row);
    const found = known ? await find(info) : alone(openEntry(namespace, info, cancelRequested));
    if (found === null) return;
    const { entry } = found;
    // Only workers report that a run waits; describe does not.
    const waits = entry.status === 'running' && isHeldUp(row.status);
    await writeOne(waits ? { ...found, entry: { ...entry, status: row.status, waiting: row.waiting } } : found);
  }

  async function sweep(now: number): Promise<void> {
    const rows = await store.due(namespace, new Date(now - SWEEP_AFTER), SWEEP_LIMIT);
    const above = await store.statusesAbove(rows);
    await mapConcurrently(rows, CONCURRENCY, (row) =>
      aside.attempt(row.workflowId, () => look(row, above.get(row.n) ?? null)),
    );
    await store.looked(rows, new Date(now));
    // There may be more.
    if (rows.length === SWEEP_LIMIT) bell.ring();
  }

  async function readNews(): Promise<void> {
    const now = clock();
    try {
      if (await news.read(now)) alarm.ring();
    } catch (error) {
      standing ??= now;
      throw error;
    }
    current = now;
    standing = null;
    await retryAside();
  }

  async function lookAtRows(): Promise<void> {
    const { generation, rebuilt } = await store.rebuilds(namespace);
    if (generation > rebuilt) await rebuild(generation);
    await sweep(clock());
  }

  return {
    async tick() {
      await readNews();
      await lookAtRows();
    },

    async askRebuild() {
      const generation = await store.askRebuild(namespace);
      bell.ring();
      return generation;
    },

    lag: () => (current === null ? null : clock() - current),

    standing: () => (standing === null ? null : clock() - standing),

    setAside: () => aside.size,

    rebuilds: () => store.rebuilds(namespace),

    async run(signal) {
      const often = { interval: INTERVAL, pause: PAUSE, log };
      await Promise.all([
        keepGoing(readNews, signal, {
          ...often,
          bell: alarm,
          longest: LONGEST,
          trouble: 'the execution index cannot be updated',
        }),
        keepGoing(lookAtRows, signal, {
          ...often,
          bell,
          longest: SWEEP_EVERY,
          trouble: 'open runs cannot be looked at',
        }),
      ]);
    },
  };
}

function alone(entry: IndexEntry): Found {
  return { entry, execution: null };
}

/** Reports whether a run may ask people, so that its worker's reports must not be lost. */
function asksPeople(run: { actions: readonly string[] } | null): boolean {
  return run?.actions.includes('core.inquiry') ?? false;
}
