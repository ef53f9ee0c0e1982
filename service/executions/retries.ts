import { randomUUID } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import type { Definition } from '../../model/definition.ts';
import type { Execution } from '../../model/execution.ts';
import { integerId } from '../../model/execution-id.ts';
import { canonicalJson, isJsonObject, type Json } from '../../model/json.ts';
import { type Principal, subjectsOf } from '../../model/principal.ts';
import {
  type EmbeddedWorkflow,
  INTERPRETER_VERSION,
  type Parameters,
  type RunInput,
  type RunMemo,
} from '../../model/run-input.ts';
import { isClosed } from '../../model/status.ts';
import type { Blueprint } from '../../temporal/gateway.ts';
import { createBlind } from '../projections/blinds.ts';
import type { CarriedRun } from '../projections/projected-runs.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { demandBareStart } from '../starts/bare-starts.ts';
import type { IdempotencyKey } from '../starts/idempotency.ts';
import { demandFits, type Launcher } from '../starts/launches.ts';
import { turnFor } from '../starts/turns.ts';
import type { StatementSigner } from '../statements/statements.ts';
import type { ExecutionService, ExecutionView, ReadExecution } from './executions.ts';

/** From where a run is tried again: what failed, the beginning, or a task. */
export interface RetryCommand {
  from: string;
  input?: Parameters | undefined;
  version?: string | undefined;
  idempotencyKey?: IdempotencyKey | undefined;
}

/** Tries runs again (design/api.md, Retry). */
export type RetryService = ReturnType<typeof createRetryService>;

