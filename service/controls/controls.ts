import { randomUUID } from 'node:crypto';
import { ATTEMPTS_SKIPPED, WITHDRAWAL } from '../../interpreter/versions.ts';
import { AppError } from '../../model/app-error.ts';
import type { Control, ControlAction, ControlRecord } from '../../model/control.ts';
import type { Execution } from '../../model/execution.ts';
import { integerId } from '../../model/execution-id.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import { listSkippable } from '../../model/skips.ts';
import { isClosed } from '../../model/status.ts';
import { parseTaskKey } from '../../model/task-key.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { ExecutionReader, ExecutionView } from '../executions/reader.ts';
import type { InquiryService } from '../inquiries/inquiries.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import type { StatementSigner } from '../statements/statements.ts';
import { awaitVerdict } from '../statements/verdicts.ts';
import type { AttemptHolds } from './attempt-holds.ts';
import type { AttemptSkips } from './attempt-skips.ts';
import type { ChildPauses } from './child-pauses.ts';
import { controlSignal, isFull, MAX_CONTROLS } from './signals.ts';

/** Pauses and resumes runs, and skips tasks that wait. */
export interface ControlService {
  /**
   * Pauses or resumes an open run, or skips a task of it. Refuses at once what the run would refuse, if it has processed all that it
   * was sent; otherwise waits for the verdict of the run, unless it has no worker. A pause holds back the attempts that Temporal makes,
   * and applies to sub-workflows; a resume undoes both. The reconciler and the keeper of holds complete what cannot be done at once.
   * Throws `execution_not_found`, `execution_closed`, `execution_paused`, `execution_not_paused`, `control_overtaken`,
   * `task_not_waiting`, `skip_output_refused`, `controls_full`, `body_too_large`, `busy`, and for a question in a run of an older
   * interpreter what `respond` throws for a caller who may not decide it.
   */
  control(principal: Principal, id: string, action: ControlAction, reason: string | null): Promise<ExecutionView>;
}

