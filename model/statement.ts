import type { JsonObject } from './json.ts';

// Statements: decisions, delegations and controls, which Fermata signs and a run verifies. Free of zod: the interpreter reads them.

/** Public keys that a run trusts, by RFC 7638 thumbprint, each as base64url; and the thumbprints of those that it no longer trusts. */
export interface Trust {
  keys: Record<string, string>;
  revoked?: string[];
}

/** A statement as it is sent to a run; `given` holds the values of which the statement holds only hashes, and their salt. */
export interface SignedStatement {
  statement: JsonObject;
  kid: string;
  /** Ed25519 signature of the statement as text, base64url. */
  sig: string;
  given: JsonObject;
}

/** The signed statement with which the API starts a run, in its memo: the hash of everything that the run was started with. */
export type Warrant = Omit<SignedStatement, 'given'>;

/** The proof of a decision: the signed statement without the values that stand next to it. */
export type StatementProof = Omit<SignedStatement, 'given'> & { salt: string };

/** The kinds of statements. */
export type StatementType = 'decision' | 'control' | 'delegate' | 'trust';

/** The signal that changes the keys that a run trusts. */
export const TRUST_SIGNAL = '__fermata_trust';

/** Fields of which a statement holds hashes, by its type. */
export const HASHED_FIELDS: Record<StatementType, readonly string[]> = {
  decision: ['response', 'comment'],
  control: ['output', 'reason'],
  delegate: ['reason'],
  trust: [],
};

/** Why a statement does not count. */
export type StatementRefusalReason =
  | 'malformed'
  | 'unsigned'
  | 'unknown_key'
  | 'revoked_key'
  | 'wrong_run'
  | 'stale'
  | 'flooded'
  | 'altered'
  | 'bad_signature';

/** A statement that a run refused; `claims` are its own, which nobody has verified. `taken`: ISO 8601. */
export interface StatementRefusal {
  signal: string;
  reason: StatementRefusalReason;
  claims: { id: string | null; inquiry: string | null; subject: string | null };
  taken: string;
}

/** The number of statements that a run took and refused, and the first refused ones, or the newest of a flood. */
export interface StatementCounts {
  accepted: number;
  refused: number;
  refusals: StatementRefusal[];
}

/** The number of refused statements that a run keeps; others are only counted. */
export const MAX_REFUSALS = 100;
