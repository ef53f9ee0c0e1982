import { ATTEMPTS_SKIPPED } from '../../interpreter/versions.ts';
import { AppError } from '../../model/app-error.ts';
import { heldDelegations } from '../../model/delegation.ts';
import { type Execution, HELD_BACK, type Wait } from '../../model/execution.ts';
import { integerId, parseExecutionId } from '../../model/execution-id.ts';
import type { Failure } from '../../model/failure.ts';
import { inquiryId } from '../../model/inquiry-id.ts';
import type { Principal } from '../../model/principal.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import { isClosed, isSuccessful } from '../../model/status.ts';
import { executionKey } from '../../model/task-key.ts';
import type { WaitingJoin } from '../../projection/moment.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { DeliveryService } from '../notices/deliveries.ts';
import { type Mask, type MaskedExecution, maskExecution } from '../projections/masks.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import type { ExecutionReader } from './reader.ts';
import { taskToRetry } from './retries.ts';

/** Something that moves a run, which each interface asks for in its own way; executions are named by their integer ids. */
export type Act =
  | { what: 'cancel' | 'terminate' | 'resume' | 'explain'; execution: number }
  /** `from` is null where a retry needs to be told nothing. */
  | { what: 'retry'; execution: number; from: string | null }
  | { what: 'skip'; execution: number; task: string }
  | { what: 'signal'; execution: number; name: string }
  | { what: 'respond'; inquiry: string };

/** What somebody can do, in words, and as an act; null where it takes something else, or nothing. */
export interface Advice {
  /** A stable name of the trouble; absent where nothing is wrong. */
  code?: string;
  text: string;
  act: Act | null;
}

/** Why a run stands as it does. */
export interface Explanation {
  execution: MaskedExecution;
  /** Whether it can still complete, by itself or by following the advice. */
  canFinish: boolean;
  blockedBy: WaitingJoin[];
  advice: Advice[];
}

/** Explains runs. */
export interface ExplanationService {
  /** What a run waits for, since when, who or what can move it, and by which act. Throws `execution_not_found`. */
  explain(principal: Principal, id: string): Promise<Explanation>;
  /** A run as it was at an event of its history, by the event's number. Throws `execution_not_found`, `event_not_found`. */
  at(
    principal: Principal,
    id: string,
    event: number,
  ): Promise<{ n: number; execution: MaskedExecution; joins: WaitingJoin[] }>;
}

/** The dependencies of the service. */
export interface ExplanationDependencies {
  executions: Pick<ExecutionReader, 'readUnmasked'>;
  projections: ProjectionReader;
  temporal: Pick<Temporal, 'pollers'>;
  deliveries: Pick<DeliveryService, 'untold'>;
}

/** Creates the service. */
export function createExplanationService({
  executions,
  projections,
  temporal,
  deliveries,
}: ExplanationDependencies): ExplanationService {
  /** Advice on open inquiries that nobody was told of. */
  async function untold(execution: Execution): Promise<Advice[]> {
    return (await deliveries.untold(execution)).map(({ inquiry, reasons }) => ({
      code: 'nobody_was_told',
      text: `Nobody was notified that "${inquiry.task}" waits for a decision: ${reasons.join('; ')}.`,
      act: null,
    }));
  }

  /** From where an ended run can be tried again; null: from what failed, which is what a retry does unless it is told otherwise. */
  async function retryFrom(execution: Execution): Promise<string | null> {
    if (execution.authentic === false) return 'start';
    try {
      const ended = await projections.readCarried(execution.workflowId, null);
      if (ended === null) return 'start';
      return ended.carried === null ? taskToRetry(execution) : null;
    } catch (error) {
      if (error instanceof AppError && error.code === 'work_exceeded') return 'start';
      throw error;
    }
  }

  /** The queues of a run in which tasks wait and that nobody serves. */
  async function unserved({ waitingFor, ...execution }: Execution): Promise<Set<string>> {
    const waiting = waitingFor.filter(({ kind, detail }) => kind === 'worker' && detail === null);
    const queues = [...new Set(waiting.map(({ task }) => queueOf({ waitingFor, ...execution }, task)))];
    const served = await Promise.all(queues.map((queue) => temporal.pollers(queue)));
    return new Set(queues.filter((_, index) => served[index] === 0));
  }

  return {
    async explain(principal, id) {
      const { n, execution, projected, mask } = await executions.readUnmasked(principal, id);
      const { status, waitingFor } = execution;
      const self = integerId(n);
      if (isClosed(status)) {
        const good = isSuccessful(status);
        const advice = good ? [] : closedAdvice(execution, self, await retryFrom(execution));
        return { execution, canFinish: good, blockedBy: [], advice: masked(advice, mask) };
      }
      const stuck = waitingFor.some(({ kind }) => kind === 'engine_fault') || execution.projection === 'diverged';
      const nobody = await unserved(execution);
      const idle = waitingFor.length === 0 && (await temporal.pollers(execution.taskQueue)) === 0;
      const withoutWorker = idle
        ? [
            {
              code: 'no_worker',
              text: `No worker has started it (no_worker): no worker polls the task queue "${execution.taskQueue}".${HOW_TO_WORK}`,
              act: null,
            },
          ]
        : [];
      const advice = waitingFor.flatMap((wait) => adviceFor(wait, execution, n, self, nobody));
      const canceling: Advice[] =
        status === 'canceling'
          ? [
              {
                text: 'It is being cancelled. Terminate it to stop it at once.',
                act: { what: 'terminate', execution: self },
              },
            ]
          : [];
      return {
        execution,
        canFinish: !stuck && status !== 'canceling' && execution.pendingFailure === null,
        blockedBy: projected?.joins ?? [],
        advice: masked(
          [
            ...canceling,
            ...lostAdvice(execution, self),
            ...forgeryAdvice(execution),
            ...withoutWorker,
            ...(await untold(execution)),
            ...advice,
          ],
          mask,
        ),
      };
    },

    async at(principal, id, event) {
      const { n, execution } = await executions.readUnmasked(principal, id);
      const then = await projections.readAt(execution.workflowId, event);
      if (then === null) throw new AppError('event_not_found', `Execution with ID ${id} has no event ${event}`);
      return { n, execution: maskExecution(then.execution, then.above).execution, joins: then.joins };
    },
  };
}

