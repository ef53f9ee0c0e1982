import { type Decider, delegationTo, type RuledInquiry } from '../../interpreter/inquiry-rules.ts';
import { AppError, type ErrorCode } from '../../model/app-error.ts';
import { heldDelegations, type PersonRefusal } from '../../model/delegation.ts';
import type { Decision, Inquiry, InquiryRequest } from '../../model/inquiry.ts';
import { grantName } from '../../model/names.ts';
import { hasPermission } from '../../model/permissions.ts';
import { NOBODY_ID, type Principal } from '../../model/principal.ts';
import type { People } from '../access/people.ts';

/** The codes of the refusals that decisions and delegations share. */
export const PERSON_REFUSALS: Readonly<Record<PersonRefusal, ErrorCode>> = {
  already_decided: 'already_decided',
  already_voted: 'already_voted',
  expired: 'inquiry_expired',
  withdrawn: 'inquiry_withdrawn',
  not_allowed: 'not_an_approver',
  self_approval: 'self_approval',
};

/** Reports whether a known principal may decide questions at all. */
export function mayDecide(principal: Principal): boolean {
  return principal.kind === 'person' && hasPermission(principal, 'inquiry:respond');
}

/** Throws `person_required` or `forbidden` unless a principal may override questions. */
export function demandOverrider(principal: Principal): void {
  demandPerson(principal);
  const permission = 'inquiry:override';
  if (hasPermission(principal, permission)) return;
  const message = `${principal.subject} may not override decisions: the permission "${permission}" is required`;
  throw new AppError('forbidden', message, { details: { permission } });
}

function demandPerson({ kind, subject }: Pick<Principal, 'kind' | 'subject'>): void {
  if (kind !== 'person') throw new AppError('person_required', `${subject} is not a person: only people can decide`);
}

/**
 * Throws unless a principal may decide a question, as far as that does not depend on the run: `person_required` for a service or an
 * agent, `forbidden` without the permission `inquiry:respond`, `not_an_approver` for a mail address that belongs to nobody and is not
 * among the approvers.
 */
export function demandDecider(principal: Principal, { approvers }: Pick<InquiryRequest, 'approvers'>): void {
  demandPerson(principal);
  const { id, subject } = principal;
  if (id === NOBODY_ID) {
    if (approvers.some((name) => grantName(name) === grantName(subject))) return;
    throw new AppError('not_an_approver', `${subject} is not asked`);
  }
  const permission = 'inquiry:respond';
  if (hasPermission(principal, permission)) return;
  throw new AppError('forbidden', `${subject} may not decide: the permission "${permission}" is required`, {
    details: { permission },
  });
}

/** Converts an inquiry to the form that the interpreter's rules need. */
export function ruledInquiry(inquiry: Inquiry): Inquiry & Pick<RuledInquiry, 'bound' | 'expires'> {
  const { expires_at, bound_to: bound } = inquiry;
  return { ...inquiry, bound, expires: expires_at === null ? null : Date.parse(expires_at) };
}

/**
 * Returns the identity with which a principal decides an inquiry: all names and groups of the person, and on whose behalf, if the
 * inquiry was delegated to them. In a run whose interpreter does not end delegations, a delegation ends when one of the two is
 * disabled.
 */
export async function identifyDecider(
  principals: Pick<People, 'namesOf' | 'wasDisabledSince'>,
  principal: Principal,
  { delegations }: Pick<Inquiry, 'delegations'>,
): Promise<Decider & Pick<Decision, 'on_behalf_of'>> {
  const { subject: by, groups, tenant } = principal;
  const decider = { by, names: await principals.namesOf(principal), groups };
  const delegation = delegationTo(heldDelegations({ delegations }), decider);
  if (delegation === undefined) return decider;
  const { by: from, names, to, to_names, at, standing } = delegation;
  const ended =
    standing === undefined && (await principals.wasDisabledSince(tenant, [from, ...names, to, ...to_names], at));
  return ended ? decider : { ...decider, on_behalf_of: from };
}
