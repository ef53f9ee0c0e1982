import { randomUUID } from 'node:crypto';
import { barredFromDeciding, formIssues, judge } from '../../interpreter/inquiry-rules.ts';
import { OVERRIDE } from '../../interpreter/versions.ts';
import { AppError, type ErrorCode } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import { integerId } from '../../model/execution-id.ts';
import {
  type Channel,
  DECISION_SIGNAL,
  type Decision,
  type DecisionRecord,
  type Inquiry,
  type InquiryStatus,
  type RefusalReason,
  type Verdict,
  withdrawn,
} from '../../model/inquiry.ts';
import { inquiryId, parseInquiryId } from '../../model/inquiry-id.ts';
import { type Json, type JsonObject, jsonSize } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import { INTERPRETER_VERSION } from '../../model/run-input.ts';
import { startersOf } from '../../model/run-starters.ts';
import type { InquiryRow, InquiryStore } from '../../store/inquiries/inquiries.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { AuditService } from '../access/audit.ts';
import type { PrincipalService } from '../access/principals.ts';
import type { ExecutionReader, ExecutionView } from '../executions/reader.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import type { OnceSettled } from '../statements/settled-runs.ts';
import type { StatementSigner } from '../statements/statements.ts';
import { awaitVerdict } from '../statements/verdicts.ts';
import {
  demandDecider,
  demandOverrider,
  identifyDecider,
  mayDecide,
  PERSON_REFUSALS,
  ruledInquiry,
} from './deciders.ts';
import type { DelegationEnds } from './delegation-ends.ts';

/** The most bytes of JSON in the response and comment of a decision. */
const MAX_RESPONSE = 256 * 1024;

/** The most decisions that one run is sent, including refused ones. */
const MAX_DECISIONS = 10_000;

/** The most inquiries that are shown of a run that Temporal no longer has. */
const MAX_KEPT = 1_000;

/** An inquiry with its run. */
export interface InquiryView extends ExecutionView {
  inquiry: Inquiry;
}

/** An answer to an inquiry. */
export interface Answer {
  option: string;
  response: Json;
  comment: string | null;
  channel: Channel;
  /** Two answers with the same id are one decision. */
  id?: string | undefined;
  /**
   * The `bound_to` that was shown: the decision is valid for nothing else. A channel that shows the question must pass it on, and must
   * not look it up when the answer arrives; only a program that has not read the inquiry may omit it.
   */
  boundTo?: string | undefined;
  /** The id of the request, for the audit log. */
  requestId?: string | undefined;
}

/** The result of an answer; `received`: no worker has processed it yet. */
export interface Answered {
  result: 'decided' | 'counted' | 'received';
  view: InquiryView;
}

/** Reads inquiries and decides them; callers see only those of their tenant. */
export interface InquiryService {
  /** Reads an inquiry from its run. Throws `inquiry_not_found`, also for an inquiry of another tenant. */
  get(principal: Principal, id: string): Promise<InquiryView>;
  /**
   * Lists a page of the inbox, newest first; `total` counts all that match. `assigned`: only questions that the caller may decide now,
   * none for a service, an agent, or a caller without the permission. `execution`: only those of one run, by any id.
   */
  list(
    principal: Principal,
    options: { statuses?: readonly InquiryStatus[] | undefined; assigned: boolean; execution?: string | undefined },
    window: { offset: number; limit: number },
  ): Promise<{ rows: InquiryRow[]; total: number }>;
  /** Lists the inquiries of a run with their decisions. Throws `execution_not_found`. */
  ofExecution(principal: Principal, id: string): Promise<InquiryView[]>;
  /**
   * Decides an inquiry as the caller, by the same rules for every channel. Refuses at once what the run would refuse; otherwise waits
   * for the verdict of the run. Throws `inquiry_not_found`, `person_required`, `forbidden`, `not_an_approver`, `self_approval`,
   * `already_decided`, `already_voted`, `binding_changed`, `inquiry_expired`, `inquiry_withdrawn`, `option_unknown`,
   * `response_invalid`, `body_too_large`, `decisions_full`, `busy`.
   */
  respond(principal: Principal, id: string, answer: Answer): Promise<Answered>;
  /**
   * Decides an inquiry in place of everybody who is asked, as an admin who is not a starter of the run. Throws what `respond` throws
   * except `not_an_approver` and `already_voted`, and `override_unsupported` for a run of an interpreter before 9.
   */
  override(principal: Principal, id: string, answer: Answer): Promise<Answered>;
  /** Returns an inquiry without the delegations by or to a principal that no longer hold; a decision of the principal ends them. */
  withoutStale(principal: Principal, inquiry: Inquiry): Promise<Inquiry>;
  /** Finds where a response does not match the schema of a form. */
  checkForm(schema: JsonObject, response: Json): { path: string; message: string }[];
  /** Throws `person_required`, `forbidden`, `not_an_approver` or `self_approval` unless a principal may decide an inquiry now. */
  demandApprover(principal: Principal, view: InquiryView): Promise<void>;
}

