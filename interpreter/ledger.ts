import { type DelegationRecord, type DelegationRefusal, parseDelegation } from '../model/delegation.ts';
import { deriveUuid, integerId, parseExecutionId } from '../model/execution-id.ts';
import { type InquiryStatus, parseDecision, type RefusalReason, type Vote } from '../model/inquiry.ts';
import { ownValue } from '../model/json.ts';
import type { Ledger, LedgerFinding, LedgerKey, LedgerQuestion, LedgerStatement } from '../model/ledger.ts';
import type { RunInput } from '../model/run-input.ts';
import { judgeDelegation } from './delegation-rules.ts';
import { digestQuestion } from './digest.ts';
import { buildVote, judge } from './inquiry-rules.ts';
import { isSignedBy } from './signatures.ts';
import { matchesHashes } from './statements.ts';
import { SIGNED_STATEMENTS } from './versions.ts';
import { warrantFault } from './warrants.ts';

/** Milliseconds by which the clocks of API processes may differ. */
const CLOCK_TOLERANCE = 60_000;

/** Refusals that depend on what a masked question does not show. */
const HIDDEN_REASONS: readonly Reason[] = ['not_allowed', 'option_unknown', 'response_invalid', 'delegate_unsuitable'];

/** Why a decision or a delegation was refused. */
type Reason = RefusalReason | DelegationRefusal;

/**
 * Checks an export of decisions and delegations against published keys: that the API started the execution, every signature, that
 * each statement belongs to its run and question, every verdict by the rules of the interpreter, and that each question has the outcome
 * that its statements lead to. Sub-workflows are started by the execution above them, for the same people.
 */
export function verifyLedger(ledger: Ledger, keys: readonly LedgerKey[]): LedgerFinding[] {
  return verifyBelow(ledger, keys, null);
}

/** Does the same for an execution below another one, whose start was checked. */
function verifyBelow(
  ledger: Ledger,
  keys: readonly LedgerKey[],
  above: { starters: readonly string[]; start: LedgerFinding } | null,
): LedgerFinding[] {
  const start = startFinding(ledger, keys, above);
  const own = { starters: ledger.execution.starters, start };
  return [
    start,
    ...verifyStatements(ledger, keys),
    ...ledger.children.flatMap((child) => verifyBelow(child, keys, own)),
  ];
}

function startFinding(
  { execution, warrant }: Ledger,
  keys: readonly LedgerKey[],
  above: Parameters<typeof verifyBelow>[2],
): LedgerFinding {
  const { id, tenant, uuid, ref, starters, schedule = null, parent = null, interpreter } = execution;
  const finding = (result: LedgerFinding['result'], reason: string | null): LedgerFinding => ({
    execution: id,
    subject: 'start',
    inquiry: null,
    by: starters[0] ?? null,
    result,
    reason,
  });
  if (above !== null) {
    if (JSON.stringify(starters) !== JSON.stringify(above.starters)) return finding('failed', 'altered');
    return finding(above.start.result, above.start.reason);
  }
  if (parent !== null) return finding('not recomputable', 'parent_missing');
  if (interpreter < SIGNED_STATEMENTS) return finding('not recomputable', 'unsigned');
  if (warrant === undefined) return finding('not recomputable', 'warrant_not_exported');
  const about = { tenant, uuid, schedule, ref, starters };
  const fault = warrantFault(warrant, about, null, (kid) => keys.find((key) => key.kid === kid));
  return fault === null ? finding('verified', null) : finding('failed', fault);
}

/** Checks the statements and the questions of one execution, without its start and without its sub-workflows. */
export function verifyStatements(ledger: Omit<Ledger, 'children'>, keys: readonly LedgerKey[]): LedgerFinding[] {
  const { execution, questions, statements } = ledger;
  const byKid = Object.fromEntries(keys.map((key) => [key.kid, key]));
  const faults = faultsOf(ledger, byKid);
  const found = statements.map((entry): LedgerFinding => {
    const reason = faults.get(entry) ?? (entry.given === null ? 'masked' : null);
    const result = faults.has(entry) ? 'failed' : reason === null ? 'verified' : 'not recomputable';
    const { inquiry, subject } = entry.statement;
    return {
      execution: execution.id,
      subject: 'statement',
      inquiry: String(inquiry),
      by: String(subject),
      result,
      reason,
    };
  });
  const asked = questions.map((question): LedgerFinding => {
    const own = statements.filter(({ statement }) => statement.inquiry === question.inquiry);
    const sound = own.filter((entry) => !faults.has(entry));
    const fault = questionFault(ledger, question, sound);
    const reason = fault ?? (question.masked ? 'masked' : null);
    const result = fault !== null ? 'failed' : reason === null ? 'verified' : 'not recomputable';
    return { execution: execution.id, subject: 'question', inquiry: question.inquiry, by: null, result, reason };
  });
  return [...found, ...asked];
}

