/** What a caller may say that led to a start. */
export const CALLER_MODES = ['manual', 'trigger', 'webhook', 'cli'] as const;

/** How a run was started, in the words of the MCP executions. */
export const RUN_MODES = [...CALLER_MODES, 'retry', 'error', 'integrated', 'internal'] as const;

/** What has led to the start of a run. */
export type RunMode = (typeof RUN_MODES)[number];

/** What is kept of it: a sub-workflow is known by its parent. */
export type StartMode = Exclude<RunMode, 'integrated'>;

/** The mode of a run from what is kept of it: unless anything was said, an enforcement is a trigger. */
export function modeOf(run: {
  parent: number | null;
  enforcement: number | null;
  mode?: StartMode | null | undefined;
}): RunMode {
  if (run.parent !== null) return 'integrated';
  return run.mode ?? (run.enforcement !== null ? 'trigger' : 'manual');
}