/** Makes the service. */
export function createRetryService(
  projections: ProjectionReader,
  executions: ExecutionService,
  launcher: Launcher,
  signer: Pick<StatementSigner, 'trust'>,
) {
  /** Reads what a retry begins with, with its sub-workflows that are run again; null when there is nothing to do again. */
  async function withChildren({ run, carried, children }: CarriedRun): Promise<KeptRun | null> {
    if (carried === null) return null;
    const kept: Record<string, KeptRun> = {};
    for (const [key, child] of Object.entries(children)) {
      const ended = await projections.readCarried(child, null);
      const begun = ended === null ? null : await withChildren(ended);
      if (begun !== null) kept[key] = begun;
    }
    return { run, state: carried.state, children: kept };
  }

  /** The run that does everything that another one was to do, from its beginning. */
  async function anew(
    principal: Principal,
    { execution: { memo, run, workflowType }, projected }: ReadExecution,
    { input, version }: RetryCommand,
  ): Promise<(n: number) => Blueprint> {
    const first = projected?.execution.input;
    const begin = {
      ref: memo?.ref ?? workflowType,
      inputField: 'input',
      version,
      input: input ?? (isJsonObject(first) ? first : {}),
      revision: version === undefined && run?.hash ? run.revision : undefined,
      enforcement: memo?.enforcement,
      tags: memo?.tags,
      memo: memo?.memo,
      scheduled: run?.scheduled,
      // Of a run that Temporal no longer has, its owner is known.
      starters: run?.starters ?? (memo === null ? [] : [memo.owner]),
    };
    const resolved = await executions.resolve(principal, begin);
    return (n) => executions.blueprint(principal, begin, resolved, { n });
  }

  /** The run that goes on from the state of another one. */
  async function continuation(
    principal: Principal,
    { execution }: ReadExecution,
    { from, input, version }: RetryCommand,
  ): Promise<(n: number) => Blueprint> {
    const { memo, workflowId, authentic } = execution;
    if (authentic === false) {
      const message = 'no API has signed the start of the run: only from: start can try it again';
      throw new AppError('history_unusable', message);
    }
    const task = from === 'failed' ? null : from;
    const ended = await projections.readCarried(workflowId, task);
    if (ended === null || memo === null) {
      throw new AppError('history_unusable', 'the history of the run cannot be gone on from; from: start can');
    }
    const { run } = ended;
    if (input !== undefined && canonicalJson(input) !== canonicalJson(ended.input)) {
      throw kept('/input', 'what was done was done with the input as it was; from: start takes another one');
    }
    if (task !== null && !run.definition.tasks.some(({ name }) => name === task)) {
      throw kept('/from', `there is no task "${task}"`);
    }
    const carried = await withChildren(ended);
    if (carried === null) {
      const again = `every failure in it was handled; from: ${JSON.stringify(taskToRetry(execution))} does that again`;
      const what = task === null ? again : `it has not visited "${task}"`;
      throw new AppError('nothing_failed', `There is nothing to try again: ${what}`);
    }
    const changed = version === undefined ? run : await changedDefinition(principal, run, version, carried);
    const starters = [...new Set([...(run.starters ?? [memo.owner]), ...subjectsOf(principal)])];
    const { carried: _, schedule: __, turn: ___, ...rest } = changed;
    const state = stateWithChildren(carried, changed);
    const { blind = createBlind() } = run;
    return (n) => {
      const next: RunInput = {
        ...rest,
        interpreter: INTERPRETER_VERSION,
        n,
        starters,
        lineage: randomUUID(),
        seed: ended.seed,
        carried: state,
        tenant: principal.tenant,
        blind,
        trust: signer.trust(),
      };
      const blueprint = {
        input: ended.input,
        run: next,
        memo: memoOf(principal, memo, next, ended.input),
        summary: `${next.ref} ${next.version}`,
      };
      demandFits(blueprint, 'from');
      return blueprint;
    };
  }

  /** Resolves another version, in which the tasks that are kept must be the same, also those of sub-workflows. */
  async function changedDefinition(
    principal: Principal,
    run: RunInput,
    version: string,
    carried: KeptRun,
  ): Promise<RunInput> {
    const { definition, revision, hash, actions, workflows, outSchema, ...resolved } = await executions.resolve(
      principal,
      {
        ref: run.ref,
        input: {},
        inputField: 'input',
        version,
      },
    );
    demandKeptTasks(carried, definition, workflows, '');
    const { out_schema: _, workflows: __, code: ___, ...rest } = run;
    return {
      ...rest,
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
    /**
     * Starts a run that is a retry of one that has ended. Throws `execution_not_found`, `permission_missing`, `execution_open`, `nothing_failed`,
     * `state_kept`, `history_unusable`, and what a start throws.
     */
    async retry(principal: Principal, id: string, command: RetryCommand): Promise<ExecutionView> {
      const { from, input, version = null, idempotencyKey: key } = command;
      const found = await executions.readRaw(principal, id);
      const { n } = found;
      const { status, run } = found.execution;
      if (run?.hash === null) demandBareStart(principal, run.ref);
      const asked: Json = { retry: integerId(n), from, version, ...(input && { input }) };
      const repeated = await executions.findRepeated(principal, key, asked);
      if (repeated !== null) return repeated;
      if (!isClosed(status))
        throw new AppError('execution_open', `Execution with ID ${id} is ${status}: it has not ended yet`);
      if (from === 'failed' && (status === 'completed' || status === 'skipped')) {
        throw new AppError('nothing_failed', `There is nothing to try again: it has ended as ${status}`);
      }
      const blueprintOf = await (from === 'start' ? anew : continuation)(principal, found, command);
      const retryOf = (number: number): Blueprint => {
        const blueprint = blueprintOf(number);
        return { ...blueprint, memo: { ...blueprint.memo, retry_of: integerId(n), mode: 'retry' } };
      };
      return launcher.launch(principal.tenant, retryOf, { key, asked }, (workflowId) =>
        executions.get(principal, workflowId),
      );
    },
  };
}

/**
 * Returns the task from which a run that ended badly is best tried again although each failure in it was handled: the last one that
 * failed, else the one after which the run failed; `start` where there is none.
 */
export function taskToRetry({ tasks, failure }: Pick<Execution, 'tasks' | 'failure'>): string {
  const failed = tasks.findLast(({ item, failure }) => item === null && failure !== null);
  return (failed ?? tasks.find(({ key }) => key === failure?.task))?.name ?? 'start';
}

/** What is kept of a run, and of its sub-workflows that are run again, by the key of their work. */
interface KeptRun {
  run: RunInput;
  state: CarriedState;
  children: Record<string, KeptRun>;
}

/**
 * Throws `state_kept` where tasks that are kept, here or in a sub-workflow that continues, are missing or different in a definition.
 * `path` leads to the sub-workflow: the keys of its work and of those above it, each with a slash.
 */
function demandKeptTasks(
  { run, state, children }: KeptRun,
  definition: Definition,
  workflows: Readonly<Record<string, EmbeddedWorkflow>>,
  path: string,
): void {
  const tasks = new Map(definition.tasks.map((task) => [task.name, task]));
  for (const { name } of state.visits) {
    if (!tasks.has(name)) throw kept('/version', `the new version has no task "${path}${name}"`);
  }
  for (const { name } of state.gatherings) {
    if (tasks.get(name)?.join === undefined) {
      throw kept('/version', `the task "${path}${name}" is no join in the new version`);
    }
  }
  const done = new Set(state.visits.filter(({ status }) => status !== 'held').map(({ name }) => name));
  for (const name of done) {
    const before = run.definition.tasks.find((task) => task.name === name);
    if (comparable(before) !== comparable(tasks.get(name))) {
      throw kept('/version', `the task "${path}${name}" is done, and differs in the new version`);
    }
  }
  for (const [key, child] of Object.entries(children)) {
    const ref = actionOf(definition, key);
    if (ref === child.run.ref) demandKeptTasks(child, workflows[ref]!.definition, workflows, `${path}${key}/`);
  }
}

/** A task as text that is the same where it means the same: earlier releases stored the delay of a retry that had none. */
function comparable(task: Definition['tasks'][number] | undefined): string {
  const whole = task?.retry === undefined ? task : { ...task, retry: { delay: 0, ...task.retry } };
  return canonicalJson(whole as unknown as Json);
}

/** Returns the state of a run with the states of its sub-workflows; where a task runs another workflow now, that begins anew. */
function stateWithChildren({ state, children }: KeptRun, { definition, workflows = {} }: RunWithTree): CarriedState {
  const states = Object.entries(children).flatMap(([key, child]): [string, CarriedState][] => {
    const ref = actionOf(definition, key);
    if (ref !== child.run.ref) return [];
    return [[key, stateWithChildren(child, { definition: workflows[ref]!.definition, workflows })]];
  });
  return states.length === 0 ? state : { ...state, children: Object.fromEntries(states) };
}

type RunWithTree = Pick<RunInput, 'definition' | 'workflows'>;

/** Returns what the task with a visit or an item of this key runs; undefined where there is no such task. */
function actionOf({ tasks }: Definition, key: string): string | undefined {
  const name = key.replace(/(#\d+)?(\[\d+\])?$/, '');
  return tasks.find((task) => task.name === name)?.action;
}

function memoOf(principal: Principal, memo: RunMemo, run: RunInput, input: Parameters): RunMemo {
  const { parent_task: _, schedule: __, ...rest } = memo;
  const { n, revision, actions } = run;
  return {
    ...rest,
    n,
    revision,
    parent: null,
    executor: principal.id,
    owner: principal.subject,
    actions: Object.keys(actions),
    turn: turnFor(run, input, 'input'),
    on_failure: run.definition.on_failure,
  };
}

function kept(path: string, message: string): AppError {
  return new AppError('state_kept', `${path} ${message}`, { issues: [{ code: 'state_kept', path, message }] });
}
