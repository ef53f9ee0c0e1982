/** The status of a run in Fermata's own words. */
export const EXECUTION_STATUSES = [
  'requested',
  'scheduled',
  'running',
  'waiting',
  'paused',
  'canceling',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'timeout',
  'abandoned',
  'skipped',
] as const;

/** The status of a run in Fermata's own words. */
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];

/** The things that hold up a run that is paused or waiting; the first of them counts. */
export const HOLDUPS = ['pause', 'turn', 'inquiry', 'signal'] as const;

/** The first thing that holds up a run that is paused or waiting. */
export type Holdup = (typeof HOLDUPS)[number];

/** Returns what holds up a run that waits for things of these kinds; null: none of them holds it up. */
export function firstHoldup(kinds: readonly string[]): Holdup | null {
  return HOLDUPS.find((holdup) => kinds.includes(holdup)) ?? null;
}

/** Returns whether something holds up a run of this status. */
export function isHeldUp(status: ExecutionStatus): boolean {
  return status === 'paused' || status === 'waiting';
}

/** The status of a task execution. */
export const TASK_STATUSES = [
  'scheduled',
  'running',
  'completed',
  'failed',
  'timeout',
  'cancelled',
  'abandoned',
] as const;

/** The status of a task execution. */
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** The state of a task execution: its status, or `skipped` when somebody ended its wait, or `paused` while no attempt may begin. */
export const TASK_STATES = [
  'scheduled',
  'running',
  'paused',
  'completed',
  'skipped',
  'failed',
  'timeout',
  'cancelled',
  'abandoned',
] as const;

/** The state of a task execution. */
export type TaskState = (typeof TASK_STATES)[number];

/** The status words of the Automation API. */
export const AUTOMATION_WORDS = [
  'pending',
  'running',
  'completed',
  'failed',
  'cancelled',
  'timeout',
  'skipped',
] as const;

/** The status words of the MCP executions. */
export const MCP_WORDS = ['new', 'running', 'waiting', 'success', 'error', 'canceled', 'crashed'] as const;

interface StatusWords {
  /** Executions API. */
  execution: string;
  /** Automation API. */
  automation: (typeof AUTOMATION_WORDS)[number];
  /** Management API. */
  management: string;
  /** MCP executions. */
  mcp: (typeof MCP_WORDS)[number];
  /** Whether the run has closed, so that its status is final. */
  closed: boolean;
  /** The field of the Executions API's statistics that counts it. */
  counted: 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'timeout' | 'abandoned';
}

/** One table from the canonical status to each dialect's word; exhaustive by type. */
const STATUS_WORDS: Record<ExecutionStatus, StatusWords> = {
  requested: {
    execution: 'requested',
    automation: 'pending',
    management: 'running',
    mcp: 'new',
    closed: false,
    counted: 'pending',
  },
  scheduled: {
    execution: 'scheduled',
    automation: 'pending',
    management: 'running',
    mcp: 'new',
    closed: false,
    counted: 'pending',
  },
  running: {
    execution: 'running',
    automation: 'running',
    management: 'running',
    mcp: 'running',
    closed: false,
    counted: 'running',
  },
  waiting: {
    execution: 'running',
    automation: 'running',
    management: 'running',
    mcp: 'waiting',
    closed: false,
    counted: 'running',
  },
  paused: {
    execution: 'running',
    automation: 'running',
    management: 'running',
    mcp: 'waiting',
    closed: false,
    counted: 'running',
  },
  canceling: {
    execution: 'canceling',
    automation: 'running',
    management: 'running',
    mcp: 'running',
    closed: false,
    counted: 'running',
  },
  completed: {
    execution: 'completed',
    automation: 'completed',
    management: 'completed',
    mcp: 'success',
    closed: true,
    counted: 'completed',
  },
  failed: {
    execution: 'failed',
    automation: 'failed',
    management: 'failed',
    mcp: 'error',
    closed: true,
    counted: 'failed',
  },
  cancelled: {
    execution: 'cancelled',
    automation: 'cancelled',
    management: 'cancelled',
    mcp: 'canceled',
    closed: true,
    counted: 'cancelled',
  },
  terminated: {
    execution: 'cancelled',
    automation: 'cancelled',
    management: 'terminated',
    mcp: 'canceled',
    closed: true,
    counted: 'cancelled',
  },
  timeout: {
    execution: 'timeout',
    automation: 'timeout',
    management: 'timeout',
    mcp: 'error',
    closed: true,
    counted: 'timeout',
  },
  abandoned: {
    execution: 'abandoned',
    automation: 'failed',
    management: 'failed',
    mcp: 'crashed',
    closed: true,
    counted: 'abandoned',
  },
  skipped: {
    execution: 'completed',
    automation: 'skipped',
    management: 'completed',
    mcp: 'success',
    closed: true,
    counted: 'completed',
  },
};

