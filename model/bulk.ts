/** The operations that can be applied to many executions at once. */
export const BULK_VERBS = ['cancel', 'terminate', 'pause', 'resume', 'retry', 'delete'] as const;

/** An operation on many executions. */
export type BulkVerb = (typeof BULK_VERBS)[number];

/** The states of a bulk job; `aborted`: the rest of it is not done. */
export const BULK_STATUSES = ['running', 'completed', 'aborted'] as const;

/** The state of a bulk job. */
export type BulkStatus = (typeof BULK_STATUSES)[number];

/** An execution that was left unchanged, and why. */
export interface BulkError {
  /** Its integer id. */
  id: number;
  error: string;
}
