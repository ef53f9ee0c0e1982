/** What can be done to many executions at once. */
export const BULK_VERBS = ['cancel', 'terminate', 'retry', 'delete'] as const;

/** What is done to each. */
export type BulkVerb = (typeof BULK_VERBS)[number];

/** How a job stands; `aborted`: what was not done yet is left. */
export type BulkStatus = 'running' | 'completed' | 'aborted';

/** Why one execution was left as it was. */
export interface BulkError {
  /** Its integer id. */
  id: number;
  error: string;
}
