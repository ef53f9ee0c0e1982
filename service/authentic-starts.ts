import { startContent } from '../interpreter/signatures.ts';
import { SIGNED_STATEMENTS } from '../interpreter/versions.ts';
import { warrantFault } from '../interpreter/warrants.ts';
import { uuidOf } from '../model/execution-id.ts';
import type { Json } from '../model/json.ts';
import type { LedgerKey } from '../model/ledger.ts';
import type { RunKey } from '../model/run-key.ts';
import type { HistoryEvent } from '../projection/history.ts';
import { memoOf, type Opening, openingOf, startOf } from '../projection/project.ts';

/** Reports whether the API has started a run, as it stands, for a tenant: only such a run is given what belongs to the tenant. */
export type RunGuard = (run: RunKey, tenant: string) => Promise<boolean>;

/** What decides whether a start counts. */
export interface WarrantTrust {
  /** All keys that have ever signed. */
  keys: LedgerKey[];
  /** When the last run can have begun that was started before anything was signed, in milliseconds; null: there was none. */
  unsignedUntil: number | null;
}

/** What the guard reads. Both throw where nobody answers. */
export interface GuardSources {
  /** Reads the first history event of a run; null where Temporal has the run no longer. */
  firstEvent(run: RunKey): Promise<HistoryEvent | null>;
  trust(): Promise<WarrantTrust>;
}

/** Runs of which an answer is kept. */
const MAX_KNOWN = 10_000;

/**
 * Creates the guard. It asks Temporal about each run once. Temporal itself tells which run a sub-workflow is below, and which run a run
 * has continued: whoever starts a run can claim neither, and what such a run was given has Fermata's own code made.
 */
export function createRunGuard({ firstEvent, trust }: GuardSources): RunGuard {
  const known = new Map<string, Promise<boolean>>();

  /** Reads how the run was started that is at the top of the tree of a run; null where that is not there. */
  async function rootOf(run: RunKey): Promise<(Opening & Pick<RunKey, 'workflowId'>) | null> {
    const event = await firstEvent(run);
    const started = event?.workflowExecutionStartedEventAttributes;
    if (event === null || !started) return null;
    const { parentWorkflowExecution: parent, rootWorkflowExecution: root } = started;
    if (!parent?.workflowId) return { ...openingOf(run.workflowId, event, started), workflowId: run.workflowId };
    const above = root?.workflowId && root.workflowId !== run.workflowId ? root : parent;
    return rootOf({ workflowId: above.workflowId!, runId: above.runId ?? '' });
  }

  async function check(run: RunKey, tenant: string): Promise<boolean> {
    const root = await rootOf(run);
    if (root === null || root.run === null) return false;
    const { event, started, workflowId } = root;
    const input = root.run;
    const isContinued = Boolean(started.continuedExecutionRunId);
    const { keys, unsignedUntil } = await trust();
    if (input.interpreter < SIGNED_STATEMENTS) {
      // Whoever says that a run is as old as that must have started it before anything was signed.
      return unsignedUntil !== null && startOf(event, isContinued ? input : null) < unsignedUntil;
    }
    const { ref, starters = [], schedule = null } = input;
    const about = { tenant, uuid: uuidOf(input.n), schedule, ref, starters };
    const warrant = memoOf(started.memo)?.warrant ?? null;
    const keyOf = (kid: string) => keys.find((key) => key.kid === kid);
    const isWarranted = (content: string) => warrantFault(warrant, about, content, keyOf) === null;
    if (!isContinued) return root.content !== null && isWarranted(root.content);
    const content = input.carried?.middle?.content;
    if (content !== undefined) return isWarranted(content);
    // A run of interpreter 9 does not pass that on: it is what the first run of the chain says, or else what this one was given less its state.
    const first = await firstEvent({ workflowId, runId: started.firstExecutionRunId ?? '' });
    const opened = first?.workflowExecutionStartedEventAttributes;
    if (first !== null && opened) return isWarranted(openingOf(workflowId, first, opened).content ?? '');
    const { carried: _, ...fresh } = input;
    return isWarranted(startContent(root.input, fresh as unknown as Json));
  }

  return (run, tenant) => {
    const name = `${tenant} ${run.workflowId} ${run.runId}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    const answer = check(run, tenant);
    known.set(name, answer);
    // Whether nobody answers is asked again.
    answer.catch(() => known.delete(name));
    const [oldest] = known.keys();
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    return answer;
  };
}
