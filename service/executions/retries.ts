import { AppError } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import { integerId } from '../../model/execution-id.ts';
import { canonicalJson, isJsonObject, type Json } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import type { Parameters, RunInput } from '../../model/run-input.ts';
import { isClosed, isSuccessful } from '../../model/status.ts';
import { parseTaskKey } from '../../model/task-key.ts';
import type { Blueprint } from '../../temporal/starts.ts';
import type { CarriedRun } from '../projections/projected-runs.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { demandBareStart } from '../starts/bare-starts.ts';
import { buildContinuation, buildStart, type Continuation } from '../starts/blueprints.ts';
import type { IdempotencyKey } from '../starts/idempotency.ts';
import type { Launcher } from '../starts/launches.ts';
import type { StartCommand } from '../starts/start-command.ts';
import type { StatementSigner } from '../statements/statements.ts';
import { demandKeptTasks, type KeptRun, stateKept, stateWithChildren } from './kept-runs.ts';
import type { ExecutionReader, ExecutionView, UnmaskedView } from './reader.ts';
import type { ExecutionStarter } from './starter.ts';

/** A request to retry a run. */
export interface RetryCommand {
  /** `failed`: continue from what failed; `start`: do everything again; or the name of the task to continue from. */
  from: string;
  input?: Parameters | undefined;
  version?: string | undefined;
  idempotencyKey?: IdempotencyKey | undefined;
}

/** Retries runs that have ended. */
export interface RetryService {
  /**
   * Starts a new run that is a retry of one that has ended. Throws `execution_not_found`, `permission_missing`, `execution_open`,
   * `nothing_failed`, `state_kept`, `history_unusable`, and what a start throws.
   */
  retry(principal: Principal, id: string, command: RetryCommand): Promise<ExecutionView>;
}

/** The dependencies of the service. */
export interface RetryDependencies {
  executions: Pick<ExecutionReader, 'get' | 'readUnmasked'> & Pick<ExecutionStarter, 'findRepeated' | 'resolve'>;
  projections: Pick<ProjectionReader, 'readCarried'>;
  launcher: Launcher;
  signer: Pick<StatementSigner, 'trust'>;
}

/** Builds the start of a retry under a number. */
type BuildRetry = (n: number) => Blueprint;

