import { exceedsLength, type Json, jsonSize } from './json.ts';
import { boundedText } from './text.ts';

/**
 * How a task or a run ended badly. `type` is one of the language's types or an action's own (`http_error`);
 * `code` is the failure's own short code where it has one (`ETIMEDOUT`, `HTTP_503`).
 */
export interface Failure {
  type: string;
  message: string;
  task?: string;
  action?: string;
  attempt?: number;
  code?: string;
  details?: Json;
  cause?: Failure;
}

/** Returns a failure with every field, null where it has none, so that whoever reads it need not ask which there are. */
export function completeFailure(failure: Failure): { [field in keyof Required<Failure>]: Json } {
  const { type, message, task = null, action = null, attempt = null, code = null, details = null, cause } = failure;
  return { type, message, task, action, attempt, code, details, cause: cause ? completeFailure(cause) : null };
}

/** Failures that one may have as its causes, one below the other. */
const MAX_CAUSES = 10;

/** Bytes, as JSON, that all causes together may add to a failure in full; of what does not fit the rest is kept in brief. */
const MAX_ADDED_BYTES = 10_000;
const MAX_BRIEF_TEXT = 300;

/**
 * Returns a failure with another one as its last cause: what happened first stands last. Beyond 10 causes the first are left out. Causes
 * that would add more than 10 kB have no details and short texts, since each failure of a long chain keeps those before it.
 */
export function withLastCause(failure: Failure, last: Failure): Failure {
  const own = linksOf(failure);
  let left = MAX_ADDED_BYTES;
  const added = linksOf(last).map((link) => {
    if (exceedsLength(link, left)) return inBrief(link);
    left -= jsonSize(link);
    return link;
  });
  return [...own, ...added]
    .slice(0, MAX_CAUSES + 1)
    .reduceRight((cause: Failure | null, link) => (cause === null ? link : { ...link, cause }), null)!;
}

/** Returns a failure and its causes, each without its own. */
function linksOf(failure: Failure): Failure[] {
  const links: Failure[] = [];
  for (let at: Failure | undefined = failure; at; at = at.cause) {
    const { cause: _, ...link } = at;
    links.push(link);
  }
  return links;
}

function inBrief({ details: _, ...failure }: Failure): Failure {
  const brief = { ...failure };
  for (const field of ['type', 'message', 'code'] as const) {
    const text = brief[field];
    if (text !== undefined) brief[field] = boundedText(text, MAX_BRIEF_TEXT);
  }
  return brief;
}

/** The failure types that the engine itself gives. */
export const FAILURE_TYPES = [
  'action_error',
  'action_unavailable',
  'timeout',
  'abandoned',
  'denied',
  'expired',
  'withdrawn',
  'template_error',
  'input_invalid',
  'output_invalid',
  'unreachable_join',
  'limit_exceeded',
  'cancelled',
  'too_large',
  'failed_by_workflow',
  'concurrency_conflict',
] as const;

/** A failure type of the engine's own. */
export type FailureType = (typeof FAILURE_TYPES)[number];

/** How a run closed; recorded beside its failure when it closes, never read from a failure's type. */
export type Outcome = 'completed' | 'failed' | 'cancelled' | 'abandoned' | 'timeout' | 'skipped';

/** What a run that fails leaves in the details of its close event. */
export interface ClosingDetails {
  outcome: Outcome;
  failure: Failure;
  /** Later failures of the same run. */
  also?: Failure[];
  /** What `output` gave, as far as it could be rendered. */
  output?: Json;
}

/**
 * The type of an activity's failure with which a worker of ours hands a task back that it has no room for, before the first attempt
 * and not retryable: the interpreter issues the task again later.
 */
export const WORKER_BUSY = 'WorkerBusy';

/**
 * The type of the failure of an attempt that a worker could not begin, since it could not look up secrets or connections. In runs that
 * take hand-backs it begins the message of one (`WORKER_BUSY`).
 */
export const INFRASTRUCTURE_UNAVAILABLE = 'infrastructure_unavailable';

/** Types of failure that Temporal's own retry policy must never try again. */
export const NEVER_RETRIED = [
  'input_invalid',
  'too_large',
  'action_unavailable',
  'WorkerShutdown',
  'PayloadsTooLarge',
  'TemporalTimeout:Heartbeat',
  'TemporalTimeout:StartToClose',
] as const;

/** A failure of the engine's own, with its type checked. */
export function engineFailure(
  type: FailureType,
  message: string,
  rest: Omit<Failure, 'type' | 'message'> = {},
): Failure {
  return { type, message, ...rest };
}

/** What an action of our own workers tells about a failure, second in the failure's details. */
export interface FaultNote {
  attempt?: number;
  code?: string;
}
