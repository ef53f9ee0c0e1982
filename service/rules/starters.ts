import type { EnforcementReason } from '../../model/events/enforcement.ts';
import { integerId, parseExecutionId } from '../../model/execution-id.ts';
import { readOpening } from '../../projection/runs/opening.ts';
import type { EventRow } from '../../store/events/events.ts';
import type { IndexRow } from '../../store/executions/execution-rows.ts';
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
  store: Pick<ExecutionStore, 'find' | 'prove'>;
  temporal: Pick<Temporal, 'firstEvent'>;
  isAuthentic: RunGuard;
}

/** The starters of a run, or why a rule starts nothing for its end. */
type FoundStarters = { starters: readonly string[] } | { error: EnforcementReason };

/**
 * Creates the finder. Of a run that has ended, it reads the first event alone, once: the index keeps what it has found, so that an end can be
 * replayed when Temporal no longer has the run.
 */
export function createStarterFinder({ store, temporal, isAuthentic }: StarterFinderDependencies): StarterFinder {
  /** The runs that are being read, by their names in Temporal. */
  const reading = new Map<string, Promise<FoundStarters | null>>();

  /** Finds the row of the run that an event is the end of; null when the index does not have it. */
  async function findRow(execution: number): Promise<IndexRow | null> {
    const n = parseExecutionId(String(execution))?.n;
    return n === undefined ? null : store.find(n);
  }

  /** Reads the starters of a run, and has the index keep them if the API has started it. Null when Temporal does not have the run. */
  async function readRun(tenant: string, { n, workflowId, versionRun: runId, owner }: IndexRow) {
    const run = { workflowId, runId };
    const event = await temporal.firstEvent(run);
    const started = event?.workflowExecutionStartedEventAttributes;
    if (!event || !started) return null;
    if (!(await isAuthentic(run, tenant))) return notAuthentic(n);
    // A run of an earlier release does not name any but its owner.
    const starters = readOpening(workflowId, event, started).run?.starters ?? (owner === null ? [] : [owner]);
    await store.prove(tenant, n, runId, starters);
    return { starters };
  }

  /** Reads a run as `readRun` does, once for all who ask at the same time. */
  function readOnce(tenant: string, row: IndexRow): Promise<FoundStarters | null> {
    const name = JSON.stringify([tenant, row.workflowId, row.versionRun]);
    const known = reading.get(name) ?? readRun(tenant, row).finally(() => reading.delete(name));
    reading.set(name, known);
    return known;
  }

  async function findEnded(tenant: string, execution: number): Promise<FoundStarters> {
    const row = await findRow(execution);
    const isProven = row !== null && row.proven === row.versionRun;
    if (isProven && row.starters !== null) return { starters: row.starters };
    const found = row === null ? null : await readOnce(tenant, row);
    // One of its starters could otherwise approve what begins; nor is it known whether the API has started the run.
    return found ?? startersUnknown(execution);
  }

  return async ({ tenant, principal, onBehalfOf, starters, execution }, writers) => {
    const senders = [principal, onBehalfOf].filter((subject) => subject !== null);
    const ended: FoundStarters = execution === null ? { starters: [] } : await findEnded(tenant, execution);
    if ('error' in ended) return ended;
    return { starters: [...senders, ...starters, ...ended.starters, ...writers] };
  };
}

function notAuthentic(n: number): FoundStarters {
  return { error: { code: 'not_authentic', message: `execution ${integerId(n)} was not started by this service` } };
}

function startersUnknown(execution: number): FoundStarters {
  const message = `who started execution ${execution} is not known: Temporal no longer has it`;
  return { error: { code: 'starters_unknown', message } };
}
