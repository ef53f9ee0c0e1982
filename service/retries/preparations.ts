import { AppError } from '../../model/app-error.ts';
import { isMintedEnforcement } from '../../model/events/enforcement-number.ts';
import type { Execution } from '../../model/execution.ts';
import { readRetryTask, retryEvent, writeRetryTask } from '../../model/execution-requests.ts';
import type { Issue } from '../../model/issue.ts';
import { canonicalJson, isJsonObject, type Json } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import type { Parameters, RunInput } from '../../model/run-input.ts';
import { startersOf } from '../../model/run-starters.ts';
import { isSuccessful } from '../../model/status.ts';
import { parseTaskKey } from '../../model/task-key.ts';
import type { Blueprint } from '../../temporal/starts.ts';
import type { RetrySummary } from '../index/lists.ts';
import { writeOnlyPaths } from '../projections/hiding/write-only.ts';
import type { CarriedRun, ProjectedRun, RetryPoint } from '../projections/projected-runs.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { buildContinuation, buildStart, type Continuation } from '../starts/blueprints.ts';
import type { ResolvedStart, StartCommand } from '../starts/start-command.ts';
import type { StatementSigner } from '../statements/statements.ts';
import { findLostTasks, type KeptRun, stateKept, stateWithChildren } from './kept-runs.ts';
import { findMaskedValues, type ShownInput } from './masked-inputs.ts';

/** The content of a retry, without when and by whom. */
export interface RetryRequest {
  /**
   * `failed`: continue from what failed; `start`: do everything again; the name of the task to continue from; or `event:12`: continue from
   * the state after that event of the history.
   */
  from: string;
  input?: Parameters | undefined;
  version?: string | undefined;
}

/** A run that is retried, as it is shown, with its retries and theirs. */
export interface RetriedRun {
  n: number;
  execution: Execution;
  retries: readonly RetrySummary[];
  /** Its unmasked projection; null when Temporal does not have the run. */
  projected: ProjectedRun | null;
  /** The values that are hidden where the run is shown. */
  hidden: readonly Json[];
}

/** Takes a reason to refuse a retry: throws it, or notes it in a plan. */
export type Refuse = (problem: Issue) => void;

/** A retry that could be started. */
export interface PreparedRetry {
  /** Builds its start under a number. */
  build: (n: number) => Blueprint;
  /** The start of the run that is retried, and the state that it leaves; null: the retry begins from the beginning. */
  ended: CarriedRun | null;
}

/**
 * Prepares a retry of a run. Throws `nothing_failed`, `history_unusable`, `event_not_found`, and what resolving its start throws; refuses
 * with `state_kept` what does not suit the work that it keeps.
 */
export type RetryPreparer = (
  principal: Principal,
  run: RetriedRun,
  request: RetryRequest,
  refuse: Refuse,
) => Promise<PreparedRetry>;

/** The dependencies of the preparer. */
export interface RetryPreparerDependencies {
  starts: { resolve(principal: Principal, command: StartCommand): Promise<ResolvedStart> };
  projections: Pick<ProjectionReader, 'readCarried'>;
  signer: Pick<StatementSigner, 'trust'>;
}

/** Creates the preparer. */
export function createRetryPreparer({ starts, projections, signer }: RetryPreparerDependencies): RetryPreparer {
  /** Prepares a run that does everything again that an earlier one was started for. */
  async function prepareAnew(
    principal: Principal,
    { execution, projected }: RetriedRun,
    { input, version }: RetryRequest,
  ): Promise<PreparedRetry> {
    const { memo, run, workflowType, input: shown } = execution;
    const first = projected?.execution.input ?? null;
    const command: StartCommand = {
      ref: memo?.ref ?? workflowType,
      inputField: 'input',
      version,
      input: input ?? (isJsonObject(first) ? first : {}),
      revision: version === undefined && run?.hash ? run.revision : undefined,
      ...originOf(execution),
      tags: memo?.tags,
      memo: memo?.memo,
      scheduled: run?.scheduled,
      starters: startersOf(execution),
    };
    const resolved = await starts.resolve(principal, command);
    const writeOnly = [...(run?.write_only ?? []), ...writeOnlyPaths(resolved.paramSchema)];
    const build = (n: number) => {
      if (input !== undefined) refuseMasks(input, { shown, original: first, writeOnly });
      return buildStart({ principal, trust: signer.trust() }, command, resolved, { n });
    };
    return { build, ended: null };
  }

  /** Prepares a run that continues from the state of an earlier one. */
  async function prepareContinuation(
    principal: Principal,
    retried: RetriedRun,
    request: RetryRequest,
    refuse: Refuse,
  ): Promise<PreparedRetry> {
    const { execution } = retried;
    const { ended, memo } = await readEnded(retried, request, refuse);
    const kept = await keptOf(ended);
    if (kept === null) throw nothingToRetry(execution, request.from);
    const { version } = request;
    const run = version === undefined ? ended.run : await inVersion(principal, ended.run, version, kept, refuse);
    const { input, seed } = ended;
    const build = (n: number) => {
      const continuation: Continuation = { run, memo, input, seed, carried: stateWithChildren(kept, run) };
      return buildContinuation({ principal, trust: signer.trust() }, continuation, n);
    };
    return { build, ended };
  }

  /** Reads the state to continue from. Throws `history_unusable`; refuses with `state_kept` what does not suit what is kept. */
  async function readEnded(
    { execution: { memo, workflowId, authentic }, hidden }: RetriedRun,
    { from, input }: RetryRequest,
    refuse: Refuse,
  ): Promise<{ ended: CarriedRun; memo: NonNullable<Execution['memo']> }> {
    if (authentic === false) {
      const message =
        'the start of the execution is not signed by this service: it can only be retried with from: start';
      throw new AppError('history_unusable', message);
    }
    const point = pointOf(from);
    const ended = await projections.readCarried(workflowId, point);
    if (ended === null || memo === null) throw unusable();
    if (input !== undefined) refuseInput(input, ended.input, hidden, refuse);
    if (point.from === 'task' && !ended.run.definition.tasks.some(({ name }) => name === point.task)) {
      refuseRetry(stateKept('/from', `there is no task "${point.task}"`));
    }
    return { ended, memo };
  }

  /** Returns what a retry keeps, with the sub-workflows that are run again; null when there is nothing to do again. */
  async function keptOf({ run, carried, children }: CarriedRun): Promise<KeptRun | null> {
    if (carried === null) return null;
    const kept: Record<string, KeptRun> = {};
    for (const [key, child] of Object.entries(children)) {
      const ended = await projections.readCarried(child, { from: 'failed' });
      const keptChild = ended === null ? null : await keptOf(ended);
      if (keptChild !== null) kept[key] = keptChild;
    }
    return { run, state: carried.state, children: kept };
  }

  /** Replaces the definition of a run by that of another version, in which the tasks that are kept must be unchanged. */
  async function inVersion(
    principal: Principal,
    run: RunInput,
    version: string,
    kept: KeptRun,
    refuse: Refuse,
  ): Promise<RunInput> {
    const resolved = await starts.resolve(principal, { ref: run.ref, input: {}, inputField: 'input', version });
    const { definition, revision, hash, actions, workflows, outSchema } = resolved;
    for (const problem of findLostTasks(kept, definition, workflows)) refuse(problem);
    const { out_schema: _, workflows: __, code: ___, ...unchanged } = run;
    return {
      ...unchanged,
      definition,
      revision,
      hash,
      actions,
      version: resolved.version,
      ...(outSchema === null ? {} : { out_schema: outSchema }),
      ...(Object.keys(workflows).length === 0 ? {} : { workflows }),
    };
  }

  return (principal, run, request, refuse) => {
    const { status } = run.execution;
    if (request.from === 'failed' && isSuccessful(status)) {
      throw new AppError('nothing_failed', `nothing to retry: the execution has ended as ${status}`);
    }
    return request.from === 'start'
      ? prepareAnew(principal, run, request)
      : prepareContinuation(principal, run, request, refuse);
  };
}

