import { CHAT_CHANNELS } from './inquiry.ts';
import type { Permission, Role } from './permissions.ts';

/** The kinds of principals; only a person can decide an inquiry. */
export const PRINCIPAL_KINDS = ['person', 'service', 'agent'] as const;

/** The kind of a principal: a person, a program, or an agent that acts for a person. */
export type PrincipalKind = (typeof PRINCIPAL_KINDS)[number];

/** The permissions and groups of a principal. */
export interface Grants {
  roles: Role[];
  /** Single permissions beyond those of the roles. */
  permissions: Permission[];
  /** Groups that inquiries may ask for decisions. */
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
  /** The subject for whom its credential acts; null: it acts for the principal itself. */
  onBehalfOf: string | null;
}

/** The id of a mail address that belongs to no principal. */
export const NOBODY_ID = 0;

/** Returns the subjects that count as the same as a principal: its own, and the one for whom its credential acts. */
export function subjectsOf({ subject, onBehalfOf }: Pick<Principal, 'subject' | 'onBehalfOf'>): string[] {
  return onBehalfOf === null || onBehalfOf === subject ? [subject] : [subject, onBehalfOf];
}

/** The kinds of other names of a person: an address in lower case, a user of a chat (`team/user`), or a second subject. */
export const ALIAS_KINDS = ['email', ...CHAT_CHANNELS, 'subject'] as const;

/** The kind of another name of a person. */
export type AliasKind = (typeof ALIAS_KINDS)[number];
