import { AppError } from '../model/app-error.ts';
import type { InquiryRequest } from '../model/inquiry.ts';
import { grantName } from '../model/names.ts';
import { hasPermission } from '../model/permissions.ts';
import { NOBODY_ID, type Principal } from '../model/principal.ts';

/** Returns whether a principal who is known may decide questions at all. */
export function mayDecide(principal: Principal): boolean {
  return principal.kind === 'person' && hasPermission(principal, 'inquiry:respond');
}

/** Throws `person_required` or `forbidden` unless a principal may override questions. */
export function demandOverrider(principal: Principal): void {
  demandPerson(principal);
  const permission = 'inquiry:override';
  if (hasPermission(principal, permission)) return;
  const message = `${principal.subject} may not override: the permission ${permission} is missing`;
  throw new AppError('forbidden', message, { details: { permission } });
}

function demandPerson({ kind, subject }: Pick<Principal, 'kind' | 'subject'>): void {
  if (kind !== 'person') throw new AppError('person_required', `${subject} is no person: only people decide`);
}

/**
 * Throws unless a principal may decide a question as far as that does not depend on the run: `person_required` for a service or an
 * agent, `forbidden` without the permission `inquiry:respond`, `not_an_approver` for a mail address that belongs to nobody and does
 * not stand among the approvers.
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
  throw new AppError('forbidden', `${subject} may not decide: the permission ${permission} is missing`, {
    details: { permission },
  });
}
