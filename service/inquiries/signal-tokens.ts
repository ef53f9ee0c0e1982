import { randomUUID } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import type { Inquiry } from '../../model/inquiry.ts';
import { inquiryId } from '../../model/inquiry-id.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import { isClosed } from '../../model/status.ts';
import type { PrincipalService } from '../access/principals.ts';
import type { Sealer } from '../access/sealer.ts';
import { demandSignalName, type ExecutionCommands } from '../executions/commands.ts';
import type { ExecutionReader } from '../executions/reader.ts';
import type { InquiryService } from './inquiries.ts';

/** The types of the CloudEvents in tokens. */
const DECISION_TYPE = 'io.fermata.inquiry.decision';
const SIGNAL_TYPE = 'io.fermata.signal';

/** The most seconds for which a token is valid: a day. */
const LONGEST = 86_400;

/** An issued token. */
export interface IssuedToken {
  token: string;
  expiresAt: Date;
  workflowId: string;
}

/** The CloudEvent (1.0) in a token; attributes that begin with `fermata` are Fermata's claims. Times are ISO 8601. */
interface SignalEvent {
  specversion: '1.0';
  id: string;
  type: string;
  source: string;
  /** The key of the inquiry, or the name of the signal. */
  subject: string;
  time: string;
  datacontenttype: 'application/json';
  data: Json;
  fermatarun: string;
  fermatatenant: string;
  fermataaudience: string;
  fermataexpires: string;
  fermatabound?: string;
}

/** Issues and accepts tokens that hold an encrypted signal. */
export interface SignalTokenService {
  /**
   * Issues a token that makes one decision of the caller about what was shown: `boundTo`, or the present state. Throws what `respond`
   * throws for a caller who may not decide, and for a question that was decided or has changed.
   */
  issueDecision(
    principal: Principal,
    id: string,
    options: { option: string; boundTo?: string | undefined },
  ): Promise<IssuedToken>;
  /**
   * Issues a token with which the caller sends a signal. Throws `request_invalid` for a reserved name, `execution_not_found`,
   * `execution_closed`.
   */
  issueSignal(
    principal: Principal,
    id: string,
    options: { name: string; payload: Json; expiresIn: number },
  ): Promise<IssuedToken>;
  /**
   * Carries out a token for the person that it was issued to; `decides` distinguishes a decision from a plain signal. Throws
   * `token_invalid`, `token_wrong_execution`, `token_expired`, `token_not_yours`, `token_used`, and what a decision or a signal throws.
   */
  present(
    principal: Principal,
    id: string,
    token: string,
    requestId?: string,
  ): Promise<{ workflowId: string; decides: boolean }>;
}

