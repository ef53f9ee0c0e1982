/** The permissions of principals; docs/access.md describes each. `admin` allows everything. */
export const PERMISSIONS = [
  'workflow:read',
  'workflow:write',
  'execution:read',
  'execution:execute',
  'action:execute',
  'execution:admin',
  'automation:read',
  'automation:execute',
  'inquiry:respond',
  'inquiry:override',
  'secret:write',
  'admin',
] as const;

/** A permission. */
export type Permission = (typeof PERMISSIONS)[number];

const VIEWER: readonly Permission[] = ['workflow:read', 'execution:read', 'automation:read'];
const OPERATOR: readonly Permission[] = [...VIEWER, 'execution:execute', 'automation:execute', 'inquiry:respond'];

/** Named sets of permissions. */
export const ROLES = {
  viewer: VIEWER,
  approver: [...VIEWER, 'inquiry:respond'],
  operator: OPERATOR,
  author: [...OPERATOR, 'workflow:write', 'action:execute'],
  admin: PERMISSIONS,
} as const satisfies Record<string, readonly Permission[]>;

/** The name of a role. */
export type Role = keyof typeof ROLES;

/** Returns everything that some roles and single permissions allow. */
export function expandPermissions(roles: readonly Role[], single: readonly Permission[]): ReadonlySet<Permission> {
  const allowed = new Set<Permission>([...roles.flatMap((role) => ROLES[role]), ...single]);
  return allowed.has('admin') ? new Set(PERMISSIONS) : allowed;
}

/** Returns whether roles and single permissions allow something. */
export function hasPermission(
  { roles, permissions }: { roles: readonly Role[]; permissions: readonly Permission[] },
  permission: Permission,
): boolean {
  return expandPermissions(roles, permissions).has(permission);
}
