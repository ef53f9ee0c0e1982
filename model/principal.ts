import type { Permission, Role } from './permissions.ts';

/** Who is calling (design/house.md, Words). */
export interface Principal {
  /** The integer id: document 000's `executor`. */
  id: number;
  /** UUID of the tenant, and its ref. */
  tenant: string;
  tenantRef: string;
  subject: string;
  roles: Role[];
  /** Single permissions beyond those of the roles. */
  permissions: Permission[];
  /** Groups that decisions may be asked of. */
  groups: string[];
}

/** What another name of a person is: an address in lower case, or `team/user` of Slack. */
export const ALIAS_KINDS = ['email', 'slack'] as const;

/** What another name of a person is. */
export type AliasKind = (typeof ALIAS_KINDS)[number];