/** The dependencies of the service. */
export interface SignalTokenDependencies {
  sealer: Sealer;
  executions: Pick<ExecutionReader, 'get'> & Pick<ExecutionCommands, 'signal'>;
  inquiries: InquiryService;
  principals: PrincipalService;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the service. */
export function createSignalTokenService({
  sealer,
  executions,
  inquiries,
  principals,
  clock,
}: SignalTokenDependencies): SignalTokenService {
  async function issue(
    { tenant, subject: audience }: Principal,
    event: Pick<SignalEvent, 'type' | 'subject' | 'data'> & { workflowId: string; bound?: string },
    until: number,
  ): Promise<IssuedToken> {
    const now = clock();
    const expiresAt = new Date(Math.min(until, now + LONGEST * 1000));
    const { workflowId, bound, ...rest } = event;
    const sealed: SignalEvent = {
      specversion: '1.0',
      id: randomUUID(),
      source: `/executions/${workflowId}`,
      time: new Date(now).toISOString(),
      datacontenttype: 'application/json',
      ...rest,
      fermatarun: workflowId,
      fermatatenant: tenant,
      fermataaudience: audience,
      fermataexpires: expiresAt.toISOString(),
      ...(bound === undefined ? {} : { fermatabound: bound }),
    };
    return { token: await sealer.seal(sealed as unknown as Json), expiresAt, workflowId };
  }

  /** Throws unless a token is valid for this execution, and the caller is the person that it was issued to. */
  async function demandBearer(principal: Principal, { workflowId }: Execution, event: SignalEvent): Promise<void> {
    if (event.fermatarun !== workflowId || event.fermatatenant !== principal.tenant) {
      throw new AppError('token_wrong_execution', 'the token is for another execution');
    }
    if (Date.parse(event.fermataexpires) <= clock()) throw new AppError('token_expired', 'the token has expired');
    if (!(await principals.namesOf(principal)).includes(event.fermataaudience)) {
      throw new AppError('token_not_yours', 'the token is for somebody else');
    }
  }

  /** Sends the signal of a token. */
  async function send(principal: Principal, id: string, { status }: Execution, event: SignalEvent): Promise<void> {
    // A token is presented once: unlike a request, it is not repeated after the run has closed.
    if (isClosed(status)) throw new AppError('execution_closed', `Execution with ID ${id} has already ended`);
    await executions.signal(principal, id, { name: event.subject, payload: event.data, idempotencyKey: event.id });
  }

  /** Makes the decision of a token. */
  async function decide(
    principal: Principal,
    id: string,
    { memo, inquiries: asked }: Execution,
    event: SignalEvent,
    requestId: string | undefined,
  ): Promise<void> {
    if (event.fermatabound === undefined) {
      throw new AppError('token_invalid', 'the token does not contain the bound_to of the inquiry');
    }
    const inquiry = asked.find(({ key }) => key === event.subject);
    if (inquiry === undefined) throw new AppError('inquiry_not_found', 'the inquiry is no longer open');
    if (inquiry.decisions.some(({ decision }) => decision.id === event.id)) {
      throw new AppError('token_used', 'the token has already been used');
    }
    const { option, response = null, comment = null } = event.data as JsonObject;
    if (memo === null) throw new AppError('inquiry_not_found', `Execution with ID ${id} has no open inquiry`);
    await inquiries.respond(principal, inquiryId(memo.n, inquiry), {
      option: option as string,
      response,
      comment: comment as string | null,
      channel: 'token',
      id: event.id,
      boundTo: event.fermatabound,
      requestId,
    });
  }

  return {
    async issueDecision(principal, id, { option, boundTo }) {
      const view = await inquiries.get(principal, id);
      const { inquiry, execution } = view;
      await inquiries.demandApprover(principal, view);
      demandOpen(inquiry);
      if (!inquiry.request.options.some(({ ref }) => ref === option)) {
        throw new AppError('option_unknown', `option "${option}" not found`);
      }
      const until = inquiry.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(inquiry.expires_at);
      if (boundTo !== undefined && boundTo !== inquiry.bound_to && inquiry.request.bind) {
        throw new AppError(
          'binding_changed',
          'what approval would run has changed since it was shown: look at the inquiry again',
        );
      }
      const data: JsonObject = { option, response: null, comment: null };
      const event = { type: DECISION_TYPE, subject: inquiry.key, data, bound: boundTo ?? inquiry.bound_to };
      return issue(principal, { ...event, workflowId: execution.workflowId }, until);
    },

    async issueSignal(principal, id, { name, payload, expiresIn }) {
      demandSignalName(name);
      const { execution } = await executions.get(principal, id);
      if (isClosed(execution.status))
        throw new AppError('execution_closed', `Execution with ID ${id} has already ended`);
      const event = { type: SIGNAL_TYPE, subject: name, data: payload, workflowId: execution.workflowId };
      return issue(principal, event, clock() + expiresIn * 1000);
    },

    async present(principal, id, token, requestId) {
      const event = readEvent(await sealer.open(token));
      const { execution } = await executions.get(principal, id);
      await demandBearer(principal, execution, event);
      const decides = event.type !== SIGNAL_TYPE;
      if (decides) await decide(principal, id, execution, event, requestId);
      else await send(principal, id, execution, event);
      return { workflowId: execution.workflowId, decides };
    },
  };
}

/** Throws `inquiry_expired`, `inquiry_withdrawn` or `already_decided` unless an inquiry is pending. */
function demandOpen({ status, votes }: Inquiry): void {
  if (status === 'pending') return;
  if (status === 'expired') throw new AppError('inquiry_expired', 'nobody decided in time');
  if (status === 'cancelled') throw new AppError('inquiry_withdrawn', 'the question was withdrawn');
  throw new AppError('already_decided', `${status} already, by ${votes.map(({ by }) => by).join(', ')}`);
}

function readEvent(event: JsonObject): SignalEvent {
  const texts = ['id', 'type', 'source', 'subject', 'fermatarun', 'fermatatenant', 'fermataaudience', 'fermataexpires'];
  const known = event.type === DECISION_TYPE || event.type === SIGNAL_TYPE;
  if (event.specversion !== '1.0' || !known || texts.some((name) => typeof event[name] !== 'string')) {
    throw new AppError('token_invalid', 'the token does not contain a CloudEvents signal');
  }
  return event as unknown as SignalEvent; // sealed by us, and looked at
}

/** Returns the URL at which a token is presented. */
export function presentationUrl(publicUrl: string, { token, workflowId }: IssuedToken): string {
  return `${publicUrl}/api/v1/execution/${workflowId}/signal?input=${token}`;
}
