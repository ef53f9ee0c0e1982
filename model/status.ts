/** The status of a run in Fermata's own words (design/api.md, Status). */
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

/** The status of one task execution. */
export type TaskStatus = 'scheduled' | 'running' | 'completed' | 'failed' | 'timeout' | 'cancelled' | 'abandoned';

/** How one task execution stands; `skipped`: somebody ended its wait, `paused`: no attempt of it begins for now. */
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

/** How one task execution stands. */
export type TaskState = (typeof TASK_STATES)[number];

/** The words of the Automation API. */
export const AUTOMATION_WORDS = [
  'pending',
  'running',
  'completed',
  'failed',
  'cancelled',
  'timeout',
  'skipped',
] as const;

/** The words of the MCP executions. */
export const MCP_WORDS = ['new', 'running', 'waiting', 'success', 'error', 'canceled', 'crashed'] as const;

interface StatusWords {
  /** The Executions API. */
  execution: string;
  /** The Automation API. */
  automation: (typeof AUTOMATION_WORDS)[number];
  /** The Management API. */
  management: string;
  /** The MCP executions. */
  mcp: (typeof MCP_WORDS)[number];
  /** Nothing can happen to the run any more. */
  closed: boolean;
  /** The key of the Executions API's statistics that counts it. */
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

/** The words of the Executions API, in its order of the life of an execution. */
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

/** True once nothing can happen to the run any more. */
export function isClosed(status: ExecutionStatus): boolean {
  return STATUS_WORDS[status].closed;
}

/** The Executions API's word. */
export function executionWord(status: ExecutionStatus): string {
  return STATUS_WORDS[status].execution;
}

/** The Automation API's word. */
export function automationWord(status: ExecutionStatus): StatusWords['automation'] {
  return STATUS_WORDS[status].automation;
}

/** The Management API's word. */
export function managementWord(status: ExecutionStatus): string {
  return STATUS_WORDS[status].management;
}

/** The key of the Executions API's statistics that counts a status. */
export function countedAs(status: ExecutionStatus): StatusWords['counted'] {
  return STATUS_WORDS[status].counted;
}

/** The word of the MCP executions. */
export function mcpWord(status: ExecutionStatus): StatusWords['mcp'] {
  return STATUS_WORDS[status].mcp;
}

/** An interface document with words of its own for statuses. */
export type StatusDialect = 'execution' | 'automation' | 'management' | 'mcp';

/** Words that are read as another one: two spellings, and a state that Temporal does not tell apart from `scheduled`. */
const SYNONYMS: Record<string, string> = { canceled: 'cancelled', scheduling: 'scheduled' };

/** Every word that filters take, each once. */
export const STATUS_FILTER_WORDS: readonly string[] = [
  ...new Set([
    ...EXECUTION_WORDS,
    ...EXECUTION_STATUSES,
    ...EXECUTION_STATUSES.flatMap((status) => [automationWord(status), managementWord(status), mcpWord(status)]),
  ]),
];

/**
 * Returns the canonical statuses that a filter's word means: as `dialect` uses it; else as Fermata or any other dialect does; undefined for a
 * word that none has. The \`error\` of the MCP executions covers what has crashed too.
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
