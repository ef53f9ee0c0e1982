import { isSignedBy } from '../interpreter/signatures.ts';
import { keysAdded } from '../interpreter/trust.ts';
import { AppError } from '../model/app-error.ts';
import { DELEGATE_SIGNAL } from '../model/delegation.ts';
import type { Execution } from '../model/execution.ts';
import { integerId, uuidOf } from '../model/execution-id.ts';
import { DECISION_SIGNAL, type Inquiry } from '../model/inquiry.ts';
import { canonicalJson, compareText, isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import type { Ledger, LedgerQuestion, LedgerStatement } from '../model/ledger.ts';
import type { Principal } from '../model/principal.ts';
import { type SignedStatement, type StatementProof, type StatementType, TRUST_SIGNAL } from '../model/statement.ts';
import { decodePayloads } from '../projection/payload.ts';
import type { ExecutionService } from './executions.ts';
import type { Mask } from './masks.ts';
import type { Temporal } from './temporal.ts';

/** Executions that one export may hold, sub-workflows included. */
const MAX_EXECUTIONS = 1_000;

/** Exports decisions, so that they can be checked without a server. */
export interface LedgerService {
  /**
   * Returns the decisions of an execution and of its sub-workflows. Throws `execution_not_found`, `history_unusable` where the history
   * cannot be read as a whole, and `work_exceeded` for more than 1,000 executions.
   */
  export(principal: Principal, id: string): Promise<Ledger>;
}

/** Creates the service. */
export function createLedgerService(
  executions: Pick<ExecutionService, 'readRaw'>,
  temporal: Pick<Temporal, 'history'>,
): LedgerService {
  async function exportOne(principal: Principal, id: string, count: { left: number }): Promise<Ledger> {
    count.left -= 1;
    if (count.left < 0) throw new AppError('work_exceeded', `an export holds ${MAX_EXECUTIONS} executions at most`);
    const { n, execution: shown, projected, mask } = await executions.readRaw(principal, id);
    const execution = projected?.execution;
    const run = execution?.run;
    if (execution === undefined || !run || execution.projection !== 'complete') {
      throw new AppError('history_unusable', 'the history of the execution cannot be read as a whole');
    }
    const sent = await signalsOf(temporal, execution);
    const children: Ledger[] = [];
    for (const { child } of execution.tasks) {
      if (child !== null) children.push(await exportOne(principal, child, count));
    }
    const { ref, version, interpreter, starters = [], tenant = '' } = run;
    return {
      fermata_decisions: 1,
      execution: {
        ...{ id: integerId(n), uuid: uuidOf(n), tenant, chain: execution.runId, ref, version, interpreter, starters },
      },
      digest: execution.digest,
      questions: execution.inquiries.map((inquiry, at) => questionOf(inquiry, shown.inquiries[at] ?? inquiry)),
      statements: execution.inquiries
        .flatMap((inquiry) => statementsOf(inquiry, sent, mask))
        .sort(inOrder)
        .map(({ entry }) => entry),
      children,
    };
  }

  return {
    export: (principal, id) => exportOne(principal, id, { left: MAX_EXECUTIONS }),
  };
}

/** The signals that bring what an export shows, with the type of their statements. */
const EXPORTED: Readonly<Record<string, StatementType>> = {
  [DECISION_SIGNAL]: 'decision',
  [DELEGATE_SIGNAL]: 'delegate',
};

/** Reads the decisions and delegations that a run was sent and that a key has signed which it trusts or has trusted, by the id of the statement. */
async function signalsOf(
  temporal: Pick<Temporal, 'history'>,
  { workflowId, run, runId, trust }: Pick<Execution, 'workflowId' | 'run' | 'runId' | 'trust'>,
): Promise<Map<string, SignedStatement & { event: number }>> {
  const sent = new Map<string, SignedStatement & { event: number }>();
  const keys: Record<string, string> = { ...run?.trust?.keys, ...trust?.keys };
  const uuid = run === null ? null : uuidOf(run.n);
  let event = 0;
  for await (const page of temporal.history(workflowId)) {
    for (const { workflowExecutionSignaledEventAttributes: signaled } of page) {
      event += 1;
      const name = signaled?.signalName ?? '';
      const exported = ownValue(EXPORTED, name);
      if (exported === undefined && name !== TRUST_SIGNAL) continue;
      const payload = signedIn(decodePayloads(signaled?.input)[0] ?? null);
      const x = payload === null ? undefined : ownValue(keys, payload.kid);
      if (payload === null || x === undefined || !isSignedBy(x, payload.statement, payload.sig)) continue;
      const { id, type, tenant, execution, chain, add } = payload.statement;
      if (tenant !== run?.tenant || execution !== uuid || chain !== runId) continue;
      if (name === TRUST_SIGNAL && type === 'trust') Object.assign(keys, Object.fromEntries(keysAdded(add)));
      if (type === exported && typeof id === 'string' && !sent.has(id)) sent.set(id, { ...payload, event });
    }
  }
  return sent;
}

function signedIn(payload: Json): SignedStatement | null {
  if (!isJsonObject(payload)) return null;
  const { statement = null, kid, sig, given = null } = payload;
  if (!isJsonObject(statement) || !isJsonObject(given)) return null;
  return typeof kid === 'string' && typeof sig === 'string' ? { statement, kid, sig, given } : null;
}

function questionOf(inquiry: Inquiry, shown: Inquiry): LedgerQuestion {
  const { key, status, what = null, bound_to, expires_at } = inquiry;
  const { request, plan } = shown;
  // The digest covers the ladder from its start, and what is shown has the people whom it has added since.
  const isEscalated = (inquiry.escalated ?? []).length > 0;
  const masked =
    isEscalated ||
    canonicalJson([request, plan] as unknown as Json) !==
      canonicalJson([inquiry.request, inquiry.plan] as unknown as Json);
  return { inquiry: key, status, what, bound_to, request, plan, masked, expires_at };
}

/** A statement of an export, and when the run took it. */
interface TakenStatement {
  entry: LedgerStatement;
  taken: string;
}

function statementsOf(
  { decisions, votes, delegations = [] }: Inquiry,
  sent: ReadonlyMap<string, SignedStatement & { event: number }>,
  mask: Mask,
): TakenStatement[] {
  const shownGiven = (given: JsonObject) => (canonicalJson(mask(given)) === canonicalJson(given) ? given : null);
  /** Makes the entry of a statement: as it was sent, or as a retry has kept it from another execution. */
  const entriesOf = (
    { id, verdict, taken, isSent }: { id: string; verdict: LedgerStatement['verdict']; taken: string; isSent: boolean },
    kept: { proof?: StatementProof; carried_from?: number; values: JsonObject } | undefined,
  ): TakenStatement[] => {
    const found = isSent ? sent.get(id) : undefined;
    if (found !== undefined) {
      const { statement, kid, sig, given, event } = found;
      return [{ entry: { statement, kid, sig, given: shownGiven(given), event, carried_from: null, verdict }, taken }];
    }
    if (kept?.proof === undefined || kept.carried_from === undefined) return [];
    const { statement, kid, sig, salt } = kept.proof;
    const given = shownGiven({ ...kept.values, salt });
    return [{ entry: { statement, kid, sig, given, event: null, carried_from: kept.carried_from, verdict }, taken }];
  };
  return [
    ...delegations.flatMap(({ delegation: { id, reason }, verdict, taken, ...record }) =>
      entriesOf({ id, verdict, taken, isSent: record.carried_from === undefined }, { ...record, values: { reason } }),
    ),
    ...decisions.flatMap(({ decision: { id }, verdict, taken, verified = false }) => {
      const vote = votes.find((each) => each.id === id);
      const kept =
        vote === undefined ? undefined : { ...vote, values: { response: vote.response, comment: vote.comment } };
      return entriesOf({ id, verdict, taken, isSent: verified }, kept);
    }),
  ];
}

/** Orders statements as the run took them: what a retry has kept first. */
function inOrder(a: TakenStatement, b: TakenStatement): number {
  return (a.entry.event ?? 0) - (b.entry.event ?? 0) || compareText(a.taken, b.taken);
}