/** Returns what a run says to have begun it: of one that somebody else has started, and without a cause, only the number of a caller. */
function originOf({ memo, authentic }: Execution): Pick<StartCommand, 'enforcement' | 'cause'> {
  const { enforcement = null, cause } = memo ?? {};
  if (cause !== undefined && authentic !== false) return { enforcement, cause };
  return { enforcement: enforcement !== null && isMintedEnforcement(enforcement) ? null : enforcement };
}

/** Refuses a retry. Throws `state_kept`. */
export function refuseRetry(problem: Issue): never {
  throw new AppError('state_kept', `${problem.path} ${problem.message}`, { issues: [problem] });
}

/** Refuses another input than that of the work which is kept. Where the run hides values, any: nobody learns whether a guess is right. */
function refuseInput(input: Parameters, kept: Parameters, hidden: readonly Json[], refuse: Refuse): void {
  if (hidden.length > 0) {
    refuse(stateKept('/input', 'cannot be given when completed tasks are kept and values of the input are hidden'));
  } else if (canonicalJson(input) !== canonicalJson(kept)) {
    const message = 'cannot change when completed tasks are kept: use from: start to retry with another input';
    refuse(stateKept('/input', message));
  }
}

/** Throws `input_invalid` for an input that has the mask of a hidden value instead of the value. */
function refuseMasks(input: Parameters, shown: ShownInput): void {
  const issues = findMaskedValues(input, shown);
  if (issues.length > 0) throw refusal('input_invalid', issues);
}

function unusable(): AppError {
  return new AppError(
    'history_unusable',
    'the execution cannot be continued from its history: retry it with from: start',
  );
}

/**
 * Returns the task from which to retry a run whose failures were all handled: the last task that failed, else the task after which the
 * run failed, as a request for the retry names it, else `start`.
 */
export function taskToRetry({ tasks, moreTasks, failure }: Pick<Execution, 'tasks' | 'moreTasks' | 'failure'>): string {
  const failed = tasks.findLast(({ item, failure }) => item === null && failure !== null);
  const ended = failure?.task === undefined ? null : parseTaskKey(failure.task).name;
  const name =
    moreTasks === undefined
      ? (failed ?? tasks.find(({ key }) => key === failure?.task))?.name
      : (moreTasks.lastFailed ?? ended);
  return name == null ? 'start' : writeRetryTask(name);
}

/** Returns what a retry continues from that does not begin from the beginning. */
function pointOf(from: string): RetryPoint {
  const event = retryEvent(from);
  if (event !== null) return { from: 'event', event };
  return from === 'failed' ? { from } : { from: 'task', task: readRetryTask(from) };
}

function nothingToRetry(execution: Execution, from: string): AppError {
  return new AppError('nothing_failed', `nothing to retry: ${whyNothing(execution, pointOf(from))}`);
}

function whyNothing(execution: Execution, point: RetryPoint): string {
  switch (point.from) {
    case 'failed':
      return `every failure in it was handled: use from: ${JSON.stringify(taskToRetry(execution))} to run that task again`;
    case 'task':
      return `it has not visited "${point.task}"`;
    case 'event':
      return `after event ${point.event} nothing was left to do, or nothing had begun`;
  }
}
