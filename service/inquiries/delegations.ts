import { randomUUID } from 'node:crypto';
import { judgeDelegation, MAX_DELEGATIONS } from '../../interpreter/delegation-rules.ts';
import { isSamePerson } from '../../interpreter/inquiry-rules.ts';
import { AppError, type ErrorCode } from '../../model/app-error.ts';
import {
  type Delegation,
  type DelegationRefusal,
  type DelegationVerdict,
  heldDelegations,
} from '../../model/delegation.ts';
import { inquiryId } from '../../model/inquiry-id.ts';
import type { Principal } from '../../model/principal.ts';
import { INTERPRETER_VERSION } from '../../model/run-input.ts';
import { startersOf } from '../../model/run-starters.ts';
import type { AuditService } from '../access/audit.ts';
import type { People } from '../access/people.ts';
import type { OnceSettled } from '../statements/settled-runs.ts';
import { demandDecider, PERSON_REFUSALS, ruledInquiry } from './deciders.ts';
import { canEnd, type DelegationEnds, endDelegation, peopleOf } from './delegation-ends.ts';
import type { SendDelegation } from './delegation-signals.ts';
import type { InquiryService, InquiryView } from './inquiries.ts';

/** A request that another person (`to`: a subject or another name) decides on the caller's behalf, or no longer does. */
export interface DelegationRequest {
  reason: string | null;
  /** The id of the request, for the audit log. */
  requestId?: string | undefined;
}

/** The result of a delegation; `received`: no worker has processed it yet. */
export interface Delegated {
  result: 'delegated' | 'received';
  view: InquiryView;
}

/** An accepted delegation, with the person to whom it was made. */
type Taken = Delegated & { to: string };

/** Lets people delegate their decisions to other people. */
export interface DelegationService {
  /**
   * Delegates the caller's decision about an inquiry; the caller can then no longer decide it. Refuses at once what the run would
   * refuse; otherwise waits for the verdict of the run. Throws `inquiry_not_found`, `person_required`, `forbidden`, `not_an_approver`,
   * `self_approval`, `already_decided`, `already_voted`, `not_delegable`, `delegate_unsuitable`, `inquiry_expired`,
   * `inquiry_withdrawn`, `decisions_full`, `signing_key_missing`, `busy`.
   */
  delegate(principal: Principal, id: string, request: DelegationRequest & { to: string }): Promise<Delegated>;
  /**
   * Withdraws the caller's delegation, so that the caller decides again. Refuses and waits as `delegate` does. Throws
   * `inquiry_not_found`, `not_an_approver` where there is no delegation or the run is of an interpreter before 10, `already_decided`,
   * `already_voted` when the other person has decided, `inquiry_expired`, `inquiry_withdrawn`, `signing_key_missing`, `busy`.
   */
  withdraw(principal: Principal, id: string, request: DelegationRequest): Promise<Delegated>;
}

/** The dependencies of the service. */
export interface DelegationServices {
  inquiries: Pick<InquiryService, 'get'>;
  principals: Pick<People, 'findNamed' | 'mailAddressOf' | 'namesOf' | 'standingOf'>;
  audit: AuditService;
  ends: DelegationEnds;
  send: SendDelegation;
  onceSettled: OnceSettled;
  clock: () => number;
}