/** Masks the texts of advice, some of which hold messages of failures and of chat services. */
function masked(advice: readonly Advice[], mask: Mask): Advice[] {
  return advice.map((each) => ({ ...each, text: mask(each.text) as string }));
}

/** What a run has failed with that still waits for something: it cannot end well, and may never end by itself. */
function lostAdvice({ pendingFailure: failure, status }: Execution, self: number): Advice[] {
  if (failure === null || status === 'canceling') return [];
  const text = `It has failed and will close as failed once everything it waits for has ended: ${told(failure)}. Cancel it to end the wait.`;
  return [{ code: 'failed', text, act: { what: 'cancel', execution: self } }];
}

function closedAdvice({ failure, status }: Execution, self: number, from: string | null): Advice[] {
  const why = failure?.task === undefined && failure?.cause === undefined ? '' : `: ${told(failure)}`;
  const how = `It has ended as ${status}${why}.`;
  const act: Act = { what: 'retry', execution: self, from };
  if (from === null) return [{ text: `${how} A retry continues from there.`, act }];
  const what = from === 'start' ? 'everything' : `"${from}" and what followed from it`;
  return [{ text: `${how} A retry with from: ${JSON.stringify(from)} runs ${what} again.`, act }];
}

/** What failed, in words. */
function told({ type, task, message }: Failure): string {
  if (type === 'failed_by_workflow') return message;
  return task === undefined ? message : `"${task}" failed with ${type} (${message})`;
}

function forgeryAdvice({ statements, authentic }: Execution): Advice[] {
  const forged = authentic === false ? [{ code: 'not_authentic', text: NOT_AUTHENTIC, act: null }] : [];
  if (statements === null || statements.refused === 0) return forged;
  const text = `The run has refused ${statements.refused} decisions or controls that Fermata did not sign for it (statements_refused): somebody is sending them without using the API.`;
  return [...forged, { code: 'statements_refused', text, act: null }];
}

const NOT_AUTHENTIC =
  'Its start is not signed by Fermata (not_authentic): somebody started it, or changed its input, without using the API. Decisions recorded in it prove nothing.';

function adviceFor(
  { kind, task, detail, until }: Wait,
  execution: Execution,
  n: number,
  self: number,
  unserved: ReadonlySet<string>,
): Advice[] {
  const skip: Act = { what: 'skip', execution: self, task: executionKey(task ?? '') };
  const at = until === null ? '' : ` until ${until}`;
  switch (kind) {
    case 'inquiry': {
      const asked = execution.inquiries.filter((inquiry) => inquiry.task === task && inquiry.status === 'pending');
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
    case 'signal':
      return [
        {
          text: `"${task}" waits for the signal "${detail}"${at}.`,
          act: { what: 'signal', execution: self, name: detail ?? '' },
        },
      ];
    case 'timer':
      return [{ text: `"${task}" waits${at} and then continues by itself. Skip it to end the wait.`, act: skip }];
    case 'retry': {
      const again = `"${task}" will be retried${until === null ? '' : ` at ${until}`}${detail === null ? '' : `, after: ${detail}`}`;
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
      const child = execution.tasks.find(({ key }) => key === task)?.child ?? null;
      const below = child === null ? undefined : parseExecutionId(child);
      return [
        {
          text: `"${task}" waits for its sub-workflow, which has a separate explanation.`,
          act: below === undefined ? null : { what: 'explain', execution: integerId(below.n) },
        },
      ];
    }
    case 'worker': {
      if (detail !== null) return [{ text: `"${task}" waits for capacity on a worker (${detail}).`, act: null }];
      const queue = queueOf(execution, task);
      const text = unserved.has(queue)
        ? `No worker has started "${task}" yet (no_worker): no worker polls the task queue "${queue}".${queue === OWN_TASK_QUEUE ? HOW_TO_WORK : ''}`
        : `No worker has started "${task}" yet: the workers of the task queue "${queue}" are busy.`;
      return [{ ...(unserved.has(queue) ? { code: 'no_worker' } : {}), text, act: null }];
    }
    case 'pause':
      if (task !== null && detail === HELD_BACK) {
        const text = `The next attempt of "${task}" is held back while the run is paused. Resume the run to let it start.`;
        return [{ text, act: { what: 'resume', execution: self } }];
      }
      if (task !== null) {
        const text = `"${task}" is paused in Temporal: resume it with "temporal activity unpause --workflow-id ${execution.workflowId} --activity-id ${task}".`;
        return [{ text, act: null }];
      }
      return [{ text: `It is ${detail}. Resume it to continue.`, act: { what: 'resume', execution: self } }];
    case 'turn':
      return [{ text: `It waits for its turn: ${detail}. It starts by itself once one of them has ended.`, act: null }];
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

function queueOf({ run, taskQueue, tasks }: Execution, key: string | null): string {
  const action = tasks.find((task) => task.key === executionKey(key ?? ''))?.action;
  return (action === undefined ? undefined : run?.actions[action]?.task_queue) ?? taskQueue;
}

/** How to have Fermata's own task queue served. */
const HOW_TO_WORK = ' Start a worker with `npm run start:worker`.';