/** Finds what is wrong with statements. */
function faultsOf(ledger: Omit<Ledger, 'children'>, keys: Record<string, LedgerKey>): Map<LedgerStatement, string> {
  const faults = new Map<LedgerStatement, string>();
  const ids = new Set<unknown>();
  let [last, newest] = [0, Number.NEGATIVE_INFINITY];
  for (const entry of ledger.statements) {
    const { statement, event, carried_from: from, verdict } = entry;
    const fault = ids.has(statement.id) ? 'repeated' : statementFault(ledger, entry, ownValue(keys, entry.kid));
    // Kept statements come from other runs and have no event of this one; all others have one.
    const isLate = event === null ? from === null : from !== null || event <= last;
    const at = event === null || verdict.result === 'refused' ? newest : Date.parse(String(statement.at));
    if (fault !== null || isLate || at < newest - CLOCK_TOLERANCE) faults.set(entry, fault ?? 'reordered');
    else newest = Math.max(newest, at);
    ids.add(statement.id);
    last = Math.max(last, event ?? 0);
  }
  return faults;
}

function statementFault(
  ledger: Omit<Ledger, 'children'>,
  entry: LedgerStatement,
  key: LedgerKey | undefined,
): string | null {
  const { statement, sig, given } = entry;
  if (key === undefined) return 'unknown_key';
  const revoked = key.revoked_at ?? null;
  if (revoked !== null && !(Date.parse(String(statement.at)) < Date.parse(revoked))) return 'revoked_key';
  const type = statement.type === 'delegate' ? 'delegate' : 'decision';
  if (given !== null && !matchesHashes(statement, given, type)) return 'altered';
  if (!isSignedBy(key.x, statement, sig)) return 'bad_signature';
  if (statement.type !== type || !isForRun(ledger, entry)) return 'wrong_run';
  const question = ledger.questions.find(({ inquiry }) => inquiry === statement.inquiry);
  if (question === undefined) return 'unknown_question';
  // A delegation is about who decides, not about the binding.
  return type === 'delegate' ? null : bindingFault(question, entry);
}

/** Returns whether a statement was made for the run of the ledger, or kept from another run that it names. */
function isForRun(
  { execution }: Pick<Ledger, 'execution'>,
  { statement, carried_from: from }: LedgerStatement,
): boolean {
  const origin = from === null ? null : parseExecutionId(String(from));
  const uuid = origin === null ? execution.uuid : origin === undefined ? '' : deriveUuid(origin.n);
  const isOwn = from !== null && uuid === execution.uuid;
  const isHere = statement.tenant === execution.tenant && statement.execution === uuid && !isOwn;
  return isHere && hasOwnId(execution) && (from !== null || statement.chain === execution.chain);
}

function bindingFault(question: LedgerQuestion, { statement, carried_from: from, verdict }: LedgerStatement) {
  if (verdict.result === 'refused' || !question.request.bind) return null;
  // A kept decision is bound to the question as it was in the run of the decision.
  const same = from === null ? statement.bound_to === question.bound_to : statement.what === question.what;
  return same ? null : 'binding_changed';
}

/** Returns whether both ids of an execution name the same run. */
function hasOwnId({ id, uuid }: Ledger['execution']): boolean {
  const n = parseExecutionId(uuid)?.n;
  return n !== undefined && integerId(n) === id;
}

/** Returns what is wrong with a question, given its valid statements; null: nothing. */
function questionFault(
  ledger: Omit<Ledger, 'children'>,
  question: LedgerQuestion,
  statements: readonly LedgerStatement[],
): string | null {
  if (ledger.digest === null) return 'digest_missing';
  if (!hasOwnId(ledger.execution)) return 'wrong_run';
  const isKept = statements.some(({ carried_from: from }) => from !== null);
  if (!question.masked && !isDigestOf(ledger.execution, ledger.digest, question, isKept)) return 'digest_differs';
  const expires = question.expires_at === null ? null : Date.parse(question.expires_at);
  const before: Judged = { status: 'pending', votes: [], expires, delegations: [] };
  for (const entry of statements) {
    const fault =
      entry.statement.type === 'delegate'
        ? delegationFault(ledger, question, entry, before)
        : decisionFault(ledger, question, entry, before);
    if (fault !== null) return fault;
  }
  const decided = question.status === 'approved' || question.status === 'denied';
  if (decided && before.status !== question.status) return 'statements_missing';
  return !decided && before.status !== 'pending' ? 'outcome_differs' : null;
}

