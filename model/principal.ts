import { CHAT_CHANNELS } from './inquiry.ts';
import type { Permission, Role } from './permissions.ts';

/** What kinds of principal there are; a person alone decides about a question. */
export const PRINCIPAL_KINDS = ['person', 'service', 'agent'] as const;

/** What a principal is: somebody, a program, or an agent that acts for somebody. */
export type PrincipalKind = (typeof PRINCIPAL_KINDS)[number];

/** What a principal may do, and in which groups it is. */
export interface Grants {
  roles: Role[];
  /** Single permissions beyond those of the roles. */
  permissions: Permission[];
  /** Groups that decisions may be asked of. */
  groups: string[];
}

/** Who is calling. */
export interface Principal extends Grants {
  /** The integer id: the Executions API's `executor`; `NOBODY_ID` of a mail address that belongs to no principal. */
  id: number;
  /** UUID of the tenant, and its ref. */
  tenant: string;
  tenantRef: string;
  subject: string;
  kind: PrincipalKind;
  /** The subject for whom its credential acts; null: for itself. */
  onBehalfOf: string | null;
}

/** The id of a mail address that belongs to no principal. */
export const NOBODY_ID = 0;

/** Returns the subjects that count as one with a principal: its own, and whom its credential acts for. */
export function subjectsOf({ subject, onBehalfOf }: Pick<Principal, 'subject' | 'onBehalfOf'>): string[] {
  return onBehalfOf === null || onBehalfOf === subject ? [subject] : [subject, onBehalfOf];
}

/** What another name of a person is: an address in lower case, a user of a chat (`team/user`), or a second subject. */
export const ALIAS_KINDS = ['email', ...CHAT_CHANNELS, 'subject'] as const;

/** What another name of a person is. */
export type AliasKind = (typeof ALIAS_KINDS)[number];
