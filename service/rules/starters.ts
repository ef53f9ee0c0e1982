import type { EnforcementReason } from '../../model/events/enforcement.ts';
import { parseExecutionId } from '../../model/execution-id.ts';
import type { RunKey } from '../../model/run-key.ts';
import { readOpening } from '../../projection/runs/opening.ts';
import type { EventRow } from '../../store/events/events.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { RunGuard } from '../starts/authentic-starts.ts';

/**
 * Finds the subjects that count as starters of what a rule begins for an event, in addition to its owner: who has sent the event and for whom,
 * those of the event or the run that it comes from, and the authors of the rule. For the end of a run that was started past the API, or
 * whose starters cannot be known any more, returns why the rule starts nothing. Throws `temporal_unavailable`, and errors of the database.
 */
export type StarterFinder = (
  event: EventRow,
  writers: readonly string[],
) => Promise<{ starters: string[] } | { error: EnforcementReason }>;

/** The dependencies of the finder. */
export interface StarterFinderDependencies {
  store: Pick<ExecutionStore, 'find'>;
  temporal: Pick<Temporal, 'firstEvent'>;
  isAuthentic: RunGuard;
}

/** Creates the finder. Of a run that has ended, it reads the first event alone. */
export function createStarterFinder({ store, temporal, isAuthentic }: StarterFinderDependencies): StarterFinder {
  /** Finds the run in Temporal that an event is the end of; null when the index does not have it. */
  async function findRun(execution: number): Promise<RunKey | null> {
    const n = parseExecutionId(String(execution))?.n;
    const row = n === undefined ? null : await store.find(n);
    return row === null ? null : { workflowId: row.workflowId, runId: row.versionRun };
  }

  /** Reads the starters of a run; null when Temporal does not have it. */
  async function readStarters(run: RunKey): Promise<readonly string[] | null> {
    const event = await temporal.firstEvent(run);
    const started = event?.workflowExecutionStartedEventAttributes;
    // A run of an earlier release does not name any but its owner.
    return event && started ? (readOpening(run.workflowId, event, started).run?.starters ?? []) : null;
  }

  return async (event, writers) => {
    const { tenant, principal, onBehalfOf, starters, execution } = event;
    const senders = [principal, onBehalfOf].filter((subject) => subject !== null);
    if (execution === null) return { starters: [...senders, ...starters, ...writers] };
    const run = await findRun(execution);
    const ended = run === null ? null : await readStarters(run);
    // One of them could otherwise approve what begins; nor is it known whether the API has started the run.
    if (run === null || ended === null) {
      const message = `who started execution ${execution} is not known: Temporal no longer has it`;
      return { error: { code: 'starters_unknown', message } };
    }
    if (!(await isAuthentic(run, tenant))) {
      return { error: { code: 'not_authentic', message: `execution ${execution} was not started by this service` } };
    }
    return { starters: [...senders, ...starters, ...ended, ...writers] };
  };
}
