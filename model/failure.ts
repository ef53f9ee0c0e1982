import { exceedsLength, type Json, jsonSize } from './json.ts';
import { boundedText } from './text.ts';

/**
 * The failure of a task or a run. `type` is a type of the language, or one of the action (`http_error`); `code` is a short code of
 * the failure, if it has one (`ETIMEDOUT`, `HTTP_503`).
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

/** Returns a failure with every field, null for an absent one, so that readers need not check which exist. */
export function completeFailure(failure: Failure): { [field in keyof Required<Failure>]: Json } {
  const { type, message, task = null, action = null, attempt = null, code = null, details = null, cause } = failure;
  return { type, message, task, action, attempt, code, details, cause: cause ? completeFailure(cause) : null };
}

/** The number of causes of a failure, one below the other. */
const MAX_CAUSES = 10;

/** Bytes, as JSON, that all causes together may add to a failure in full; causes beyond that are shortened. */
const MAX_ADDED_BYTES = 10_000;
const MAX_BRIEF_TEXT = 300;

/**
 * Returns a failure with another one as its last cause: the earliest failure stands last. Beyond 10 causes the first are left out. Causes
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

/** Returns a failure and its causes as a list, each without its `cause`. */
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

/** The failure types of Fermata itself. */
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

/** A failure type of Fermata itself. */
export type FailureType = (typeof FAILURE_TYPES)[number];

/** How a run closed; recorded next to its failure when it closes, never read from the type of a failure. */
export type Outcome = 'completed' | 'failed' | 'cancelled' | 'abandoned' | 'timeout' | 'skipped';

/** The details in the close event of a run that fails. */
export interface ClosingDetails {
  outcome: Outcome;
  failure: Failure;
  /** Later failures of the same run. */
  also?: Failure[];
  /** The parts of `output` that could be rendered. */
  output?: Json;
}

/**
 * The type of the failure with which one of Fermata's workers hands back a task that it has no room for, before the first attempt and
 * not retryable: the interpreter issues the task again later.
 */
export const WORKER_BUSY = 'WorkerBusy';

/**
 * The type of the failure of an attempt that a worker could not begin, since it could not look up secrets or connections. In runs that
 * take hand-backs it begins the message of one (`WORKER_BUSY`).
 */
export const INFRASTRUCTURE_UNAVAILABLE = 'infrastructure_unavailable';

/** Types of failures that Temporal's own retry policy must never retry. */
export const NEVER_RETRIED = [
  'input_invalid',
  'too_large',
  'action_unavailable',
  'WorkerShutdown',
  'PayloadsTooLarge',
  'TemporalTimeout:Heartbeat',
  'TemporalTimeout:StartToClose',
] as const;

/** Creates a failure of Fermata itself, with its type checked. */
export function engineFailure(
  type: FailureType,
  message: string,
  rest: Omit<Failure, 'type' | 'message'> = {},
): Failure {
  return { type, message, ...rest };
}

/** The report of an action of Fermata's own workers about a failure, second in the details of the failure. */
export interface FaultNote {
  attempt?: number;
  code?: string;
}
