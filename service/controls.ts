import { randomUUID } from 'node:crypto';
import { partsOf } from '../interpreter/simulate.ts';
import { WITHDRAWAL } from '../interpreter/versions.ts';
import { AppError } from '../model/app-error.ts';
import {
  CONTROL_SIGNAL,
  type Control,
  type ControlAction,
  type ControlRecord,
  newestSwitch,
  SKIPPABLE,
} from '../model/control.ts';
import type { Execution } from '../model/execution.ts';
import { integerId } from '../model/execution-id.ts';
import { jsonSize } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import { isClosed } from '../model/status.ts';
import type { ExecutionService, ExecutionView } from './executions.ts';
import type { InquiryService } from './inquiries.ts';
import type { ProjectionReader } from './projections.ts';
import type { StatementSigner } from './statements.ts';
import type { Temporal } from './temporal.ts';
import { awaitVerdict } from './verdicts.ts';

/** What may be done to one run by pausing, resuming and skipping, in all. */
const MAX_CONTROLS = 1_000;

/** Pauses and resumes runs, and relieves tasks of what they wait for. */
export type ControlService = ReturnType<typeof createControlService>;

/** Makes the service; `clock` gives milliseconds. */
export function createControlService(
  { temporal, projections }: { temporal: Temporal; projections: ProjectionReader },
  executions: ExecutionService,
  {
    inquiries: { demandApprover },
    signer,
  }: { inquiries: Pick<InquiryService, 'demandApprover'>; signer: StatementSigner },
  clock: () => number,
) {
  /**
   * Throws for a skip that would let a run go on as if a question had been decided: with an output of the question, or in a run of an
   * older interpreter, where the task succeeds, by somebody who may not decide.
   */
  async function demandWithdrawal(
    principal: Principal,
    view: ExecutionView,
    { key, output }: ControlAction & { what: 'skip' },
  ): Promise<void> {
    const { run, inquiries } = view.execution;
    const { name } = partsOf(key);
    if (run?.definition.tasks.find((task) => task.name === name)?.action !== 'core.inquiry') return;
    if (output !== null) {
      const message = `"${key}" asks people: a skip withdraws the question, and cannot give an output in place of a decision`;
      throw new AppError('skip_output_refused', message);
    }
    if (run.interpreter >= WITHDRAWAL) return;
    const inquiry = inquiries.find(({ task, status }) => task === key && status === 'pending');
    if (inquiry === undefined) throw refusalOf('not_waiting', { what: 'skip', key, output });
    await demandApprover(principal, { ...view, inquiry });
  }

  return {
    /**
     * Does something to an open run. What cannot be is refused before anything is sent, where the run has taken all that came before;
     * else the run's own word is awaited, and a run that has no worker takes it when it has one. Throws `execution_not_found`, `execution_closed`,
     * `execution_paused`, `execution_not_paused`, `control_overtaken`, `task_not_waiting`, `skip_output_refused`, `controls_full`, `body_too_large`,
     * `busy`, and for the question of a run of an older interpreter what `respond` throws for who may not decide it.
     */
    async control(
      principal: Principal,
      id: string,
      action: ControlAction,
      reason: string | null,
    ): Promise<ExecutionView> {
      const view = await executions.get(principal, id);
      const { n, execution } = view;
      if (isClosed(execution.status)) throw closed(id);
      if (isFull(execution)) {
        throw new AppError('controls_full', `a run can be paused, resumed and skipped ${MAX_CONTROLS} times in all`);
      }
      // A run that has not yet taken all that it was sent, a pause maybe, has the last word itself.
      const foreseen = execution.unsettled ? null : foresee(execution, action);
      if (foreseen !== null) throw refusalOf(foreseen, action);
      if (action.what === 'skip') await demandWithdrawal(principal, view, action);
      const control: Control = { ...action, id: randomUUID(), by: principal.subject, reason };
      // What is asked for after what this process has seen is newer, whatever the clocks of other processes say.
      const asked = Math.max(clock(), newestSwitch(execution.controls) + 1);
      const payload = signer.sealControl(execution, control, asked);
      if (jsonSize(payload) > MAX_PAYLOAD_BYTES) {
        throw new AppError('body_too_large', `an output may have ${MAX_PAYLOAD_BYTES} bytes`);
      }
      const { workflowId } = execution;
      const signal = { name: CONTROL_SIGNAL, payload, identity: principal.subject, requestId: control.id };
      if (!(await temporal.signal(workflowId, signal))) throw closed(id);
      const record = await awaitVerdict(
        { temporal, projections },
        execution,
        control.id,
        ({ controls }) => controls.find((each) => each.control.id === control.id),
        isFull,
      );
      if (record === 'closed') throw closed(id);
      if (record !== null && record.refused !== null) throw refusalOf(record.refused, action);
      return executions.get(principal, String(integerId(n)));
    },
  };
}

/** Reports whether a run has as many controls as it keeps: what it is sent beyond them it does, and forgets. */
function isFull({ controls }: Execution): boolean {
  return controls.length >= MAX_CONTROLS;
}

/** What a run would refuse as it stands. */
function foresee({ status, waitingFor }: Execution, action: ControlAction): ControlRecord['refused'] {
  if (action.what === 'pause') return status === 'paused' ? 'already_paused' : null;
  if (action.what === 'resume') return status === 'paused' ? null : 'not_paused';
  const waits = waitingFor.some(({ kind, task }) => task === action.key && SKIPPABLE.some((each) => each === kind));
  return waits ? null : 'not_waiting';
}

function refusalOf(refused: NonNullable<ControlRecord['refused']>, action: ControlAction): AppError {
  if (refused === 'already_paused') return new AppError('execution_paused', 'the execution is paused already');
  if (refused === 'not_paused') return new AppError('execution_not_paused', 'the execution is not paused');
  if (refused === 'overtaken') {
    const message = `a later ${action.what === 'pause' ? 'resume' : 'pause'} has reached the execution first`;
    return new AppError('control_overtaken', message);
  }
  const key = action.what === 'skip' ? action.key : '';
  const message = `"${key}" does not wait for people, a signal, time or another attempt: it cannot be skipped`;
  return new AppError('task_not_waiting', message);
}

function closed(id: string): AppError {
  return new AppError('execution_closed', `Execution with ID ${id} has already ended`);
}
