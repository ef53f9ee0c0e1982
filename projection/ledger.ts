import { isSignedBy } from '../interpreter/signatures.ts';
import { keysAdded } from '../interpreter/trust.ts';
import { DELEGATE_SIGNAL } from '../model/delegation.ts';
import type { Execution } from '../model/execution.ts';
import { deriveUuid, integerId } from '../model/execution-id.ts';
import { DECISION_SIGNAL, type Inquiry } from '../model/inquiry.ts';
import { canonicalJson, compareText, isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import type { Ledger, LedgerQuestion, LedgerStatement } from '../model/ledger.ts';
import { type Mask, SHOWS_ALL } from '../model/mask.ts';
import type { RunInput } from '../model/run-input.ts';
import { type SignedStatement, type StatementProof, type StatementType, TRUST_SIGNAL } from '../model/statement.ts';
import type { HistoryEvent } from './history.ts';
import { decodePayloads } from './payload.ts';

// The export of everything that people decided in a run: made of its execution, and of the statements in its history.

/** Statements that a run was sent, by id, with the number of the history event that brought each. */
export type SentStatements = ReadonlyMap<string, SignedStatement & { event: number }>;

/** The signals whose statements an export shows, with the types of these statements. */
const EXPORTED: Readonly<Record<string, StatementType>> = {
  [DECISION_SIGNAL]: 'decision',
  [DELEGATE_SIGNAL]: 'delegate',
};

/** Reads the decisions and delegations that a run was sent, signed by a key that it trusts or has trusted. */
export interface StatementReader {
  /** Takes the next history event of the run; for a chain, those of all its runs in order. */
  take(event: HistoryEvent): void;
  /** The statements in the events that were taken. */
  readonly sent: SentStatements;
}

/** Creates the reader. */
export function createStatementReader(execution: Pick<Execution, 'run' | 'runId' | 'trust'>): StatementReader {
  const { run, runId, trust } = execution;
  const sent = new Map<string, SignedStatement & { event: number }>();
  const keys: Record<string, string> = { ...run?.trust?.keys, ...trust?.keys };
  const uuid = run === null ? null : deriveUuid(run.n);
  let event = 0;
  return {
    sent,
    take({ workflowExecutionSignaledEventAttributes: signaled }) {
      event += 1;
      const name = signaled?.signalName ?? '';
      const exported = ownValue(EXPORTED, name);
      if (exported === undefined && name !== TRUST_SIGNAL) return;
      const payload = signedIn(decodePayloads(signaled?.input)[0] ?? null);
      const x = payload === null ? undefined : ownValue(keys, payload.kid);
      if (payload === null || x === undefined || !isSignedBy(x, payload.statement, payload.sig)) return;
      const { id, type, tenant, execution, chain, add } = payload.statement;
      if (tenant !== run?.tenant || execution !== uuid || chain !== runId) return;
      if (name === TRUST_SIGNAL && type === 'trust') Object.assign(keys, Object.fromEntries(keysAdded(add)));
      if (type === exported && typeof id === 'string' && !sent.has(id)) sent.set(id, { ...payload, event });
    },
  };
}

/**
 * Creates the export of one execution, without its sub-workflows. `shown` and `mask` restrict what the reader may see; without them,
 * everything is shown.
 */
export function buildLedger(
  execution: Execution & { run: RunInput },
  sent: SentStatements,
  shown: readonly Inquiry[] = execution.inquiries,
  mask: Mask = SHOWS_ALL,
): Omit<Ledger, 'children'> {
  const { run, memo, runId, digest, inquiries } = execution;
  const { n, ref, version, interpreter, starters = [], tenant = '', schedule = null } = run;
  return {
    fermata_decisions: 1,
    execution: {
      id: integerId(n),
      uuid: deriveUuid(n),
      tenant,
      chain: runId,
      ref,
      version,
      interpreter,
      starters,
      schedule,
      parent: (run.depth ?? 0) > 0 ? (memo?.parent ?? 0) : null,
    },
    warrant: memo?.warrant ?? null,
    digest,
    questions: inquiries.map((inquiry, at) => questionOf(inquiry, shown[at] ?? inquiry)),
    statements: inquiries
      .flatMap((inquiry) => statementsOf(inquiry, sent, mask))
      .sort(inOrder)
      .map(({ entry }) => entry),
  };
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
  // The digest covers the escalation from its start; the shown request has the people whom it has added since.
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
  sent: SentStatements,
  mask: Mask,
): TakenStatement[] {
  const shownGiven = (given: JsonObject) => (canonicalJson(mask.hide(given)) === canonicalJson(given) ? given : null);
  /** Creates the entry of a statement: as it was sent, or as a retry has kept it from another execution. */
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

/** Orders statements as the run took them, those that a retry kept first. */
function inOrder(a: TakenStatement, b: TakenStatement): number {
  return (a.entry.event ?? 0) - (b.entry.event ?? 0) || compareText(a.taken, b.taken);
}
