import { deriveUuid, integerId } from '../execution-id.ts';
import type { Json } from '../json.ts';
import { type ExecutionStatus, isClosed } from '../status.ts';
import { boundedText } from '../text.ts';
import type { NewEvent } from './event.ts';
import { patternPrefix } from './type-pattern.ts';

// Events of runs that have closed. Fermata itself records them, and only those that a rule listens to.

/** The source of the events of runs that have closed. */
export const LIFECYCLE_SOURCE = 'urn:fermata:executions';

/** Milliseconds after its end for which a run is an event; at least as long, events are kept, so that none is recorded again. */
const LIFECYCLE_AGE = 7 * 24 * 3_600_000;

/** The most characters of the type and the message of an error. */
const MAX_TYPE = 200;
const MAX_MESSAGE = 10_000;

/** A run that has closed. */
export interface ClosedRun {
  n: number;
  workflowId: string;
  /** The run of Temporal in which it has closed. */
  runId: string;
  ref: string;
  /** The version label of its workflow; null for an action, and where its workflow was deleted. */
  version: string | null;
  status: ExecutionStatus;
  created: Date;
  closed: Date;
  error: { type: string; message: string; task: string | null } | null;
  tags: readonly string[];
  enforcement: number | null;
  /** The integer id of the run that it is a retry of. */
  retryOf: number | null;
}

/** A type or a pattern of events that an enabled rule of a tenant is about, and since when. */
export interface Listener {
  tenant: string;
  type: string;
  since: Date;
}

/** The facts of a run that decide whether its end is an event. */
export interface RunEnding {
  tenant: string | null;
  status: ExecutionStatus;
  /** The integer id of the run that has started it as a sub-workflow. */
  parent: number | null;
  closed: Date | null;
}

/** Returns whether the end of a run may be an event: that of a tenant's own run, not of a sub-workflow, within the last seven days. */
export function isNewEnding<Run extends RunEnding>(
  run: Run,
  now: number,
): run is Run & { tenant: string; closed: Date } {
  const { tenant, status, parent, closed } = run;
  if (tenant === null || parent !== null || closed === null || !isClosed(status)) return false;
  return now - closed.getTime() <= LIFECYCLE_AGE;
}

/** Returns whether a rule that was enabled before the run closed is about its end. */
export function isHeard(
  listeners: readonly Listener[],
  { tenant, status, closed }: Pick<RunEnding, 'tenant' | 'status' | 'closed'>,
): boolean {
  const type = lifecycleType(status);
  return listeners.some((listener) => {
    if (listener.tenant !== tenant || closed === null || listener.since >= closed) return false;
    const prefix = patternPrefix(listener.type);
    return prefix === null ? listener.type === type : type.startsWith(prefix);
  });
}

/** Builds the event of a run that has closed, without its input and its output. */
export function buildLifecycleEvent(run: ClosedRun): NewEvent {
  const { n, workflowId, runId, ref, version, status, created, closed, error, tags, enforcement, retryOf } = run;
  const uuid = deriveUuid(n);
  const payload: Json = {
    execution: integerId(n),
    uuid,
    workflow_id: workflowId,
    workflow: ref,
    version,
    status,
    created: created.toISOString(),
    closed: closed.toISOString(),
    duration_ms: closed.getTime() - created.getTime(),
    error:
      error === null
        ? null
        : {
            type: boundedText(error.type, MAX_TYPE),
            message: boundedText(error.message, MAX_MESSAGE),
            task: error.task,
          },
    tags: [...tags],
    enforcement,
    retry_of: retryOf,
  };
  return {
    event_id: `${uuid}/${runId}`,
    type: lifecycleType(status),
    source: LIFECYCLE_SOURCE,
    subject: ref,
    time: closed.toISOString(),
    trigger_ref: null,
    headers: {},
    extensions: {},
    content_type: 'application/json',
    payload,
    verified: true,
    webhook: null,
  };
}

function lifecycleType(status: ExecutionStatus): string {
  return `io.fermata.execution.${status}`;
}
