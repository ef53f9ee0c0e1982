/** One run of one workflow id, as Temporal names it. */
export interface RunKey {
  workflowId: string;
  runId: string;
}
