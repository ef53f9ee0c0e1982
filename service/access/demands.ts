import { AppError } from '../../model/app-error.ts';
import { hasPermission, type Permission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';

/** Throws `permission_missing` with a reason unless a principal has a permission in addition to that of the route. */
export function demandPermission(principal: Principal, permission: Permission, reason: string): void {
  if (hasPermission(principal, permission)) return;
  const message = `${reason}: the permission "${permission}" is required`;
  throw new AppError('permission_missing', message, { details: { permission } });
}
