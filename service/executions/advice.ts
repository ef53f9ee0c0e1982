import { ATTEMPTS_SKIPPED } from '../../interpreter/versions.ts';
import { heldDelegations } from '../../model/delegation.ts';
import { type Execution, HELD_BACK, type Wait } from '../../model/execution.ts';
import { integerId, parseExecutionId } from '../../model/execution-id.ts';
import { readRetryTask } from '../../model/execution-requests.ts';
import type { Failure } from '../../model/failure.ts';
import { inquiryId } from '../../model/inquiry-id.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import { executionKey, parseTaskKey } from '../../model/task-key.ts';

/** A request that helps a run, which each interface writes in its form; executions are named by their integer ids. */
export type AdvisedRequest =
  | { what: 'cancel' | 'terminate' | 'resume' | 'explain'; execution: number }
  /** `from` is null where a retry needs none. */
  | { what: 'retry'; execution: number; from: string | null }
  | { what: 'skip'; execution: number; task: string }
  | { what: 'signal'; execution: number; name: string }
  | { what: 'respond'; inquiry: string };

/** Advice in words, with the act that follows it; null where no act helps or none is needed. */
export interface Advice {
  /** A stable code of the problem; absent where nothing is wrong. */
  code?: string;
  text: string;
  act: AdvisedRequest | null;
}

/** The end of a sentence about a wait while the run is paused. */
const AFTER_RESUME = ', but nothing follows before the run is resumed';

/** How to start a worker for Fermata's own task queue. */
export const HOW_TO_WORK = ' Start a worker with `npm run start:worker`.';

/** Advises on an open run that has failed but still waits: it cannot complete, and may never end by itself. */
export function lostAdvice({ pendingFailure: failure, status }: Execution, self: number): Advice[] {
  if (failure === null || status === 'canceling') return [];
  const text = `It has failed and will close as failed once everything it waits for has ended: ${failureText(failure)}. Cancel it to end the wait.`;
  return [{ code: 'failed', text, act: { what: 'cancel', execution: self } }];
}

/** Advises on a run that did not end well; `from` is the task, or `start`, to retry it from, null for what failed. */
export function closedAdvice({ failure, status }: Execution, self: number, from: string | null): Advice[] {
  const why = failure?.task === undefined && failure?.cause === undefined ? '' : `: ${failureText(failure)}`;
  const how = `It has ended as ${status}${why}.`;
  const act: AdvisedRequest = { what: 'retry', execution: self, from };
  if (from === null) return [{ text: `${how} A retry continues from there.`, act }];
  const what = from === 'start' ? 'everything' : `"${readRetryTask(from)}" and what followed from it`;
  return [{ text: `${how} A retry with from: ${JSON.stringify(from)} runs ${what} again.`, act }];
}

/** Describes a failure. */
function failureText({ type, task, message }: Failure): string {
  if (type === 'failed_by_workflow') return message;
  return task === undefined ? message : `"${task}" failed with ${type} (${message})`;
}

/** Advises on a run that somebody started or signalled without using the API. */
export function forgeryAdvice({ statements, authentic }: Execution): Advice[] {
  const forged = authentic === false ? [{ code: 'not_authentic', text: NOT_AUTHENTIC, act: null }] : [];
  if (statements === null || statements.refused === 0) return forged;
  const text = `The run has refused ${statements.refused} decisions or controls that Fermata did not sign for it (statements_refused): somebody is sending them without using the API.`;
  return [...forged, { code: 'statements_refused', text, act: null }];
}

const NOT_AUTHENTIC =
  'Its start is not signed by Fermata (not_authentic): somebody started it, or changed its input, without using the API. Decisions recorded in it prove nothing.';

