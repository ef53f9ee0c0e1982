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

/** The words of document 001. */
export const AUTOMATION_WORDS = [
  'pending',
  'running',
  'completed',
  'failed',
  'cancelled',
  'timeout',
  'skipped',
] as const;

interface StatusWords {
  /** Document 000. */
  execution: string;
  /** Document 001. */
  automation: (typeof AUTOMATION_WORDS)[number];
  /** Document 002. */
  management: string;
  /** Nothing can happen to the run any more. */
  closed: boolean;
  /** The key of document 000's statistics that counts it. */
  counted: 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'timeout' | 'abandoned';
}

/** One table from the canonical status to each dialect's word; exhaustive by type. */
const STATUS_WORDS: Record<ExecutionStatus, StatusWords> = {
  requested: {
    execution: 'requested',
    automation: 'pending',
    management: 'running',
    closed: false,
    counted: 'pending',
  },
  scheduled: {
    execution: 'scheduled',
    automation: 'pending',
    management: 'running',
    closed: false,
    counted: 'pending',
  },
  running: { execution: 'running', automation: 'running', management: 'running', closed: false, counted: 'running' },
  waiting: { execution: 'running', automation: 'running', management: 'running', closed: false, counted: 'running' },
  paused: { execution: 'running', automation: 'running', management: 'running', closed: false, counted: 'running' },
  canceling: {
    execution: 'canceling',
    automation: 'running',
    management: 'running',
    closed: false,
    counted: 'running',
  },
  completed: {
    execution: 'completed',
    automation: 'completed',
    management: 'completed',
    closed: true,
    counted: 'completed',
  },
  failed: { execution: 'failed', automation: 'failed', management: 'failed', closed: true, counted: 'failed' },
  cancelled: {
    execution: 'cancelled',
    automation: 'cancelled',
    management: 'cancelled',
    closed: true,
    counted: 'cancelled',
  },
  terminated: {
    execution: 'cancelled',
    automation: 'cancelled',
    management: 'terminated',
    closed: true,
    counted: 'cancelled',
  },
  timeout: { execution: 'timeout', automation: 'timeout', management: 'timeout', closed: true, counted: 'timeout' },
  abandoned: { execution: 'abandoned', automation: 'failed', management: 'failed', closed: true, counted: 'abandoned' },
  skipped: {
    execution: 'completed',
    automation: 'skipped',
    management: 'completed',
    closed: true,
    counted: 'completed',
  },
};

/** The words of document 000, in its order of the life of an execution. */
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

/** Document 000's word. */
export function executionWord(status: ExecutionStatus): string {
  return STATUS_WORDS[status].execution;
}

/** Document 001's word. */
export function automationWord(status: ExecutionStatus): StatusWords['automation'] {
  return STATUS_WORDS[status].automation;
}

/** Document 002's word. */
export function managementWord(status: ExecutionStatus): string {
  return STATUS_WORDS[status].management;
}

/** The key of document 000's statistics that counts a status. */
export function countedAs(status: ExecutionStatus): StatusWords['counted'] {
  return STATUS_WORDS[status].counted;
}

/**
 * The canonical statuses that a filter's word means, in any dialect's words and both spellings of cancelled;
 * undefined for a word that no dialect has.
 */
export function statusesNamed(word: string): ExecutionStatus[] | undefined {
  const wanted = word.toLowerCase() === 'canceled' ? 'cancelled' : word.toLowerCase();
  // Document 000 has the word for a state that Temporal does not tell apart from scheduled.
  if (wanted === 'scheduling') return ['scheduled'];
  const byExecutionWord = EXECUTION_STATUSES.filter((status) => executionWord(status) === wanted);
  if (byExecutionWord.length > 0) return byExecutionWord;
  const canonical = EXECUTION_STATUSES.filter((status) =>
    [status, managementWord(status), automationWord(status)].includes(wanted),
  );
  return canonical.length > 0 ? canonical : undefined;
}
