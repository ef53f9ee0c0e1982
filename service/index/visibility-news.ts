import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { RunInfo, Temporal } from '../../temporal/gateway.ts';
import { isClosedRun } from '../../temporal/run-info.ts';
import { timesOf } from './entries.ts';

/**
 * Milliseconds that a round reads back: visibility mostly shows runs soon, but sometimes much later, so every minute a round reads back
 * longer.
 */
const SHORT_OVERLAP = 10_000;
const LONG_OVERLAP = 600_000;
const LONG_EVERY = 60_000;

/** Reads from visibility which runs have started and closed. */
export interface VisibilityNews {
  /** Reads what is new, has it written, and returns whether there was anything. */
  read(now: number): Promise<boolean>;
}

/** The dependencies of the reading. */
export interface VisibilityNewsDependencies {
  temporal: Pick<Temporal, 'namespace' | 'list'>;
  store: Pick<ExecutionStore, 'watermark' | 'known' | 'write' | 'forgetBuried'>;
  /** Reports whether a run was set aside, and is tried again by others. */
  isAside: (workflowId: string) => boolean;
  /** Writes runs to the index. */
  write: (news: readonly RunInfo[]) => Promise<void>;
}

/** The latest start and the latest end that the index knows. */
type Reach = Record<'started' | 'closed', Date>;

/** Creates the reading. It asks the database only about runs that it has not seen there in the round before. */
export function createVisibilityNews({ temporal, store, isAside, write }: VisibilityNewsDependencies): VisibilityNews {
  const { namespace } = temporal;
  let lastLong = 0;
  /** The runs that visibility shows and the index has, each as it is. */
  let indexed = new Set<string>();

  /** Returns the runs that the index does not know, or not as closed, and adds the others to `found`. */
  async function newsIn(page: readonly RunInfo[], found: Set<string>): Promise<RunInfo[]> {
    const unsure = page.filter((info) => !indexed.has(stateOf(info)) && !isAside(idOf(info)));
    const rows = unsure.length === 0 ? new Map() : await store.known(namespace, unsure.map(idOf));
    const news = unsure.filter((info) => {
      const isClosed = rows.get(info.execution?.runId ?? '');
      return isClosed === undefined || (isClosedRun(info) && !isClosed);
    });
    const fresh = new Set(news);
    for (const info of page) if (!fresh.has(info) && !isAside(idOf(info))) found.add(stateOf(info));
    return news;
  }

  /** Writes what is new since a mark; returns whether anything is, and how far the index then has read. */
  async function readSince(mark: Reach | null, back: number): Promise<{ isNews: boolean; reach: Reach }> {
    let [started, closed] = [mark?.started.getTime() ?? 0, mark?.closed.getTime() ?? 0];
    let isNews = false;
    const found = new Set<string>();
    for await (const page of temporal.list(mark === null ? '' : querySince(mark, back))) {
      const news = await newsIn(page, found);
      // A namespace that is read for the first time may have any number of runs.
      if (mark === null) found.clear();
      await write(news);
      isNews ||= news.length > 0;
      for (const times of page.map(timesOf)) {
        started = Math.max(started, times.started);
        closed = Math.max(closed, times.closed);
      }
    }
    indexed = found;
    return { isNews, reach: { started: new Date(started), closed: new Date(closed) } };
  }

  return {
    async read(now) {
      // The clock may be set back.
      const isLong = Math.abs(now - lastLong) > LONG_EVERY;
      if (isLong) indexed = new Set();
      const mark = await store.watermark(namespace);
      const { isNews, reach } = await readSince(mark, isLong ? LONG_OVERLAP : SHORT_OVERLAP);
      // Only now the index has everything up to these times.
      if (isBeyond(reach, mark)) await store.write([], { namespace, ...reach });
      if (isLong) {
        // The next round reads less far back, even where this fails.
        lastLong = now;
        await store.forgetBuried(new Date(now));
      }
      return isNews;
    },
  };
}

/** Returns a query for the runs that have started or closed since a time before those that the index knows. */
function querySince({ started, closed }: Reach, back: number): string {
  const since = (time: Date) => new Date(time.getTime() - back).toISOString();
  return `StartTime >= "${since(started)}" OR CloseTime >= "${since(closed)}"`;
}

/** Reports whether something has started or closed after what the index knew. */
function isBeyond(reached: Reach, known: Reach | null): boolean {
  const { started, closed } = known ?? { started: new Date(0), closed: new Date(0) };
  return reached.started > started || reached.closed > closed;
}

function idOf(info: RunInfo): string {
  return info.execution?.workflowId ?? '';
}

/** Returns a name for what visibility says of a run. */
function stateOf(info: RunInfo): string {
  return `${info.execution?.runId} ${isClosedRun(info) ? 'closed' : 'open'}`;
}
