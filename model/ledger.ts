import type { DelegationVerdict } from './delegation.ts';
import type { InquiryRequest, InquiryStatus, PlannedTask, Verdict } from './inquiry.ts';
import type { JsonObject } from './json.ts';
import type { Warrant } from './statement.ts';

// The decisions of an execution, exported so that anybody can check them without a server.

/** The media type of an export. */
export const LEDGER_TYPE = 'application/vnd.fermata.decisions+json';

/** A public key with what has become of it. Times are ISO 8601. */
export interface LedgerKey {
  kid: string;
  x: string;
  revoked_at?: string | null;
}

/** A question with everything that its digest is computed from; `masked`: some of that is hidden, or people were
 * added to it since, so that it cannot be recomputed. */
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
  /** Number of the history event that brought it; null where a retry has kept the decision of another execution, whose id is next to it. */
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
    /** The schedule that has started it; absent or null: none. */
    schedule?: string | null;
    /** The integer id of the execution above it; absent or null: it was started by itself. */
    parent?: number | null;
  };
  /** What the API has signed about its start; null where there is none, as in a sub-workflow. Absent in older exports. */
  warrant?: Warrant | null;
  digest: { code: string; parameters: string } | null;
  questions: LedgerQuestion[];
  statements: LedgerStatement[];
  children: Ledger[];
}

/**
 * What a check has found about one thing: the start of an execution, one statement, one question, or, of a history, the course that the
 * execution took.
 */
export interface LedgerFinding {
  execution: number;
  subject: 'start' | 'course' | 'statement' | 'question';
  /** Null: not about one question. */
  inquiry: string | null;
  by: string | null;
  result: 'verified' | 'failed' | 'not recomputable';
  /** What is wrong, or hidden; null: nothing. */
  reason: string | null;
}