/** The dependencies of the service. */
export interface InquiryDependencies {
  temporal: Temporal;
  projections: ProjectionReader;
  executions: Pick<ExecutionReader, 'get' | 'numberOf'>;
  store: InquiryStore;
  principals: PrincipalService;
  audit: AuditService;
  signer: StatementSigner;
  ends: DelegationEnds;
  onceSettled: OnceSettled;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the service. */
export function createInquiryService({
  temporal,
  projections,
  executions,
  store,
  principals,
  audit,
  signer,
  ends,
  onceSettled,
  clock,
}: InquiryDependencies): InquiryService {
  const missing = (id: string) => new AppError('inquiry_not_found', `Inquiry with ID ${id} not found`);

  async function get(principal: Principal, id: string): Promise<InquiryView> {
    const parsed = parseInquiryId(id);
    if (parsed === undefined) throw missing(id);
    const found = await executions.get(principal, String(integerId(parsed.n))).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'execution_not_found' ? missing(id) : error;
    });
    const inquiry = (await inquiriesOf(principal, found)).find(parsed.is);
    if (inquiry === undefined) throw missing(id);
    return { ...found, inquiry };
  }

  /** Returns the inquiries of a run; for a run that Temporal no longer has, those that the inbox kept. */
  async function inquiriesOf({ tenant }: Principal, { n, execution }: ExecutionView): Promise<Inquiry[]> {
    if (!execution.expired) return execution.inquiries;
    const { rows } = await store.list(tenant, { n }, { offset: 0, limit: MAX_KEPT });
    return rows.map(({ inquiry }) => withdrawn(inquiry));
  }

  async function decisionOf(
    principal: Principal,
    { inquiry }: InquiryView,
    answer: Answer,
    overrides: boolean,
  ): Promise<Decision> {
    const { option, response, comment, channel, id = randomUUID(), boundTo = inquiry.bound_to } = answer;
    const { on_behalf_of, ...decider } = await identifyDecider(principals, principal, inquiry);
    const decision: Decision = {
      id,
      inquiry: inquiry.key,
      option,
      response,
      comment,
      channel,
      bound_to: boundTo,
      ...decider,
      at: new Date(clock()).toISOString(),
    };
    if (overrides) decision.override = true;
    else if (on_behalf_of !== undefined) decision.on_behalf_of = on_behalf_of;
    return decision;
  }

  /** Decides an inquiry and writes the result, or the refusal, to the audit log. */
  async function take(
    operation: 'inquiry.respond' | 'inquiry.override',
    principal: Principal,
    id: string,
    answer: Answer,
  ): Promise<Answered> {
    const view = await get(principal, id);
    const { channel, option, boundTo = view.inquiry.bound_to, comment: reason, requestId = null } = answer;
    const note = (result: string) => {
      const details = { kind: principal.kind, channel, option, bound_to: boundTo, result };
      return audit.record(principal, { operation, target: id, reason, requestId, details });
    };
    try {
      const answered = await decide(principal, view, answer, operation === 'inquiry.override');
      await note(answered.result);
      return answered;
    } catch (error) {
      if (error instanceof AppError && error.status < 500) await note(error.code);
      throw error;
    }
  }

  async function decide(
    principal: Principal,
    found: InquiryView,
    answer: Answer,
    overrides: boolean,
  ): Promise<Answered> {
    if (overrides) demandOverridable(principal, found);
    else demandDecider(principal, found.inquiry.request);
    if (jsonSize([answer.response, answer.comment]) > MAX_RESPONSE) {
      throw new AppError('body_too_large', `an answer must not have more than ${MAX_RESPONSE} bytes`);
    }
    return onceSettled(
      found,
      (view) => decideNow(principal, view, answer, overrides),
      () => get(principal, inquiryId(found.n, found.inquiry)),
    );
  }

  /** Decides an inquiry of a run that has processed everything it was sent. */
  async function decideNow(
    principal: Principal,
    found: InquiryView,
    answer: Answer,
    overrides: boolean,
  ): Promise<Answered> {
    const view = (await ends.endStale(principal, found))
      ? await get(principal, inquiryId(found.n, found.inquiry))
      : found;
    const { execution, inquiry } = view;
    const decision = await decisionOf(principal, view, answer, overrides);
    // This decision was sent before: its result is known.
    const before = recordOf(execution, decision.id);
    if (before !== undefined) return answered(before, view);
    if (execution.inquiries.reduce((sum, { decisions }) => sum + decisions.length, 0) >= MAX_DECISIONS) {
      throw new AppError('decisions_full', `an execution accepts at most ${MAX_DECISIONS} decisions`);
    }
    const foreseen = foresee(view, decision);
    if (foreseen.result === 'refused') throw refusalOf(foreseen);
    const { workflowId } = execution;
    const payload = signer.sealDecision(execution, decision, inquiry.what);
    const { subject: identity } = principal;
    const taken = await temporal.signal(workflowId, {
      name: DECISION_SIGNAL,
      payload,
      identity,
      requestId: decision.id,
    });
    const record = taken
      ? await awaitVerdict({ temporal, projections }, execution, decision.id, (now) => recordOf(now, decision.id))
      : 'closed';
    const now = await get(principal, inquiryId(view.n, inquiry));
    if (record === null) return { result: 'received', view: now };
    if (record !== 'closed') return answered(record, now);
    // The run has ended without the decision, mostly because somebody else decided first.
    const late = foresee(now, decision);
    if (late.result === 'refused') throw refusalOf(late);
    throw new AppError('inquiry_withdrawn', 'the execution has ended: the inquiry is no longer open');
  }

  return {
    get,

    async list(principal, { statuses, assigned, execution }, window) {
      const { tenant, groups } = principal;
      if (assigned && !mayDecide(principal)) return { rows: [], total: 0 };
      const who = assigned ? { names: await principals.namesOf(principal), groups } : undefined;
      const n = execution === undefined ? undefined : await executions.numberOf(principal, execution);
      if (n === null) return { rows: [], total: 0 };
      return store.list(tenant, { statuses, n, assigned: who }, window);
    },

    async ofExecution(principal, id) {
      const found = await executions.get(principal, id);
      return (await inquiriesOf(principal, found)).map((inquiry) => ({ ...found, inquiry }));
    },

    respond: (principal, id, answer) => take('inquiry.respond', principal, id, answer),

    override: (principal, id, answer) => take('inquiry.override', principal, id, answer),

    withoutStale: (principal, inquiry) => ends.withoutStale(principal, inquiry),

    checkForm: (schema, response) => formIssues(schema, response, INTERPRETER_VERSION),

    async demandApprover(principal, { execution, inquiry }) {
      demandDecider(principal, inquiry.request);
      const standing = await ends.withoutStale(principal, inquiry);
      const person = await identifyDecider(principals, principal, standing);
      const barred = barredFromDeciding(standing, person, startersOf(execution), INTERPRETER_VERSION);
      if (barred !== null) throw refusalOf(barred);
    },
  };
}

