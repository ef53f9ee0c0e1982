import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import { isoTime } from '../../projection/history.ts';
import { timestampMilliseconds } from '../../projection/payload.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import { mapConcurrently } from '../background/loops.ts';
import type { ExecutionReader } from '../executions/reader.ts';

/** A Temporal run of a chain. Times are ISO 8601. */
export interface ChainRun {
  runId: string;
  /** The number of its first event within the history of the chain, from 1. */
  firstEvent: number;
  /** The number of its events. */
  events: number;
  started: string;
  /** Null while it is open. */
  closed: string | null;
}

/** Shows the chains of Temporal runs that executions are. */
export interface ChainService {
  /**
   * Lists the runs of an execution, the first one first, without those that Temporal no longer has. Throws `execution_not_found`, and
   * `work_exceeded` for more than 500 runs.
   */
  list(principal: Principal, id: string): Promise<ChainRun[]>;
}

/** The dependencies of the service. */
export interface ChainDependencies {
  temporal: Pick<Temporal, 'describe' | 'newestRun'>;
  executions: Pick<ExecutionReader, 'get'>;
}

/** The most runs of an execution that are listed: each takes two calls to Temporal. */
const MOST_RUNS = 500;

/** The most runs that are described at once. */
const AT_ONCE = 10;

/** Creates the service. */
export function createChainService({ temporal, executions }: ChainDependencies): ChainService {
  /** Returns the ids of the runs of a chain. Throws `work_exceeded`. */
  async function idsOf(workflowId: string): Promise<string[]> {
    const described = await temporal.describe(workflowId);
    const last = described?.info.execution?.runId;
    const newest = last ? await temporal.newestRun(workflowId, last) : null;
    if (!last || newest === null) return [];
    const before = await newest.before([], MOST_RUNS);
    if (before.length >= MOST_RUNS) {
      throw new AppError(
        'work_exceeded',
        `the execution has more than ${MOST_RUNS} runs in Temporal: they cannot be listed`,
      );
    }
    return [...before, last];
  }

  return {
    async list(principal, id) {
      const { workflowId } = (await executions.get(principal, id)).execution;
      const found = await mapConcurrently(await idsOf(workflowId), AT_ONCE, (runId) =>
        temporal.describe(workflowId, runId),
      );
      const runs: ChainRun[] = [];
      let firstEvent = 1;
      for (const info of found.flatMap((described) => described?.info ?? [])) {
        const events = Number(info.historyLength);
        const { execution, startTime, closeTime } = info;
        const closed = closeTime ? isoOf(closeTime) : null;
        runs.push({ runId: execution?.runId ?? '', firstEvent, events, started: isoOf(startTime), closed });
        firstEvent += events;
      }
      return runs;
    },
  };
}

function isoOf(time: Parameters<typeof timestampMilliseconds>[0]): string {
  return isoTime(timestampMilliseconds(time));
}
