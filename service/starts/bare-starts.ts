import { AppError } from '../../model/app-error.ts';
import { hasPermission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';

/** The actions that reach nothing and nobody outside their own run. */
export const PURE_ACTIONS: ReadonlySet<string> = new Set([
  'core.noop',
  'core.transform',
  'core.log',
  'core.delay',
  'core.fail',
  'core.wait_signal',
]);

/**
 * Throws `permission_missing` unless a principal may start an action by itself, outside any workflow: a workflow is where its author
 * puts a guard around the action.
 */
export function demandBareStart(principal: Principal, action: string): void {
  const permission = 'action:execute';
  if (PURE_ACTIONS.has(action) || hasPermission(principal, permission)) return;
  const message = `"${principal.subject}" may not start the action "${action}" directly: the permission "${permission}" is required`;
  throw new AppError('permission_missing', message, { details: { permission } });
}