/** Throws unless a principal may override a question of this run. */
function demandOverridable(principal: Principal, { execution }: InquiryView): void {
  demandOverrider(principal);
  if (execution.run === null || execution.run.interpreter >= OVERRIDE) return;
  const message =
    'the execution was started by a version of Fermata without overrides: let the people who are asked decide, or cancel it';
  throw new AppError('override_unsupported', message);
}

/** Returns the verdict that the run would give to a decision now. */
function foresee({ execution, inquiry }: InquiryView, decision: Decision): Verdict {
  return judge(ruledInquiry(inquiry), decision, startersOf(execution), INTERPRETER_VERSION);
}

function recordOf({ inquiries }: Execution, id: string): DecisionRecord | undefined {
  return inquiries.flatMap(({ decisions }) => decisions).find(({ decision }) => decision.id === id);
}

function answered({ verdict }: DecisionRecord, view: InquiryView): Answered {
  if (verdict.result === 'refused') throw refusalOf(verdict);
  return { result: verdict.result, view };
}

const REFUSALS: Record<RefusalReason, ErrorCode> = {
  unknown: 'inquiry_not_found',
  malformed: 'request_invalid',
  ...PERSON_REFUSALS,
  option_unknown: 'option_unknown',
  response_invalid: 'response_invalid',
  binding_changed: 'binding_changed',
};

function refusalOf({ reason, message, issues }: Verdict & { result: 'refused' }): AppError {
  const told = issues?.map((issue) => ({ code: 'schema_mismatch', ...issue }));
  return new AppError(REFUSALS[reason], message, told === undefined ? {} : { issues: told });
}
