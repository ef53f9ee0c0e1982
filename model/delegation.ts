import { isJsonObject, type Json } from './json.ts';
import type { StatementProof } from './statement.ts';

// Delegations of decisions (docs/inquiries.md, Delegating a decision). Free of zod: the interpreter reads it.

/** The name of the signal of a delegation; the API's route for signals refuses it. */
export const DELEGATE_SIGNAL = '__fermata_delegate';

/** The request of a person who is asked that another person decides on their behalf: the payload of a DELEGATE_SIGNAL. */
export interface Delegation {
  /** The same id twice is one delegation. */
  id: string;
  /** Key of the inquiry in its run. */
  inquiry: string;
  /** The subject of the person who delegates, all of their names, and their groups. */
  by: string;
  names: string[];
  groups: string[];
  /** The same for the other person. */
  to: string;
  to_names: string[];
  to_groups: string[];
  reason: string | null;
  /** When it was made, ISO 8601. */
  at: string;
  /** Whether the two people had ever been disabled when it was made, as the API knew it; the delegation has ended if that has changed. */
  standing?: string;
  /**
   * The mail address at which the other person is notified; null: none is known. Absent in runs of interpreter 9, where it is among the
   * names.
   */
  to_email?: string | null;
  /** The id of the delegation that this one ends: the person who delegated, then in `to`, decides again (interpreter 10). */
  ends?: string;
  /** Why the delegation ends. */
  why?: DelegationEnd;
}

/**
 * Why a delegation ends: the person who made it takes it back, or the API found that one of the two people was disabled since, or may no
 * longer decide at all.
 */
export type DelegationEnd = 'withdrawn' | 'disabled' | 'not_permitted';

/** Why neither a decision nor a delegation of a person counts. */
export type PersonRefusal =
  | 'already_decided'
  | 'already_voted'
  | 'expired'
  | 'withdrawn'
  | 'not_allowed'
  | 'self_approval';

/** Why a delegation does not count. */
export type DelegationRefusal = PersonRefusal | 'not_delegable' | 'delegate_unsuitable';

/** The interpreter's verdict on a delegation, which is recorded. */
export type DelegationVerdict =
  | { result: 'delegated' }
  | { result: 'refused'; reason: DelegationRefusal; message: string };

/** A delegation with its verdict; `taken`: when the run took it, ISO 8601. */
export interface DelegationRecord {
  delegation: Delegation;
  verdict: DelegationVerdict;
  taken: string;
  /** The signed statement that proves it; absent when the run takes unsigned delegations. */
  proof?: StatementProof;
  /** The integer id of the execution in which it was made, if a retry kept it. */
  carried_from?: number;
}

/** Any object with delegations. */
interface Delegated {
  delegations?: readonly DelegationRecord[] | undefined;
}

/** Returns the delegations that count: accepted ones that have not ended. */
export function heldDelegations(delegated: Delegated): Delegation[] {
  const counted = countedDelegations(delegated);
  const ended = new Set(counted.map(({ ends }) => ends));
  return counted.filter(({ id, ends }) => ends === undefined && !ended.has(id));
}

/** Returns the delegations that have counted, and the ends of some of them, in order. */
export function countedDelegations({ delegations = [] }: Delegated): Delegation[] {
  return delegations.flatMap(({ delegation, verdict }) => (verdict.result === 'delegated' ? [delegation] : []));
}

/** Reads the payload of a delegation, which anybody with a Temporal client can send; null where it is not one. */
export function parseDelegation(payload: Json): Delegation | null {
  if (!isJsonObject(payload)) return null;
  const { id, inquiry, by, names, groups, to, to_names, to_groups, reason = null, at } = payload;
  if (![id, inquiry, by, to, at].every((text) => typeof text === 'string')) return null;
  if (![names, groups, to_names, to_groups].every(isTextList)) return null;
  if (reason !== null && typeof reason !== 'string') return null;
  if (Number.isNaN(Date.parse(at as string))) return null;
  const { standing, to_email, ends, why } = payload;
  if ([standing, ends].some((text) => text !== undefined && typeof text !== 'string')) return null;
  if (to_email !== undefined && to_email !== null && typeof to_email !== 'string') return null;
  if ((ends === undefined) !== (why === undefined) || (why !== undefined && !ENDS.includes(why))) return null;
  return {
    id,
    inquiry,
    by,
    names,
    groups,
    to,
    to_names,
    to_groups,
    reason,
    at,
    ...(standing === undefined ? {} : { standing }),
    ...(to_email === undefined ? {} : { to_email }),
    ...(ends === undefined ? {} : { ends, why }),
  } as Delegation;
}

const ENDS: readonly Json[] = ['withdrawn', 'disabled', 'not_permitted'] satisfies DelegationEnd[];

function isTextList(value: Json | undefined): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