/** The dependencies of the service. */
export interface ControlDependencies {
  temporal: Temporal;
  projections: ProjectionReader;
  executions: Pick<ExecutionReader, 'get'>;
  inquiries: Pick<InquiryService, 'demandApprover'>;
  signer: StatementSigner;
  holds: Pick<AttemptHolds, 'settle'>;
  children: Pick<ChildPauses, 'passOn'>;
  attempts: AttemptSkips;
  log: Logger;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the service. */
export function createControlService({
  temporal,
  projections,
  executions,
  inquiries: { demandApprover },
  signer,
  holds,
  children,
  attempts,
  log,
  clock,
}: ControlDependencies): ControlService {
  /**
   * Throws for a skip that would count as a decision of a question: one with an output, or, in a run of an older interpreter, where the
   * task then succeeds, one by a caller who may not decide.
   */
  async function demandWithdrawal(
    principal: Principal,
    view: ExecutionView,
    { key, output }: ControlAction & { what: 'skip' },
  ): Promise<void> {
    const { run, inquiries } = view.execution;
    const { name } = parseTaskKey(key);
    if (run?.definition.tasks.find((task) => task.name === name)?.action !== 'core.inquiry') return;
    if (output !== null) {
      const message = `"${key}" is an inquiry: skipping it withdraws the question, so "output" is not allowed`;
      throw new AppError('skip_output_refused', message);
    }
    if (run.interpreter >= WITHDRAWAL) return;
    const inquiry = inquiries.find(({ task, status }) => task === key && status === 'pending');
    if (inquiry === undefined) throw refusalOf('not_waiting', { what: 'skip', key, output });
    await demandApprover(principal, { ...view, inquiry });
  }

  /** Returns an open run that accepts a control, as far as that is known; throws the refusal otherwise. */
  async function demandControllable(
    principal: Principal,
    id: string,
    control: Control & ControlAction,
  ): Promise<ExecutionView> {
    const view = await executions.get(principal, id);
    const { execution } = view;
    if (isClosed(execution.status)) throw closed(id);
    if (isFull(execution)) {
      throw new AppError('controls_full', `an execution accepts at most ${MAX_CONTROLS} pauses, resumes and skips`);
    }
    // A run with unprocessed signals, perhaps a pause, decides by itself.
    const foreseen = execution.unsettled ? null : foresee(execution, control);
    if (foreseen !== null) throw refusalOf(foreseen, control);
    if (control.what === 'skip') await demandWithdrawal(principal, view, control);
    return view;
  }

  /** Sends a control to a run and waits for its verdict. Returns false when no worker has processed it in time. */
  async function send(id: string, execution: Execution, control: Control & ControlAction): Promise<boolean> {
    const { workflowId } = execution;
    const signal = controlSignal(signer, execution, control, clock());
    if (!(await temporal.signal(workflowId, signal))) throw closed(id);
    const record = await awaitVerdict(
      { temporal, projections },
      execution,
      control.id,
      ({ controls }) => controls.find((each) => each.control.id === control.id),
      isFull,
    );
    if (record === 'closed') throw closed(id);
    if (record !== null && record.refused !== null) throw refusalOf(record.refused, control);
    return record !== null;
  }

  /** Skips a task; before its next attempt only if it is certain that none begins meanwhile. */
  async function skip(principal: Principal, id: string, control: Control & SkipAction): Promise<number> {
    const { n, execution } = await demandControllable(principal, id, control);
    const { workflowId, run } = execution;
    const knows = run !== null && run.interpreter >= ATTEMPTS_SKIPPED;
    const activity = knows ? await attempts.hold(workflowId, control.key) : undefined;
    try {
      if (activity === null) throw refusalOf('not_waiting', control);
      const taken = await send(id, execution, control);
      // A run processes results of activities before signals, so it must have processed the skip first.
      if (taken && activity !== undefined) await attempts.end(workflowId, activity, control.id);
    } finally {
      if (activity !== undefined) await holds.settle(workflowId);
    }
    return n;
  }

  /** Pauses or resumes a run, and then its attempts and its sub-workflows as far as that is possible at once. */
  async function switchRun(principal: Principal, id: string, control: Control & SwitchAction): Promise<number> {
    const { n, execution } = await demandControllable(principal, id, control);
    const { workflowId } = execution;
    await send(id, execution, control);
    try {
      await holds.settle(workflowId);
    } catch (error) {
      log.warn({ err: error, workflow_id: workflowId }, 'the attempts of a paused or resumed run follow later');
    }
    await children.passOn(workflowId);
    return n;
  }

  return {
    async control(principal, id, action, reason) {
      const sent = { id: randomUUID(), by: principal.subject, reason };
      const n =
        action.what === 'skip'
          ? await skip(principal, id, { ...action, ...sent })
          : await switchRun(principal, id, { what: action.what, ...sent });
      return executions.get(principal, String(integerId(n)));
    },
  };
}

type SkipAction = Extract<ControlAction, { what: 'skip' }>;

/** A pause or a resume. */
interface SwitchAction {
  what: 'pause' | 'resume';
}

/** Returns the reason for which a run would refuse an action now; null when it would not. */
function foresee({ status, waitingFor }: Execution, action: ControlAction): ControlRecord['refused'] {
  if (action.what === 'pause') return status === 'paused' ? 'already_paused' : null;
  if (action.what === 'resume') return status === 'paused' ? null : 'not_paused';
  return listSkippable(waitingFor).has(action.key) ? null : 'not_waiting';
}

function refusalOf(refused: NonNullable<ControlRecord['refused']>, action: ControlAction): AppError {
  if (refused === 'already_paused') return new AppError('execution_paused', 'the execution is already paused');
  if (refused === 'not_paused') return new AppError('execution_not_paused', 'the execution is not paused');
  if (refused === 'overtaken') {
    const message = `a later ${action.what === 'pause' ? 'resume' : 'pause'} reached the execution first`;
    return new AppError('control_overtaken', message);
  }
  const key = action.what === 'skip' ? action.key : '';
  const message = `"${key}" cannot be skipped: it is not waiting for an inquiry, a signal, a timer or another attempt`;
  return new AppError('task_not_waiting', message);
}

function closed(id: string): AppError {
  return new AppError('execution_closed', `Execution with ID ${id} has already ended`);
}
