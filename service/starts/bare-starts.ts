import { AppError } from '../../model/app-error.ts';
import { hasPermission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';

/** The actions that have no effect outside their own run. */
export const PURE_ACTIONS: ReadonlySet<string> = new Set([
  'core.noop',
  'core.transform',
  'core.log',
  'core.delay',
  'core.fail',
  'core.wait_signal',
]);

/** Throws `permission_missing` unless a principal may start an action outside a workflow, where no author has put guards around it. */
export function demandBareStart(principal: Principal, action: string): void {
  const permission = 'action:execute';
  if (PURE_ACTIONS.has(action) || hasPermission(principal, permission)) return;
  const message = `"${principal.subject}" may not start the action "${action}" directly: the permission "${permission}" is required`;
  throw new AppError('permission_missing', message, { details: { permission } });
}
