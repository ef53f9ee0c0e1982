import { isJsonObject, type Json } from './json.ts';
import type { StatementProof } from './statement.ts';

// Delegations of decisions (docs/inquiries.md, Delegating a decision). Free of zod: the interpreter reads it.

/** The signal that brings a delegation into a run; nobody can send it through the API's own signals. */
export const DELEGATE_SIGNAL = '__fermata_delegate';

/** The wish of somebody who is asked that another person decides on their behalf: the payload of a DELEGATE_SIGNAL. */
export interface Delegation {
  /** The same id twice is one delegation. */
  id: string;
  /** Key of the inquiry in its run. */
  inquiry: string;
  /** The subject of who delegates, all names that are theirs, and their groups. */
  by: string;
  names: string[];
  groups: string[];
  /** The same of the other person. */
  to: string;
  to_names: string[];
  to_groups: string[];
  reason: string | null;
  /** When it was made, ISO 8601. */
  at: string;
}

/** Why neither a decision nor a delegation of somebody counts. */
export type PersonRefusal =
  | 'already_decided'
  | 'already_voted'
  | 'expired'
  | 'withdrawn'
  | 'not_allowed'
  | 'self_approval';

/** Why a delegation does not count. */
export type DelegationRefusal = PersonRefusal | 'not_delegable' | 'delegate_unsuitable';

/** What has become of a delegation: the interpreter's word, which is recorded. */
export type DelegationVerdict =
  | { result: 'delegated' }
  | { result: 'refused'; reason: DelegationRefusal; message: string };

/** A delegation with what became of it; `taken`: when the run took it, ISO 8601. */
export interface DelegationRecord {
  delegation: Delegation;
  verdict: DelegationVerdict;
  taken: string;
  /** The signed statement that it came as; absent where the run takes delegations without. */
  proof?: StatementProof;
  /** The integer id of the execution in which it was made, where a retry has kept it. */
  carried_from?: number;
}

/** Returns the delegations that count, out of all that came. */
export function heldDelegations({
  delegations = [],
}: {
  delegations?: readonly DelegationRecord[] | undefined;
}): Delegation[] {
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
  return { id, inquiry, by, names, groups, to, to_names, to_groups, reason, at } as Delegation;
}

function isTextList(value: Json | undefined): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