/** Advises on one wait of a run; `unserved` are the task queues without a worker. */
export function adviceFor(
  { kind, task, detail, until }: Wait,
  execution: Execution,
  n: number,
  self: number,
  unserved: ReadonlySet<string>,
): Advice[] {
  const skip: AdvisedRequest = { what: 'skip', execution: self, task: executionKey(task ?? '') };
  const at = until === null ? '' : ` until ${until}`;
  const isPaused = execution.status === 'paused';
  switch (kind) {
    case 'inquiry':
      return inquiryAdvice(execution, n, task, at);
    case 'signal':
      return [
        {
          text: `"${task}" waits for the signal "${detail}"${at}.`,
          act: { what: 'signal', execution: self, name: detail ?? '' },
        },
      ];
    case 'timer':
      return [
        {
          text: `"${task}" waits${at}${isPaused ? AFTER_RESUME : ' and then continues by itself'}. Skip it to end the wait.`,
          act: skip,
        },
      ];
    case 'retry': {
      const again = `"${task}" will be retried${retryTime(until, isPaused)}${detail === null ? '' : `, after: ${detail}`}`;
      const ends = (execution.run?.interpreter ?? 0) >= ATTEMPTS_SKIPPED;
      return [
        ends
          ? { text: `${again}. Skip it to end the wait.`, act: skip }
          : { text: `${again}. No action is needed.`, act: null },
      ];
    }
    case 'action':
      return [{ text: `"${task}" is being run by a worker. No action is needed.`, act: null }];
    case 'child': {
      const child = execution.children.find(({ key }) => key === task)?.child ?? null;
      const below = child === null ? undefined : parseExecutionId(child);
      return [
        {
          text: `"${task}" waits for its sub-workflow, which has a separate explanation.`,
          act: below === undefined ? null : { what: 'explain', execution: integerId(below.n) },
        },
      ];
    }
    case 'worker':
      return workerAdvice(execution, task, detail, unserved);
    case 'pause':
      return pauseAdvice(execution, self, task, detail);
    case 'turn':
      return [
        {
          text: `It waits for its turn: ${detail}. It starts ${isPaused ? 'once it is resumed and' : 'by itself once'} one of them has ended.`,
          act: null,
        },
      ];
    case 'drain':
      return [{ text: `Nothing new is started: ${detail}. No action is needed.`, act: null }];
    case 'engine_fault':
      return [
        {
          text: `No worker can continue it (${detail}). Start a worker with a build that can, or terminate it.`,
          act: { what: 'terminate', execution: self },
        },
      ];
  }
}

/** Says when the next attempt of a task begins. */
function retryTime(until: string | null, isPaused: boolean): string {
  if (!isPaused) return until === null ? '' : ` at ${until}`;
  return ` once the run is resumed${until === null ? '' : `, at ${until} at the earliest`}`;
}

/** Advises on the pending inquiries of a task; `at` says until when they can be decided. */
function inquiryAdvice({ inquiries }: Execution, n: number, task: string | null, at: string): Advice[] {
  const asked = inquiries.filter((inquiry) => inquiry.task === task && inquiry.status === 'pending');
  return asked.map((inquiry) => {
    const { approvers, groups } = inquiry.request;
    const delegates = heldDelegations(inquiry).map(({ by, to }) => `${to} on behalf of ${by}`);
    const who =
      [...approvers, ...groups.map((group) => `the group ${group}`), ...delegates].join(', ') ||
      'anyone who may respond';
    const text = `"${task}" waits for a decision${at}: ${who} can decide.`;
    return { text, act: { what: 'respond', inquiry: inquiryId(n, inquiry) } };
  });
}

/** Advises on a task that no worker has started; `detail` is what it lacks on a worker that polls its task queue. */
function workerAdvice(
  execution: Execution,
  task: string | null,
  detail: string | null,
  unserved: ReadonlySet<string>,
): Advice[] {
  if (detail !== null) return [{ text: `"${task}" waits for capacity on a worker (${detail}).`, act: null }];
  const queue = findTaskQueue(execution, task);
  const text = unserved.has(queue)
    ? `No worker has started "${task}" yet (no_worker): no worker polls the task queue "${queue}".${queue === OWN_TASK_QUEUE ? HOW_TO_WORK : ''}`
    : `No worker has started "${task}" yet: the workers of the task queue "${queue}" are busy.`;
  return [{ ...(unserved.has(queue) ? { code: 'no_worker' } : {}), text, act: null }];
}

/** Advises on a pause: of one task in Temporal, of the next attempt of a task, or of the whole run where `task` is null. */
function pauseAdvice({ workflowId }: Execution, self: number, task: string | null, detail: string | null): Advice[] {
  if (task !== null && detail === HELD_BACK) {
    const text = `The next attempt of "${task}" is held back while the run is paused. Resume the run to let it start.`;
    return [{ text, act: { what: 'resume', execution: self } }];
  }
  if (task !== null) {
    const text = `"${task}" is paused in Temporal: resume it with "temporal activity unpause --workflow-id ${workflowId} --activity-id ${task}".`;
    return [{ text, act: null }];
  }
  return [{ text: `It is ${detail}. Resume it to continue.`, act: { what: 'resume', execution: self } }];
}

/** Returns the task queue of a task of a run. */
export function findTaskQueue({ run, taskQueue }: Execution, key: string | null): string {
  const { name: of } = parseTaskKey(key ?? '');
  const action = run?.definition.tasks.find(({ name }) => name === of)?.action;
  return (action === undefined ? undefined : run?.actions[action]?.task_queue) ?? taskQueue;
}
