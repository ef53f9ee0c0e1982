import { AppError } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import { integerId } from '../../model/execution-id.ts';
import type { Mask } from '../../model/mask.ts';
import type { Principal } from '../../model/principal.ts';
import { isClosed, isSuccessful } from '../../model/status.ts';
import type { TransitionTrace } from '../../model/transition-trace.ts';
import type { MomentOf } from '../../projection/moment.ts';
import type { WaitingJoin } from '../../projection/runs/joins.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { DeliveryService } from '../notices/deliveries.ts';
import { type MaskedExecution, maskExecution } from '../projections/masks.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { taskToRetry } from '../retries/preparations.ts';
import {
  type Advice,
  adviceFor,
  closedAdvice,
  findTaskQueue,
  forgeryAdvice,
  HOW_TO_WORK,
  lostAdvice,
} from './advice.ts';
import type { ExecutionReader } from './reader.ts';

/** Why a run is in its state, and what moves it. */
export interface Explanation {
  execution: MaskedExecution;
  /** Whether it can still complete, by itself or by following the advice. */
  canFinish: boolean;
  blockedBy: WaitingJoin[];
  advice: Advice[];
}

/** Explains runs. */
export interface ExplanationService {
  /** Explains what a run waits for, since when, who or what can move it, and by which act. Throws `execution_not_found`. */
  explain(principal: Principal, id: string): Promise<Explanation>;
  /** Returns a run as it was at an event of its history. Throws `execution_not_found`, `event_not_found`. */
  at(
    principal: Principal,
    id: string,
    moment: MomentOf,
  ): Promise<{ n: number; execution: MaskedExecution; joins: WaitingJoin[]; transitions: TransitionTrace[] }>;
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
  /** Advises on open inquiries that nobody was notified of; `mask` is for the messages of chat services that say why. */
  async function untold(execution: Execution, mask: Mask): Promise<Advice[]> {
    return (await deliveries.untold(execution)).map(({ inquiry, reasons }) => ({
      code: 'nobody_was_told',
      text: `Nobody was notified that "${inquiry.task}" waits for a decision: ${reasons.map(mask.hideInMessage).join('; ')}.`,
      act: null,
    }));
  }

  /** Returns from where a closed run can be retried; null: from what failed, which is the default of a retry. */
  async function retryFrom(execution: Execution): Promise<string | null> {
    if (execution.authentic === false) return 'start';
    try {
      const ended = await projections.readCarried(execution.workflowId, { from: 'failed' });
      if (ended === null) return 'start';
      return ended.carried === null ? taskToRetry(execution) : null;
    } catch (error) {
      if (error instanceof AppError && error.code === 'work_exceeded') return 'start';
      throw error;
    }
  }

  /** Returns the task queues without a worker in which tasks of a run wait. */
  async function unserved({ waitingFor, ...execution }: Execution): Promise<Set<string>> {
    const waiting = waitingFor.filter(({ kind, detail }) => kind === 'worker' && detail === null);
    const queues = [...new Set(waiting.map(({ task }) => findTaskQueue({ waitingFor, ...execution }, task)))];
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
        return { execution, canFinish: good, blockedBy: [], advice };
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
        advice: [
          ...canceling,
          ...lostAdvice(execution, self),
          ...forgeryAdvice(execution),
          ...withoutWorker,
          ...(await untold(execution, mask)),
          ...advice,
        ],
      };
    },

    async at(principal, id, moment) {
      const { n, execution, hidden } = await executions.readUnmasked(principal, id);
      const then = await projections.readAt(execution.workflowId, moment);
      if (then === null) throw new AppError('event_not_found', `Execution with ID ${id} has no event ${moment.event}`);
      // A value that a later task hides was there before.
      const all = [...(then.hidden ?? []), ...hidden];
      const { execution: shown, mask, hidden: masked } = maskExecution(then.execution, all);
      const transitions = then.transitions.map(({ error, read, ...decided }) => ({
        ...decided,
        // A value that was cut cannot be masked any more.
        ...(masked.length > 0 || read === undefined ? {} : { read }),
        error: error === null ? null : mask.hideInMessage(error),
      }));
      return { n, execution: shown, joins: then.joins, transitions };
    },
  };
}
