// Paths that the API and the console share.

/** Returns the path of a workflow. */
export function workflowPath(ref: string): string {
  return `/workflows/${encodeURIComponent(ref)}`;
}

/** Returns the path of a rule. */
export function rulePath(ref: string): string {
  return `/rules/${encodeURIComponent(ref)}`;
}
