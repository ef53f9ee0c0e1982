/** The words of `on_success`, `on_failure` and `on_complete` that are not task names. */
export const TRANSITION_WORDS = ['noop', 'continue', 'fail'] as const;

/** The words of `do`: the same, and one for a new visit of the same task. */
export const DO_WORDS = [...TRANSITION_WORDS, 'retry'] as const;

/** Longest delay or timeout that a definition may ask for, in seconds: ten years. */
export const MAX_SECONDS = 315_360_000;

/** The number of items of one task that may run at once. */
export const MAX_CONCURRENCY = 500;

/** Task and variable names that mean something else in templates or transitions. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...['workflow', 'task', 'tasks', 'parameters', 'variables', 'vars', 'error', 'item', 'index', 'secret', 'execution'],
  ...['result', 'succeeded', 'failed', 'timed_out', 'status', 'now', 'uuid', 'noop', 'fail', 'continue', 'retry'],
  // The words of the template language itself.
  ...['loop', 'true', 'false', 'none', 'True', 'False', 'None', 'and', 'or', 'not', 'in', 'is', 'if', 'else', 'elif'],
  ...['for', 'endfor', 'endif', 'set', 'endset', 'with', 'endwith', 'raw', 'endraw', 'recursive'],
]);

/** The functions of templates about how a visit has ended. */
export const END_FUNCTIONS = ['result', 'succeeded', 'failed', 'timed_out', 'status'] as const;