/** Creates the service. */
export function createRetryService({ executions, projections, launcher, signer }: RetryDependencies): RetryService {
  /** Prepares a run that does everything again that an ended one was started for. */
  async function prepareAnew(
    principal: Principal,
    { execution: { memo, run, workflowType }, projected }: UnmaskedView,
    { input, version }: RetryCommand,
  ): Promise<BuildRetry> {
    const first = projected?.execution.input;
    const command: StartCommand = {
      ref: memo?.ref ?? workflowType,
      inputField: 'input',
      version,
      input: input ?? (isJsonObject(first) ? first : {}),
      revision: version === undefined && run?.hash ? run.revision : undefined,
      enforcement: memo?.enforcement,
      tags: memo?.tags,
      memo: memo?.memo,
      scheduled: run?.scheduled,
      // The index knows the owner of a run that Temporal no longer has.
      starters: run?.starters ?? (memo === null ? [] : [memo.owner]),
    };
    const resolved = await executions.resolve(principal, command);
    return (n) => buildStart({ principal, trust: signer.trust() }, command, resolved, { n });
  }

  /** Prepares a run that continues from the state of an ended one. */
  async function prepareContinuation(
    principal: Principal,
    { execution }: UnmaskedView,
    command: RetryCommand,
  ): Promise<BuildRetry> {
    const { ended, memo } = await readEnded(execution, command);
    const kept = await keptOf(ended);
    if (kept === null) throw nothingToRetry(execution, command.from);
    const { version } = command;
    const run = version === undefined ? ended.run : await inVersion(principal, ended.run, version, kept);
    const { input, seed } = ended;
    const continuation: Continuation = { run, memo, input, seed, carried: stateWithChildren(kept, run) };
    return (n) => buildContinuation({ principal, trust: signer.trust() }, continuation, n);
  }

  /** Reads the state to continue from. Throws `history_unusable`, and `state_kept` where the command does not suit what is kept. */
  async function readEnded(
    { memo, workflowId, authentic }: Execution,
    { from, input }: RetryCommand,
  ): Promise<{ ended: CarriedRun; memo: NonNullable<Execution['memo']> }> {
    if (authentic === false) {
      const message =
        'the start of the execution is not signed by this service: it can only be retried with from: start';
      throw new AppError('history_unusable', message);
    }
    const task = taskOf(from);
    const ended = await projections.readCarried(workflowId, task);
    if (ended === null || memo === null) {
      throw new AppError(
        'history_unusable',
        'the execution cannot be continued from its history: retry it with from: start',
      );
    }
    if (input !== undefined && canonicalJson(input) !== canonicalJson(ended.input)) {
      throw stateKept(
        '/input',
        'cannot change when completed tasks are kept: use from: start to retry with another input',
      );
    }
    if (task !== null && !ended.run.definition.tasks.some(({ name }) => name === task)) {
      throw stateKept('/from', `there is no task "${task}"`);
    }
    return { ended, memo };
  }

  /** Returns what a retry keeps, with the sub-workflows that are run again; null when there is nothing to do again. */
  async function keptOf({ run, carried, children }: CarriedRun): Promise<KeptRun | null> {
    if (carried === null) return null;
    const kept: Record<string, KeptRun> = {};
    for (const [key, child] of Object.entries(children)) {
      const ended = await projections.readCarried(child, null);
      const keptChild = ended === null ? null : await keptOf(ended);
      if (keptChild !== null) kept[key] = keptChild;
    }
    return { run, state: carried.state, children: kept };
  }

  /** Replaces the definition of a run by that of another version, in which the tasks that are kept must be unchanged. */
  async function inVersion(principal: Principal, run: RunInput, version: string, kept: KeptRun): Promise<RunInput> {
    const resolved = await executions.resolve(principal, { ref: run.ref, input: {}, inputField: 'input', version });
    const { definition, revision, hash, actions, workflows, outSchema } = resolved;
    demandKeptTasks(kept, definition, workflows);
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

  return {
    async retry(principal, id, command) {
      const { from, input, version = null, idempotencyKey: key } = command;
      const found = await executions.readUnmasked(principal, id);
      const { run, status } = found.execution;
      if (run?.hash === null) demandBareStart(principal, run.ref);
      const retryOf = integerId(found.n);
      const asked: Json = { retry: retryOf, from, version, ...(input && { input }) };
      const repeated = await executions.findRepeated(principal, key, asked);
      if (repeated !== null) return repeated;
      if (!isClosed(status)) {
        throw new AppError(
          'execution_open',
          `Execution with ID ${id} is ${status}: only closed executions can be retried`,
        );
      }
      if (from === 'failed' && isSuccessful(status)) {
        throw new AppError('nothing_failed', `nothing to retry: the execution has ended as ${status}`);
      }
      const build = await (from === 'start' ? prepareAnew : prepareContinuation)(principal, found, command);
      return launcher.launch(
        principal.tenant,
        (n) => asRetry(build(n), retryOf),
        { key, asked },
        ({ workflowId }) => executions.get(principal, workflowId),
      );
    },
  };
}

/**
 * Returns the task from which to retry a run whose failures were all handled: the last task that failed, else the task after which the
 * run failed, else `start`.
 */
export function taskToRetry({ tasks, moreTasks, failure }: Pick<Execution, 'tasks' | 'moreTasks' | 'failure'>): string {
  if (moreTasks !== undefined) return moreTasks.lastFailed ?? parseTaskKey(failure?.task ?? 'start').name;
  const failed = tasks.findLast(({ item, failure }) => item === null && failure !== null);
  return (failed ?? tasks.find(({ key }) => key === failure?.task))?.name ?? 'start';
}

function asRetry(blueprint: Blueprint, retryOf: number): Blueprint {
  return { ...blueprint, memo: { ...blueprint.memo, retry_of: retryOf, mode: 'retry' } };
}

/** Returns the task that a retry continues from; null: it continues from what failed. */
function taskOf(from: string): string | null {
  return from === 'failed' ? null : from;
}

function nothingToRetry(execution: Execution, from: string): AppError {
  const task = taskOf(from);
  const again = `every failure in it was handled: use from: ${JSON.stringify(taskToRetry(execution))} to run that task again`;
  const why = task === null ? again : `it has not visited "${task}"`;
  return new AppError('nothing_failed', `nothing to retry: ${why}`);
}
