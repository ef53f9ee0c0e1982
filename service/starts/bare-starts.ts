import { AppError } from '../../model/app-error.ts';
import { hasPermission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import { PURE_ACTIONS } from '../../model/pure-actions.ts';

/** Throws `permission_missing` unless a principal may start an action outside a workflow, where no author has put guards around it. */
export function demandBareStart(principal: Principal, action: string): void {
  const permission = 'action:execute';
  if (PURE_ACTIONS.has(action) || hasPermission(principal, permission)) return;
  const message = `"${principal.subject}" may not start the action "${action}" directly: the permission "${permission}" is required`;
  throw new AppError('permission_missing', message, { details: { permission } });
}
