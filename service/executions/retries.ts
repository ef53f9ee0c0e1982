import { AppError } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import { integerId } from '../../model/execution-id.ts';
import { retryEvent } from '../../model/execution-requests.ts';
import type { Issue } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import type { PlannedRetry } from '../../model/retry-plan.ts';
import { isClosed } from '../../model/status.ts';
import type { Blueprint } from '../../temporal/starts.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { composePlan, demandPlanned, type HashedPlan, planStale } from '../retries/plans.ts';
import { createRetryPreparer, type PreparedRetry, type RetryRequest, refuseRetry } from '../retries/preparations.ts';
import { demandBareStart } from '../starts/bare-starts.ts';
import type { IdempotencyKey } from '../starts/idempotency.ts';
import type { Launcher } from '../starts/launches.ts';
import type { StatementSigner } from '../statements/statements.ts';
import type { ExecutionReader, ExecutionView, UnmaskedView } from './reader.ts';
import type { ExecutionStarter } from './starter.ts';

/** A request to retry a run. */
export interface RetryCommand extends RetryRequest {
  /** Why. */
  reason?: string | undefined;
  /** The hash of the plan that is to be carried out; absent: the retry does what the run calls for now. */
  planHash?: string | undefined;
  idempotencyKey?: IdempotencyKey | undefined;
}

/** Retries runs that have ended. */
export interface RetryService {
  /**
   * Starts a new run that is a retry of one that has ended. Throws `execution_not_found`, `permission_missing`, `execution_open`,
   * `nothing_failed`, `state_kept`, `history_unusable`, `event_not_found`, what a start throws, and `plan_stale` when it would not do what
   * was planned, or another retry was started by the same plan.
   */
  retry(principal: Principal, id: string, command: RetryCommand): Promise<ExecutionView>;
  /**
   * Returns what a retry would do, and starts nothing. An open run can be planned from an event. What would refuse the retry for its
   * version, its input, or because the run is open are problems of the plan; for everything else it throws what `retry` throws.
   */
  plan(principal: Principal, id: string, request: RetryRequest): Promise<PlannedRetry>;
}

/** The dependencies of the service. */
export interface RetryDependencies {
  executions: Pick<ExecutionReader, 'get' | 'readUnmasked'> & Pick<ExecutionStarter, 'findRepeated' | 'resolve'>;
  projections: Pick<ProjectionReader, 'readCarried' | 'outlineRetry'>;
  launcher: Launcher;
  signer: Pick<StatementSigner, 'trust'>;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the service. */
export function createRetryService({
  executions,
  projections,
  launcher,
  signer,
  clock,
}: RetryDependencies): RetryService {
  const prepare = createRetryPreparer({ starts: executions, projections, signer });

  /** Plans a retry, and returns how to start it. */
  async function planWhole(
    principal: Principal,
    view: UnmaskedView,
    request: RetryRequest,
  ): Promise<HashedPlan & Pick<PreparedRetry, 'build'>> {
    const problems = isClosed(view.execution.status) ? [] : [openProblem(view)];
    const { build, ended } = await prepare(principal, view, request, (problem) => problems.push(problem));
    const blueprint = problems.some(({ code }) => code === 'state_kept') ? null : tryBuild(build, view.n, problems);
    const { execution, projected, hidden } = view;
    const start = blueprint && { run: blueprint.run, input: blueprint.input };
    const question = { start, kept: ended?.carried ?? null, hidden: [...hidden], now: clock() };
    const found = await projections.outlineRetry(execution.workflowId, question);
    const run = ended?.run ?? projected?.execution.run ?? null;
    if (found === null || run === null) {
      throw new AppError(
        'history_unusable',
        'the history of the execution cannot be read: its retry cannot be planned',
      );
    }
    const base = { run, input: ended?.input ?? projected?.execution.input ?? null };
    const target = start ?? { run, input: request.input ?? ended?.input ?? {} };
    const isInputGiven = request.input !== undefined;
    const sources = { principal, view, from: request.from, ...found, base, target, isInputGiven, problems };
    return { ...composePlan(sources), build };
  }

  return {
    async plan(principal, id, request) {
      const view = await executions.readUnmasked(principal, id);
      demandStartable(principal, view);
      if (retryEvent(request.from) === null) demandClosed(view, id);
      return (await planWhole(principal, view, request)).plan;
    },

    async retry(principal, id, command) {
      const { from, input, version = null, reason, planHash, idempotencyKey: key } = command;
      const view = await executions.readUnmasked(principal, id);
      demandStartable(principal, view);
      const retryOf = integerId(view.n);
      const asked: Json = {
        retry: retryOf,
        from,
        version,
        ...(input && { input }),
        ...(reason !== undefined && { reason }),
        ...(planHash !== undefined && { plan_hash: planHash }),
      };
      const repeated = await executions.findRepeated(principal, key, asked);
      if (repeated !== null) return repeated;
      demandClosed(view, id);
      let build: PreparedRetry['build'];
      if (planHash === undefined) ({ build } = await prepare(principal, view, command, refuseRetry));
      else {
        const planned = await planWhole(principal, view, command);
        demandPlanned(planned, planHash);
        build = planned.build;
      }
      const memo = {
        retry_of: retryOf,
        mode: 'retry' as const,
        ...(reason !== undefined && { retry_reason: reason }),
        ...(planHash !== undefined && { plan_hash: planHash }),
      };
      const sole: IdempotencyKey | undefined = planHash === undefined ? undefined : ['plan', `${retryOf}`, planHash];
      const started = launcher.launch(
        principal.tenant,
        (n) => withMemo(build(n), memo),
        { key, asked, sole },
        ({ workflowId }) => executions.get(principal, workflowId),
      );
      return started.catch(async (error: unknown) => {
        if (!(error instanceof AppError) || error.code !== 'plan_stale') throw error;
        // Another retry was started by the plan since.
        const { plan } = await planWhole(principal, await executions.readUnmasked(principal, id), command);
        throw planStale(plan, ['retries']);
      });
    },
  };
}

function withMemo(blueprint: Blueprint, memo: Partial<Blueprint['memo']>): Blueprint {
  return { ...blueprint, memo: { ...blueprint.memo, ...memo } };
}

/** Builds the blueprint of a retry; null, with its problems, when the input is refused. */
function tryBuild(build: PreparedRetry['build'], n: number, problems: Issue[]): Blueprint | null {
  try {
    return build(n);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'input_invalid') throw error;
    problems.push(...(error.issues ?? []));
    return null;
  }
}

/** Throws `permission_missing` when the caller may not start the action that a run consists of. */
function demandStartable(principal: Principal, { execution: { run } }: UnmaskedView): void {
  if (run?.hash === null) demandBareStart(principal, run.ref);
}

function demandClosed({ execution: { status } }: UnmaskedView, id: string): void {
  if (!isClosed(status)) throw new AppError('execution_open', openMessage(id, status));
}

function openProblem({ n, execution: { status } }: UnmaskedView): Issue {
  return { code: 'execution_open', path: '', message: openMessage(String(integerId(n)), status) };
}

function openMessage(id: string, status: Execution['status']): string {
  return `Execution with ID ${id} is ${status}: only closed executions can be retried`;
}
