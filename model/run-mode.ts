/** The causes of a start that a caller may name. */
export const CALLER_MODES = ['manual', 'trigger', 'webhook', 'cli'] as const;

/** How a run was started, in the words of the MCP executions. */
export const RUN_MODES = [...CALLER_MODES, 'retry', 'error', 'integrated', 'internal'] as const;

/** The cause of the start of a run. */
export type RunMode = (typeof RUN_MODES)[number];

/** The stored facts about the cause; a sub-workflow has a parent instead. */
export type StartMode = Exclude<RunMode, 'integrated'>;

/** Returns the mode of a run from the stored facts: without a named cause, an enforcement is a trigger. */
export function deriveMode(run: {
  parent: number | null;
  enforcement: number | null;
  mode?: StartMode | null | undefined;
}): RunMode {
  if (run.parent !== null) return 'integrated';
  return run.mode ?? (run.enforcement !== null ? 'trigger' : 'manual');
}
