import { SIGNED_STATEMENTS } from '../../interpreter/versions.ts';
import { warrantFault } from '../../interpreter/warrants.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import { deriveUuid, isStartOfSchedule, workflowIdOf } from '../../model/execution-id.ts';
import type { LedgerKey } from '../../model/ledger.ts';
import { OWN_TASK_QUEUE, type RunInput } from '../../model/run-input.ts';
import type { RunKey } from '../../model/run-key.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { readMemo } from '../../projection/runs/memo.ts';
import { type Opening, readOpening, startTime } from '../../projection/runs/opening.ts';

/** Reports whether the API has started a run, as it stands, for a tenant: only such a run is given what belongs to the tenant. */
export type RunGuard = (run: RunKey, tenant: string) => Promise<boolean>;

/** The facts that decide whether a start is accepted. */
export interface WarrantTrust {
  /** All keys that have ever signed a start. */
  keys: LedgerKey[];
  /** The latest start of an unsigned run, in milliseconds; null: there was none. */
  unsignedUntil: number | null;
}

/** The sources of the guard; `firstEvent` and `trust` throw when nobody answers. */
export interface GuardSources {
  /** Reads the first history event of a run; null when Temporal no longer has the run. */
  firstEvent(run: RunKey): Promise<HistoryEvent | null>;
  trust(): Promise<WarrantTrust>;
  /** The time in milliseconds. */
  clock(): number;
}

/** The most runs whose answers are remembered. */
const MAX_KNOWN = 10_000;

/** Milliseconds for which the facts are cached. */
const TRUST_KEPT = 5_000;

/** Temporal's CONTINUE_AS_NEW_INITIATOR_WORKFLOW: the workflow itself continued as new, and not a cron schedule or a retry policy. */
const BY_WORKFLOW = 1;

/**
 * Creates the guard, which checks each run once. It trusts what Temporal itself records: the parent of a sub-workflow, the continuation
 * of a run, its first run, and its task queue. What a run says about itself counts only where the API has signed it.
 */
export function createRunGuard({ firstEvent, trust, clock }: GuardSources): RunGuard {
  const known = new BoundedMap<string, Promise<boolean>>(MAX_KNOWN);
  let kept: { answer: Promise<WarrantTrust>; until: number } | null = null;

  function renewedTrust(): Promise<WarrantTrust> {
    const answer = trust();
    const asked = { answer, until: clock() + TRUST_KEPT };
    kept = asked;
    answer.catch(() => {
      if (kept === asked) kept = null;
    });
    return answer;
  }

  const keptTrust = () => (kept !== null && clock() < kept.until ? kept.answer : renewedTrust());

  async function read({ workflowId, runId }: RunKey): Promise<Start | null> {
    const event = await firstEvent({ workflowId, runId });
    const started = event?.workflowExecutionStartedEventAttributes;
    if (event === null || !started) return null;
    const { run, content } = readOpening(workflowId, event, started);
    return run === null ? null : { workflowId, event, started, run, content };
  }

  /** Reports whether the API has signed the start of a chain's first run; `ofChain`: as a later run of the chain passes it on. */
  async function isSigned({ workflowId, event, started, run, content }: Start, tenant: string, ofChain: boolean) {
    if (run.interpreter < SIGNED_STATEMENTS) {
      // A run that claims to be that old must have started before anything was signed.
      const { unsignedUntil } = await keptTrust();
      return unsignedUntil !== null && startTime(event, ofChain ? run : null) < unsignedUntil;
    }
    if (!isItsPlace(workflowId, run)) return false;
    const { ref, starters = [], schedule = null } = run;
    const about = { tenant, uuid: deriveUuid(run.n), schedule, ref, starters };
    const warrant = readMemo(started.memo)?.warrant ?? null;
    const signed = ofChain ? (run.carried?.middle?.content ?? null) : content;
    const faultBy = ({ keys }: WarrantTrust) =>
      warrantFault(warrant, about, signed, (kid) => keys.find((key) => key.kid === kid));
    const fault = faultBy(await keptTrust());
    return (fault === 'unknown_key' ? faultBy(await renewedTrust()) : fault) === null;
  }

  async function check(run: RunKey, tenant: string): Promise<boolean> {
    const start = await read(run);
    if (start === null || !isOwn(start)) return false;
    const { started, workflowId } = start;
    const { parentWorkflowExecution: parent, continuedExecutionRunId, firstExecutionRunId } = started;
    if (parent?.workflowId) return isAuthentic({ workflowId: parent.workflowId, runId: parent.runId ?? '' }, tenant);
    if (!continuedExecutionRunId) return isSigned(start, tenant, false);
    if (!firstExecutionRunId) return false;
    const first = await read({ workflowId, runId: firstExecutionRunId });
    // After the retention of the first run, Fermata's own code has passed on its start; below interpreter 10 it does not.
    if (first === null) return isSigned(start, tenant, true);
    return isOwn(first) && !first.started.continuedExecutionRunId && isSigned(first, tenant, false);
  }

  function isAuthentic(run: RunKey, tenant: string): Promise<boolean> {
    const name = `${tenant} ${run.workflowId} ${run.runId}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    const answer = check(run, tenant);
    known.set(name, answer);
    // An outage is not remembered.
    answer.catch(() => known.delete(name));
    return answer;
  }

  return isAuthentic;
}

/** The start of one of Fermata's runs. */
interface Start extends Pick<Opening, 'event' | 'started' | 'content'> {
  workflowId: string;
  run: RunInput;
}

/** Reports whether Fermata may have started a run like this: for its own workers, once, and with carried state only within a chain. */
function isOwn({ started, run }: Start): boolean {
  const { taskQueue, cronSchedule, retryPolicy, continuedExecutionRunId, initiator } = started;
  if (taskQueue?.name !== OWN_TASK_QUEUE || cronSchedule || retryPolicy) return false;
  const isContinued = Boolean(continuedExecutionRunId);
  return isContinued === (run.carried?.middle !== undefined) && (!isContinued || initiator === BY_WORKFLOW);
}

/** Reports whether a run has the workflow id that its input names. */
function isItsPlace(workflowId: string, { n, schedule }: RunInput): boolean {
  return schedule === undefined ? workflowId === workflowIdOf(n) : isStartOfSchedule(workflowId, schedule);
}
