import { randomUUID } from 'node:crypto';
import { judgeDelegation, MAX_DELEGATIONS } from '../interpreter/delegation-rules.ts';
import { AppError, type ErrorCode } from '../model/app-error.ts';
import {
  DELEGATE_SIGNAL,
  type Delegation,
  type DelegationRecord,
  type DelegationRefusal,
  type DelegationVerdict,
} from '../model/delegation.ts';
import type { Execution } from '../model/execution.ts';
import type { Principal } from '../model/principal.ts';
import { INTERPRETER_VERSION } from '../model/run-input.ts';
import type { AuditService } from './audit.ts';
import { demandDecider, PERSON_REFUSALS, startersOf } from './deciders.ts';
import type { InquiryService, InquiryView } from './inquiries.ts';
import { inquiryId } from './inquiry-ids.ts';
import type { PrincipalService } from './principals.ts';
import type { ProjectionReader } from './projections.ts';
import type { StatementSigner } from './statements.ts';
import type { Temporal } from './temporal.ts';
import { awaitVerdict } from './verdicts.ts';

/** The wish of a caller that another person decides on their behalf. */
export interface DelegationRequest {
  /** The subject, or another name, of that person. */
  to: string;
  reason: string | null;
  /** The id of the request that brought it, for the audit log. */
  requestId?: string | undefined;
}

/** What has become of a delegation; `received`: no worker has taken it yet. */
export interface Delegated {
  result: 'delegated' | 'received';
  view: InquiryView;
}

/** Lets people who are asked have another person decide on their behalf. */
export interface DelegationService {
  /**
   * Delegates the caller's decision about an inquiry; the caller no longer decides it then. Refuses what cannot count before anything
   * is sent; otherwise waits for the run's own verdict. Throws `inquiry_not_found`, `person_required`, `forbidden`, `not_an_approver`,
   * `self_approval`, `already_decided`, `already_voted`, `not_delegable`, `delegate_unsuitable`, `inquiry_expired`,
   * `inquiry_withdrawn`, `decisions_full`, `signing_key_missing`.
   */
  delegate(principal: Principal, id: string, request: DelegationRequest): Promise<Delegated>;
}

/** What the service stands on; `clock` returns milliseconds. */
export interface DelegationServices {
  temporal: Temporal;
  projections: ProjectionReader;
  inquiries: Pick<InquiryService, 'get'>;
  principals: Pick<PrincipalService, 'findNamed' | 'namesOf'>;
  audit: AuditService;
  signer: StatementSigner;
  clock: () => number;
}

/** Creates the service. */
export function createDelegationService(services: DelegationServices): DelegationService {
  const { temporal, projections, inquiries, principals, audit, signer, clock } = services;

  /** Finds the person who has a name, as long as they may decide now. */
  async function personNamed({ tenant }: Principal, name: string, { inquiry }: InquiryView): Promise<Principal> {
    const person = await principals.findNamed(tenant, name);
    if (person === null) throw new AppError('delegate_unsuitable', `there is no person "${name}"`);
    try {
      demandDecider(person, inquiry.request);
    } catch (cause) {
      if (!(cause instanceof AppError)) throw cause;
      throw new AppError('delegate_unsuitable', cause.message, { cause });
    }
    return person;
  }

  async function send(principal: Principal, view: InquiryView, delegation: Delegation): Promise<Delegated> {
    const { execution, inquiry } = view;
    const foreseen = foresee(view, delegation);
    if (foreseen.result === 'refused') throw refusalOf(foreseen);
    if ((inquiry.delegations ?? []).length >= MAX_DELEGATIONS) {
      throw new AppError('decisions_full', `a question takes ${MAX_DELEGATIONS} delegations in all`);
    }
    const { workflowId } = execution;
    const payload = signer.sealDelegation(execution, delegation);
    const { subject: identity } = principal;
    const signal = { name: DELEGATE_SIGNAL, payload, identity, requestId: delegation.id };
    const record = (await temporal.signal(workflowId, signal))
      ? await awaitVerdict({ temporal, projections }, workflowId, (now) => recordOf(now, delegation.id))
      : 'closed';
    if (record === 'closed') throw new AppError('inquiry_withdrawn', 'the run has ended: nothing is asked any more');
    if (record !== null && record.verdict.result === 'refused') throw refusalOf(record.verdict);
    const now = await inquiries.get(principal, inquiryId(view.n, inquiry));
    return { result: record === null ? 'received' : 'delegated', view: now };
  }

  return {
    async delegate(principal, id, { to: name, reason, requestId = null }) {
      const view = await inquiries.get(principal, id);
      const note = (to: string, result: string) => {
        const details = { kind: principal.kind, to, result };
        return audit.record(principal, { operation: 'inquiry.delegate', target: id, reason, requestId, details });
      };
      try {
        demandDecider(principal, view.inquiry.request);
        const person = await personNamed(principal, name, view);
        const delegated = await send(principal, view, {
          id: randomUUID(),
          inquiry: view.inquiry.key,
          by: principal.subject,
          names: await principals.namesOf(principal),
          groups: principal.groups,
          to: person.subject,
          to_names: await principals.namesOf(person),
          to_groups: person.groups,
          reason,
          at: new Date(clock()).toISOString(),
        });
        await note(person.subject, delegated.result);
        return delegated;
      } catch (error) {
        if (error instanceof AppError && error.status < 500) await note(name, error.code);
        throw error;
      }
    },
  };
}

/** Returns what a run would make of a delegation as it stands. */
function foresee({ execution, inquiry }: InquiryView, delegation: Delegation): DelegationVerdict {
  const expires = inquiry.expires_at === null ? null : Date.parse(inquiry.expires_at);
  return judgeDelegation({ ...inquiry, expires }, delegation, startersOf(execution), INTERPRETER_VERSION);
}

function recordOf({ inquiries }: Execution, id: string): DelegationRecord | undefined {
  return inquiries.flatMap(({ delegations = [] }) => delegations).find(({ delegation }) => delegation.id === id);
}

const CODES: Record<DelegationRefusal, ErrorCode> = {
  ...PERSON_REFUSALS,
  not_delegable: 'not_delegable',
  delegate_unsuitable: 'delegate_unsuitable',
};

function refusalOf({ reason, message }: DelegationVerdict & { result: 'refused' }): AppError {
  return new AppError(CODES[reason], message);
}
