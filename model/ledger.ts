import type { DelegationVerdict } from './delegation.ts';
import type { InquiryRequest, InquiryStatus, PlannedTask, Verdict } from './inquiry.ts';
import type { JsonObject } from './json.ts';
import type { Warrant } from './statement.ts';

// The decisions of an execution, exported so that anybody can check them without a server.

/** The media type of an export. */
export const LEDGER_TYPE = 'application/vnd.fermata.decisions+json';

/** A public key and its history. Times are ISO 8601. */
export interface LedgerKey {
  kid: string;
  x: string;
  revoked_at?: string | null;
}

/** A question with everything that its digest is computed from; `masked`: some of that is hidden, or people were
 * added to it since, so that the digest cannot be recomputed. */
export interface LedgerQuestion {
  inquiry: string;
  status: InquiryStatus;
  what: string | null;
  bound_to: string;
  request: InquiryRequest;
  plan: PlannedTask[];
  masked: boolean;
  expires_at: string | null;
}

/** A decision or delegation that the run has verified, in the order in which it did; `given` is null where it is hidden. */
export interface LedgerStatement {
  statement: JsonObject;
  kid: string;
  sig: string;
  given: JsonObject | null;
  /** Number of the history event that brought it; null if a retry kept it from another execution, whose id is next to it. */
  event: number | null;
  carried_from: number | null;
  verdict: Verdict | DelegationVerdict;
}

/** An export: an execution, and below it its sub-workflows. */
export interface Ledger {
  fermata_decisions: 1;
  execution: {
    id: number;
    uuid: string;
    tenant: string;
    chain: string;
    ref: string;
    version: string;
    interpreter: number;
    starters: string[];
    /** The schedule that started it; absent or null: none did. */
    schedule?: string | null;
    /** The integer id of the execution above it; absent or null: there is none. */
    parent?: number | null;
  };
  /** The warrant of its start; null when it has none, as in a sub-workflow. Absent in older exports. */
  warrant?: Warrant | null;
  digest: { code: string; parameters: string } | null;
  questions: LedgerQuestion[];
  statements: LedgerStatement[];
  children: Ledger[];
}

/**
 * The result of checking one thing: the start of an execution, a statement, a question, or, from a history, the course of the
 * execution.
 */
export interface LedgerFinding {
  execution: number;
  subject: 'start' | 'course' | 'statement' | 'question';
  /** The key of the question; null: the finding is not about a question. */
  inquiry: string | null;
  by: string | null;
  result: 'verified' | 'failed' | 'not recomputable';
  /** Why it is wrong or cannot be checked; null: it is right. */
  reason: string | null;
}
