import { randomUUID } from 'node:crypto';
import { partsOf } from '../interpreter/simulate.ts';
import { ATTEMPTS_SKIPPED, WITHDRAWAL } from '../interpreter/versions.ts';
import { AppError, type ErrorCode } from '../model/app-error.ts';
import {
  CONTROL_SIGNAL,
  type Control,
  type ControlAction,
  type ControlRecord,
  newestSwitch,
  SKIPPABLE,
} from '../model/control.ts';
import { type Execution, HELD_BACK, type Wait } from '../model/execution.ts';
import { integerId } from '../model/execution-id.ts';
import { jsonSize } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import { isClosed } from '../model/status.ts';
import type { AttemptHolds } from './attempt-holds.ts';
import type { AttemptSkips } from './attempt-skips.ts';
import type { ExecutionService, ExecutionView } from './executions.ts';
import type { InquiryService } from './inquiries.ts';
import { mapConcurrently } from './loops.ts';
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
    holds,
    attempts,
  }: {
    inquiries: Pick<InquiryService, 'demandApprover'>;
    signer: StatementSigner;
    holds: Pick<AttemptHolds, 'settle'>;
    attempts: AttemptSkips;
  },
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

  /** Returns an open run to which a control can be done, as far as it has taken all that came before; else throws why it cannot. */
  async function demandControllable(
    principal: Principal,
    id: string,
    control: Control & ControlAction,
  ): Promise<ExecutionView> {
    const view = await executions.get(principal, id);
    const { execution } = view;
    if (isClosed(execution.status)) throw closed(id);
    if (isFull(execution)) {
      throw new AppError('controls_full', `a run can be paused, resumed and skipped ${MAX_CONTROLS} times in all`);
    }
    // A run that has not yet taken all that it was sent, a pause maybe, has the last word itself.
    const foreseen = execution.unsettled ? null : foresee(execution, control);
    if (foreseen !== null) throw refusalOf(foreseen, control);
    if (control.what === 'skip') await demandWithdrawal(principal, view, control);
    return view;
  }

  /** Sends a control to a run, and waits for what the run makes of it. False when no worker has taken it in time. */
  async function send(id: string, execution: Execution, control: Control & ControlAction): Promise<boolean> {
    // What is asked for after what this process has seen is newer, whatever the clocks of other processes say.
    const asked = Math.max(clock(), newestSwitch(execution.controls) + 1);
    const payload = signer.sealControl(execution, control, asked);
    if (jsonSize(payload) > MAX_PAYLOAD_BYTES) {
      throw new AppError('body_too_large', `an output may have ${MAX_PAYLOAD_BYTES} bytes`);
    }
    const { workflowId } = execution;
    const signal = { name: CONTROL_SIGNAL, payload, identity: control.by, requestId: control.id };
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

  /** Ends a task's wait; before the next attempt that Temporal makes, only where it is certain that none begins meanwhile. */
  async function skip(principal: Principal, id: string, control: Control & SkipAction): Promise<number> {
    const { n, execution } = await demandControllable(principal, id, control);
    const { workflowId, run } = execution;
    const knows = run !== null && run.interpreter >= ATTEMPTS_SKIPPED;
    const activity = knows ? await attempts.hold(workflowId, control.key) : undefined;
    try {
      if (activity === null) throw refusalOf('not_waiting', control);
      const taken = await send(id, execution, control);
      // A run takes what became of its activities before signals, so that it must have taken the skip first.
      if (taken && activity !== undefined) await attempts.end(workflowId, activity, control.id);
    } finally {
      if (activity !== undefined) await holds.settle(workflowId);
    }
    return n;
  }

  /** Pauses or resumes a run, the attempts that Temporal makes in it, and the sub-workflows below it. */
  async function switchRun(principal: Principal, id: string, control: Control & SwitchAction): Promise<number> {
    const { n, execution } = await demandControllable(principal, id, control);
    await send(id, execution, control);
    await holds.settle(execution.workflowId);
    const { tasks } = (await executions.get(principal, String(integerId(n)))).execution;
    const open = tasks.filter(({ child, ended }) => child !== null && ended === null);
    await mapConcurrently(open, CONCURRENCY, ({ child, key }) =>
      control.what === 'pause'
        ? passOn(principal, child!, { ...control, id: below(control.id, key) })
        : resumeBelow(principal, child!, { control, pause: below(pauseOf(execution) ?? '', key) }),
    );
    return n;
  }

  /** Does the same to a sub-workflow, unless it has ended or stands so already. */
  async function passOn(principal: Principal, id: string, control: Control & SwitchAction): Promise<void> {
    try {
      await switchRun(principal, id, control);
    } catch (error) {
      if (!(error instanceof AppError) || !PASSED_OVER.includes(error.code)) throw error;
    }
  }

  /** Resumes a sub-workflow that the pause of the run above it has paused; one that somebody has paused by itself stays paused. */
  async function resumeBelow(
    principal: Principal,
    id: string,
    { control, pause }: { control: Control & SwitchAction; pause: string },
  ): Promise<void> {
    const { execution } = await executions.get(principal, id);
    if (pauseOf(execution) === pause) await passOn(principal, id, { ...control, id: randomUUID() });
  }

  return {
    /**
     * Does something to an open run. What cannot be is refused before anything is sent, where the run has taken all that came before;
     * else the run's own word is awaited, and a run that has no worker takes it when it has one. A pause holds back the attempts that
     * Temporal makes, and goes down to sub-workflows; a resume ends what that pause did there. Throws `execution_not_found`,
     * `execution_closed`, `execution_paused`, `execution_not_paused`, `control_overtaken`, `task_not_waiting`, `skip_output_refused`,
     * `controls_full`, `body_too_large`, `busy`, and for the question of a run of an older interpreter what `respond` throws for who
     * may not decide it.
     */
    async control(
      principal: Principal,
      id: string,
      action: ControlAction,
      reason: string | null,
    ): Promise<ExecutionView> {
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

/** Sub-workflows that are paused or resumed at the same time. */
const CONCURRENCY = 8;

/** What a sub-workflow may refuse a pause or a resume for, without the one above it being refused. */
const PASSED_OVER: readonly ErrorCode[] = [
  'execution_closed',
  'execution_not_found',
  'execution_paused',
  'execution_not_paused',
  'control_overtaken',
  'controls_full',
];

/** The id of the pause of a sub-workflow that the pause of the run above it leads to; `key` is that of the task that runs it. */
function below(id: string, key: string): string {
  return `${id}/${key}`;
}

/** Returns the id of the pause that a run is paused by; null where it is not paused. */
function pauseOf({ status, controls }: Execution): string | null {
  if (status !== 'paused') return null;
  return controls.findLast(({ control, refused }) => control.what === 'pause' && refused === null)?.control.id ?? null;
}

/** Reports whether a run has as many controls as it keeps: what it is sent beyond them it does, and forgets. */
function isFull({ controls }: Execution): boolean {
  return controls.length >= MAX_CONTROLS;
}

/** What a run would refuse as it stands. */
function foresee({ status, waitingFor }: Execution, action: ControlAction): ControlRecord['refused'] {
  if (action.what === 'pause') return status === 'paused' ? 'already_paused' : null;
  if (action.what === 'resume') return status === 'paused' ? null : 'not_paused';
  const waits = waitingFor.some((wait) => isWaitOf(wait, action.key) && isSkippable(wait));
  return waits ? null : 'not_waiting';
}

/** Whether a task waits; an activity that was issued again has the number of its try behind the task's key. */
function isWaitOf({ task }: Wait, key: string): boolean {
  return task?.replace(/~\d+$/, '') === key;
}

function isSkippable({ kind, detail }: Wait): boolean {
  return SKIPPABLE.some((each) => each === kind) || (kind === 'pause' && detail === HELD_BACK);
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
