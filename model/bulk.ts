/** What can be done to many executions at once. */
export const BULK_VERBS = ['cancel', 'terminate', 'pause', 'resume', 'retry', 'delete'] as const;

/** What is done to each. */
export type BulkVerb = (typeof BULK_VERBS)[number];

/** How a job may stand; `aborted`: what was not done yet is left. */
export const BULK_STATUSES = ['running', 'completed', 'aborted'] as const;

/** How a job stands. */
export type BulkStatus = (typeof BULK_STATUSES)[number];

/** Why one execution was left as it was. */
export interface BulkError {
  /** Its integer id. */
  id: number;
  error: string;
}