/** The status words of the Executions API, in the order of an execution's life. */
export const EXECUTION_WORDS = [
  'requested',
  'scheduling',
  'scheduled',
  'running',
  'completed',
  'failed',
  'canceling',
  'cancelled',
  'timeout',
  'abandoned',
] as const;

/** Returns whether a run has closed, so that its status is final. */
export function isClosed(status: ExecutionStatus): boolean {
  return STATUS_WORDS[status].closed;
}

/** Returns whether a run succeeded: it completed, or its condition skipped it. */
export function isSuccessful(status: ExecutionStatus): boolean {
  return status === 'completed' || status === 'skipped';
}

/** Returns the word of the Executions API for a status. */
export function executionWord(status: ExecutionStatus): string {
  return STATUS_WORDS[status].execution;
}

/** Returns the word of the Automation API for a status. */
export function automationWord(status: ExecutionStatus): StatusWords['automation'] {
  return STATUS_WORDS[status].automation;
}

/** Returns the word of the Management API for a status. */
export function managementWord(status: ExecutionStatus): string {
  return STATUS_WORDS[status].management;
}

/** Returns the field of the Executions API's statistics that counts a status. */
export function countedAs(status: ExecutionStatus): StatusWords['counted'] {
  return STATUS_WORDS[status].counted;
}

/** Returns the word of the MCP executions for a status. */
export function mcpWord(status: ExecutionStatus): StatusWords['mcp'] {
  return STATUS_WORDS[status].mcp;
}

/** An interface with its own status words. */
export type StatusDialect = 'execution' | 'automation' | 'management' | 'mcp';

/** Words that filters accept in place of another: a second spelling, and a state that Temporal does not distinguish from `scheduled`. */
const SYNONYMS: Record<string, string> = { canceled: 'cancelled', scheduling: 'scheduled' };

/** Every word that filters accept, without duplicates. */
export const STATUS_FILTER_WORDS: readonly string[] = [
  ...new Set([
    ...EXECUTION_WORDS,
    ...EXECUTION_STATUSES,
    ...EXECUTION_STATUSES.flatMap((status) => [automationWord(status), managementWord(status), mcpWord(status)]),
  ]),
];

/**
 * Returns the statuses that a filter's word stands for: in `dialect`, or else in Fermata's own words, or else in any other dialect. Returns
 * undefined for an unknown word. The word `error` of the MCP executions includes crashed runs.
 */
export function statusesNamed(word: string, dialect: StatusDialect = 'execution'): ExecutionStatus[] | undefined {
  const lower = word.toLowerCase();
  const wanted = Object.hasOwn(SYNONYMS, lower) ? SYNONYMS[lower]! : lower;
  const own = EXECUTION_STATUSES.filter((status) => meansIn(dialect, status, wanted));
  if (own.length > 0) return own;
  if (EXECUTION_STATUSES.some((status) => status === wanted)) return [wanted as ExecutionStatus];
  const others = EXECUTION_STATUSES.filter((status) =>
    (['execution', 'management', 'automation', 'mcp'] as const).some((other) => meansIn(other, status, wanted)),
  );
  return others.length > 0 ? others : undefined;
}

function meansIn(dialect: StatusDialect, status: ExecutionStatus, word: string): boolean {
  if (dialect === 'mcp' && word === 'error') return ['error', 'crashed'].includes(mcpWord(status));
  const own = STATUS_WORDS[status][dialect];
  return own === word || SYNONYMS[own] === word;
}