/** Creates the service. */
export function createDelegationService(services: DelegationServices): DelegationService {
  const { inquiries, principals, audit, ends, send, onceSettled, clock } = services;

  /** Finds the person with a name, if they may decide now. */
  async function personNamed({ tenant }: Principal, name: string, { inquiry }: InquiryView): Promise<Principal> {
    const person = await principals.findNamed(tenant, name);
    if (person === null) throw new AppError('delegate_unsuitable', `person "${name}" not found`);
    try {
      demandDecider(person, inquiry.request);
    } catch (cause) {
      if (!(cause instanceof AppError)) throw cause;
      throw new AppError('delegate_unsuitable', cause.message, { cause });
    }
    return person;
  }

  async function take(principal: Principal, view: InquiryView, delegation: Delegation): Promise<Taken> {
    const { execution, inquiry } = view;
    const foreseen = foresee(view, delegation);
    if (foreseen.result === 'refused') throw refusalOf(foreseen);
    if (delegation.ends === undefined && (inquiry.delegations ?? []).length >= MAX_DELEGATIONS) {
      throw new AppError('decisions_full', `an inquiry accepts at most ${MAX_DELEGATIONS} delegations`);
    }
    const record = await send(execution, delegation, principal.subject);
    if (record === 'closed')
      throw new AppError('inquiry_withdrawn', 'the execution has ended: the inquiry is no longer open');
    if (record !== null && record.verdict.result === 'refused') throw refusalOf(record.verdict);
    const now = await inquiries.get(principal, inquiryId(view.n, inquiry));
    return { result: record === null ? 'received' : 'delegated', view: now, to: delegation.to };
  }

  /** Delegates the decision of a caller as the run stands. */
  async function delegateNow(
    principal: Principal,
    found: InquiryView,
    request: DelegationRequest & { to: string },
  ): Promise<Taken> {
    const view = (await ends.endStale(principal, found))
      ? await inquiries.get(principal, inquiryId(found.n, found.inquiry))
      : found;
    const names = await principals.namesOf(principal);
    const made = { id: randomUUID(), inquiry: view.inquiry.key, reason: request.reason };
    const from = { by: principal.subject, names, groups: principal.groups, at: new Date(clock()).toISOString() };
    // Who may not delegate at all does not find out who there is.
    const unnamed = foresee(view, { ...made, ...from, to: '', to_names: [], to_groups: [] });
    if (unnamed.result === 'refused') throw refusalOf(unnamed);
    const person = await personNamed(principal, request.to, view);
    const other = { to: person.subject, to_names: await principals.namesOf(person), to_groups: person.groups };
    const delegation: Delegation = { ...made, ...from, ...other };
    // A run of an earlier interpreter would keep what it does not know.
    if (canEnd(view.execution)) {
      delegation.standing = await principals.standingOf(principal.tenant, peopleOf(delegation));
      delegation.to_email = await principals.mailAddressOf(person);
    }
    return take(principal, view, delegation);
  }

  /** Takes back the delegation of a caller as the run stands. */
  async function withdrawNow(principal: Principal, view: InquiryView, reason: string | null): Promise<Taken> {
    const caller = { by: principal.subject, names: await principals.namesOf(principal) };
    const held = heldDelegations(view.inquiry);
    const own = held.find((delegation) => isSamePerson(delegation, caller, INTERPRETER_VERSION));
    if (own === undefined || !canEnd(view.execution)) {
      throw new AppError('not_an_approver', `${principal.subject} has not delegated this inquiry`);
    }
    return take(principal, view, endDelegation(own, principal.subject, 'withdrawn', reason, clock()));
  }

  /** Runs one of the use cases, and writes what became of it to the audit log: also what was refused. */
  async function audited(
    principal: Principal,
    id: string,
    { to, reason, requestId }: DelegationRequest & { to: string },
    work: (view: InquiryView) => Promise<Taken>,
    operation: 'inquiry.delegate' | 'inquiry.withdraw_delegation' = 'inquiry.delegate',
  ): Promise<Delegated> {
    const view = await inquiries.get(principal, id);
    const note = (person: string, result: string) => {
      const details = { kind: principal.kind, to: person, result };
      return audit.record(principal, { operation, target: id, reason, requestId: requestId ?? null, details });
    };
    try {
      const { to: person, ...done } = await work(view);
      await note(person, done.result);
      return done;
    } catch (error) {
      if (error instanceof AppError && error.status < 500) await note(to, error.code);
      throw error;
    }
  }

  return {
    delegate: (principal, id, request) =>
      audited(principal, id, request, async (found) => {
        demandDecider(principal, found.inquiry.request);
        return onceSettled(
          found,
          (view) => delegateNow(principal, view, request),
          () => inquiries.get(principal, id),
        );
      }),

    withdraw: (principal, id, { reason, requestId }) =>
      audited(
        principal,
        id,
        { to: principal.subject, reason, requestId },
        async (found) => {
          demandDecider(principal, found.inquiry.request);
          return onceSettled(
            found,
            (view) => withdrawNow(principal, view, reason),
            () => inquiries.get(principal, id),
          );
        },
        'inquiry.withdraw_delegation',
      ),
  };
}

/** Returns what a run would make of a delegation as it stands. */
function foresee({ execution, inquiry }: InquiryView, delegation: Delegation): DelegationVerdict {
  return judgeDelegation(ruledInquiry(inquiry), delegation, startersOf(execution), INTERPRETER_VERSION);
}

const CODES: Record<DelegationRefusal, ErrorCode> = {
  ...PERSON_REFUSALS,
  not_delegable: 'not_delegable',
  delegate_unsuitable: 'delegate_unsuitable',
};

function refusalOf({ reason, message }: DelegationVerdict & { result: 'refused' }): AppError {
  return new AppError(CODES[reason], message);
}
