import type { HistoryEvent } from '../projection/history.ts';
import { createProjection, type Projection } from '../projection/project.ts';
import type { Temporal } from './temporal.ts';

/** Tasks of closed runs of chains that are kept, in all of them together. */
const MAX_KEPT = 200_000;

/** The closed runs of a chain, projected. */
interface Kept {
  runs: string[];
  projection: Projection;
}

/** Projects what Temporal has of workflow ids. */
export type ProjectionReader = ReturnType<typeof createProjectionReader>;

/** Makes it. The closed runs of chains are kept, so that only the newest run is read again (interpreter.md 3). */
export function createProjectionReader(temporal: Temporal) {
  const chains = new Map<string, Kept>();

  /** The closed runs of a chain, those that were not known yet read now. */
  async function closedRuns(workflowId: string, runs: string[]): Promise<Projection> {
    const known = chains.get(workflowId);
    // After a reset the runs may be others.
    const same = known?.runs.every((run, at) => run === runs[at]) ? known : undefined;
    const projection = same?.projection ?? createProjection(workflowId);
    const kept: Kept = { runs: [...(same?.runs ?? [])], projection };
    chains.delete(workflowId);
    for (const runId of runs.slice(kept.runs.length)) {
      for await (const events of temporal.historyOf(workflowId, runId))
        for (const event of events) projection.take(event);
      kept.runs.push(runId);
    }
    keep(workflowId, kept);
    return projection;
  }

  /** The latest is kept longest; what is being read by somebody else as well is kept once. */
  function keep(workflowId: string, kept: Kept): void {
    chains.delete(workflowId);
    chains.set(workflowId, kept);
    const size = ({ projection }: Kept) => projection.replayed()?.past.size ?? 0;
    let total = [...chains.values()].reduce((sum, each) => sum + size(each), 0);
    for (const [id, each] of chains) {
      if (total <= MAX_KEPT) break;
      chains.delete(id);
      total -= size(each);
    }
  }

  return {
    /** The projection of a workflow id, of its whole chain; null when Temporal has none. */
    async read(workflowId: string): Promise<Projection | null> {
      const newest = await temporal.newestRun(workflowId);
      if (newest === null) return null;
      const before = await newest.before(chains.get(workflowId)?.runs);
      const projection =
        before.length === 0 ? createProjection(workflowId) : (await closedRuns(workflowId, before)).fork();
      for await (const events of newest.history()) for (const event of events) projection.take(event);
      return projection;
    },

    /** The same, shown each event of the whole chain with its number: its place in the histories of all runs, from 1. */
    async readEach(
      workflowId: string,
      onEvent: (event: HistoryEvent, number: number) => void,
    ): Promise<Projection | null> {
      const projection = createProjection(workflowId);
      let number = 0;
      for await (const events of temporal.history(workflowId)) {
        for (const event of events) {
          number += 1;
          projection.take(event);
          onEvent(event, number);
        }
      }
      return number === 0 ? null : projection;
    },
  };
}