function isDigestOf(
  execution: Ledger['execution'],
  digest: NonNullable<Ledger['digest']>,
  { inquiry: key, request, plan, what, bound_to: bound }: LedgerQuestion,
  isKept: boolean,
): boolean {
  const n = parseExecutionId(execution.uuid)?.n ?? -1;
  const run = { n, tenant: execution.tenant } as RunInput; // no more of it counts
  const { digest: again } = digestQuestion(run, digest, { key, request, plan });
  // A decision that a retry kept is bound to the question of another run.
  return again.what === what && (isKept || again.bound_to === bound);
}

/** A question as its statements leave it, one by one; `expires` in milliseconds. */
interface Judged {
  status: InquiryStatus;
  votes: Vote[];
  expires: number | null;
  delegations: DelegationRecord[];
}

/** Returns what is wrong with a decision, given the statements before it; null: nothing. A decision that counts is added to `before`. */
function decisionFault(
  { execution }: Pick<Ledger, 'execution'>,
  question: LedgerQuestion,
  entry: LedgerStatement,
  before: Judged,
): string | null {
  const { statement, given, verdict } = entry;
  const { request, bound_to: bound } = question;
  const { subject: by = null, ...said } = statement;
  const decision = parseDecision({ ...said, by, response: given?.response ?? null, comment: given?.comment ?? null });
  if (decision === null) return 'malformed';
  const checked = given === null ? { ...request, response_schema: null } : request;
  const ruled = { ...before, request: checked, bound: decision.bound_to ?? bound };
  const found = judge(ruled, decision, startersFor(execution, entry), execution.interpreter);
  if (verdict.result === 'refused') {
    const isWrong =
      found.result !== 'refused' && mustBeRight(question, verdict.reason, decision.bound_to, given !== null);
    return isWrong ? 'verdict_differs' : null;
  }
  if (found.result === 'refused') return found.reason;
  if (found.result !== verdict.result) return 'verdict_differs';
  before.votes.push(buildVote(request, decision));
  if (found.result === 'decided') before.status = found.outcome;
  return null;
}

/**
 * Returns what is wrong with a delegation, given the statements before it; null: nothing. A delegation that counts is added to `before`.
 */
function delegationFault(
  { execution }: Pick<Ledger, 'execution'>,
  question: LedgerQuestion,
  entry: LedgerStatement,
  before: Judged,
): string | null {
  const { statement, given, verdict } = entry;
  const { subject: by = null, ...said } = statement;
  const delegation = parseDelegation({ ...said, by, reason: given?.reason ?? null });
  if (delegation === null) return 'malformed';
  const starters = startersFor(execution, entry);
  const found = judgeDelegation({ ...before, request: question.request }, delegation, starters, execution.interpreter);
  if (verdict.result === 'refused') {
    const isWrong = found.result !== 'refused' && mustBeRight(question, verdict.reason, null, given !== null);
    return isWrong ? 'verdict_differs' : null;
  }
  if (verdict.result !== 'delegated') return 'verdict_differs';
  const isHidden = question.masked && found.result === 'refused' && HIDDEN_REASONS.includes(found.reason);
  if (found.result === 'refused' && !isHidden) return found.reason;
  before.delegations.push({ delegation, verdict, taken: delegation.at });
  return null;
}

/**
 * Returns the known starters of the execution in which a statement was made. For a decision kept from an earlier execution that is only
 * the first starter: the others may have come with a retry.
 */
function startersFor({ starters }: Ledger['execution'], { carried_from: from }: LedgerStatement): string[] {
  return from === null ? starters : starters.slice(0, 1);
}

/**
 * Returns whether a refusal for a reason is only right if the rules refuse the statement now, too. Other reasons depend on the moment at
 * which the run took the statement, or on what is hidden. `decided` is the `bound_to` of a decision.
 */
function mustBeRight(
  { status, masked, bound_to: bound }: LedgerQuestion,
  reason: Reason,
  decided: string | null,
  isGiven: boolean,
): boolean {
  if (reason === 'expired') return status !== 'expired';
  if (reason === 'withdrawn') return status !== 'cancelled';
  if (reason === 'binding_changed') return decided === bound || decided === null;
  if (reason === 'response_invalid' && !isGiven) return false;
  return !masked || !HIDDEN_REASONS.includes(reason);
}
