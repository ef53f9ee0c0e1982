import { AppError } from '../../model/app-error.ts';
import type { Cause } from '../../model/events/cause.ts';
import { isMintedEnforcement } from '../../model/events/enforcement-number.ts';
import { workflowIdOf } from '../../model/execution-id.ts';
import type { Issue } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import type { StoredWorkflow } from '../../store/definitions/definitions.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { Blueprint } from '../../temporal/starts.ts';
import { listTaskQueues, type TaskQueueService } from '../access/task-queues.ts';
import { definitionOfAction, KNOWN_ACTIONS } from '../actions/actions.ts';
import type { DefinitionService } from '../definitions/definitions.ts';
import { unknownRevision } from '../definitions/reader.ts';
import type { EntryQueue } from '../index/entry-queue.ts';
import { demandBareStart } from '../starts/bare-starts.ts';
import { buildStart } from '../starts/blueprints.ts';
import type { IdempotencyKey, Repeats } from '../starts/idempotency.ts';
import type { Launched, Launcher } from '../starts/launches.ts';
import type { ResolvedStart, StartCommand } from '../starts/start-command.ts';
import type { StatementSigner } from '../statements/statements.ts';
import type { ExecutionReader, ExecutionView } from './reader.ts';

/** Starts runs of workflows and actions for a caller, in the caller's tenant. */
export interface ExecutionStarter {
  /**
   * Starts a run, and waits for it to close where the command says so. A request with the same idempotency key and the same body returns
   * the same run, also after it has closed. Throws `request_invalid`, `permission_missing`, `workflow_not_found`,
   * `workflow_disabled`, `sub_workflow_invalid`, `definition_outdated`, `input_invalid`, `enforcement_reserved`, `task_queue_forbidden`,
   * `idempotency_mismatch`, `busy`, `temporal_unavailable`.
   */
  start(principal: Principal, command: StartCommand): Promise<ExecutionView>;
  /**
   * Returns the run that an earlier request with the same key and content started, however long ago; null when there is none, or when it
   * is not known whether the start reached Temporal. Throws `request_invalid`, `idempotency_mismatch`.
   */
  findRepeated(principal: Principal, key: IdempotencyKey | undefined, asked: Json): Promise<ExecutionView | null>;
  /**
   * Returns the number of the run that a start with a cause and a key has begun, though its answer may have been lost: where the index
   * does not know the run, Temporal is asked. Null when there is none. Throws `temporal_unavailable`.
   */
  findCaused(tenant: string, cause: Cause, key: IdempotencyKey): Promise<number | null>;
  /** Builds what a schedule starts each time. Throws what `start` throws for a command that cannot be started. */
  prepare(principal: Principal, command: StartCommand, schedule: string): Promise<Blueprint>;
  /** Throws `permission_missing` when the ref names an action that the caller may not start outside a workflow; accepts unknown refs. */
  demandStarter(principal: Principal, ref: string): Promise<void>;
  /** Resolves what a command would start now. Throws what `start` throws for a command that cannot be started. */
  resolve(principal: Principal, command: StartCommand): Promise<ResolvedStart>;
}

/** The dependencies of the starter. */
export interface StarterDependencies {
  temporal: Pick<Temporal, 'describe'>;
  reader: Pick<ExecutionReader, 'get' | 'getStarted' | 'getEnded' | 'waitFor'>;
  store: Pick<ExecutionStore, 'find'>;
  entries: Pick<EntryQueue, 'written'>;
  launcher: Launcher;
  definitions: DefinitionService;
  signer: Pick<StatementSigner, 'trust' | 'withWarrant'>;
  queues: Pick<TaskQueueService, 'demandOwn'>;
  repeats: Pick<Repeats, 'find'>;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the starter. */
export function createExecutionStarter(dependencies: StarterDependencies): ExecutionStarter {
  const { temporal, reader, store, entries, launcher, definitions, signer, queues, repeats, clock } = dependencies;

  /** Reports whether a ref names an action. Throws `permission_missing` when the caller may not start it outside a workflow. */
  async function isStartableAction(principal: Principal, ref: string): Promise<boolean> {
    if (!(await definitions.isAction(principal, ref))) return false;
    demandBareStart(principal, ref);
    return true;
  }

  async function resolveAction(principal: Principal, ref: string): Promise<ResolvedStart> {
    const definition = definitionOfAction(ref);
    const reached = await definitions.reach(principal, definition, null);
    const unstored = { paramSchema: null, outSchema: null, hash: null, definitionId: null };
    return { definition, ...unstored, version: '0.0.0', revision: 0, ...reached };
  }

  /** Returns the refusal of a start command whose ref is neither an action nor a workflow with such a revision. */
  async function refusalOf(principal: Principal, { ref, version, revision }: StartCommand): Promise<AppError> {
    const isBare = version === undefined && revision === undefined;
    return isBare ? definitions.unknownRef(principal, ref) : unknownRevision(ref, { version, revision });
  }

  async function resolveWorkflow(principal: Principal, stored: StoredWorkflow): Promise<ResolvedStart> {
    const { ref } = stored;
    if (!stored.enabled) throw new AppError('workflow_disabled', `workflow "${ref}" is disabled`);
    const reached = await definitions.reach(principal, stored.definition, stored);
    return { ...stored, ...reached, definitionId: stored.id };
  }

  /** Reads a run that was launched, as far as that takes part in the tenant's turn, and returns what finds the answer to its start. */
  async function answerTo(
    principal: Principal,
    { n, workflowId, started }: Launched,
    wait: number | undefined,
  ): Promise<() => Promise<ExecutionView>> {
    if (started !== null && wait !== undefined) {
      return () => reader.getEnded(principal, { n, started }, wait);
    }
    const view = started === null ? await reader.get(principal, workflowId) : await reader.getStarted(n, started);
    return async () => (wait === undefined ? view : reader.waitFor(principal, view, wait));
  }

  /** Returns the workflow id of a run that the index has as Temporal had it, and not only as it was asked for; else null. */
  async function findIndexed(n: number): Promise<string | null> {
    await entries.written((entry) => entry.n === n);
    const row = await store.find(n);
    return row === null || row.versionRun === '' ? null : row.workflowId;
  }

  const starter: ExecutionStarter = {
    async start(principal, command) {
      demandOwnEnforcement(command);
      const asked = contentOf(command);
      const { delay, idempotencyKey: key } = command;
      const wait = command.wait || undefined;
      const resolving = starter.resolve(principal, command);
      // A repeated request gets its answer, whatever has become of its workflow.
      resolving.catch(() => undefined);
      const repeated = await starter.findRepeated(principal, key, asked);
      if (repeated !== null) return wait === undefined ? repeated : reader.waitFor(principal, repeated, wait);
      const resolved = await resolving;
      const answer = await launcher.launch(
        principal.tenant,
        (n) => buildStart({ principal, trust: signer.trust() }, command, resolved, { n }),
        { delay, key, asked },
        (launched) => answerTo(principal, launched, wait),
      );
      // Others start meanwhile.
      return answer();
    },

    async findRepeated(principal, key, asked) {
      const n = key === undefined ? null : await repeats.find(principal.tenant, key, asked);
      const workflowId = n === null ? null : await findIndexed(n);
      return workflowId === null ? null : reader.get(principal, workflowId);
    },

    async findCaused(tenant, cause, key) {
      const n = await repeats.find(tenant, key, contentOfCause(cause));
      if (n === null) return null;
      const found = (await findIndexed(n)) ?? (await temporal.describe(workflowIdOf(n)));
      return found === null ? null : n;
    },

    async prepare(principal, command, schedule) {
      const resolved = await starter.resolve(principal, command);
      const prepared = buildStart({ principal, trust: signer.trust() }, command, resolved, { schedule });
      await queues.demandOwn(principal.tenant, listTaskQueues(prepared.run));
      return { ...prepared, memo: signer.withWarrant(prepared, clock()) };
    },

    async demandStarter(principal, ref) {
      await isStartableAction(principal, ref);
    },

    async resolve(principal, command) {
      const { ref, version, revision } = command;
      const [isAction, stored] = await Promise.all([
        isStartableAction(principal, ref),
        KNOWN_ACTIONS.has(ref) ? null : definitions.find(principal, ref, { version, revision }),
      ]);
      if (isAction) {
        demandNewest(command);
        return resolveAction(principal, ref);
      }
      if (stored === null) throw await refusalOf(principal, command);
      return resolveWorkflow(principal, stored);
    },
  };
  return starter;
}

/** Throws `request_invalid` for the version or the revision of an action: it has none. */
function demandNewest({ version, revision }: StartCommand): void {
  const issues = Object.entries({ version, revision }).flatMap(([name, value]): Issue[] =>
    value === undefined ? [] : [{ code: 'without_effect', path: `/${name}`, message: 'has no effect on an action' }],
  );
  if (issues.length > 0) throw refusal('request_invalid', issues);
}

/** Throws `enforcement_reserved` for a number that Fermata mints: a run must not claim an enforcement that did not start it. */
function demandOwnEnforcement({ enforcement, cause }: StartCommand): void {
  if (enforcement == null || cause !== undefined || !isMintedEnforcement(enforcement)) return;
  const message = 'must be below 4294967296: larger numbers are given by Fermata';
  throw new AppError('enforcement_reserved', `/enforcement ${message}`, {
    issues: [{ code: 'enforcement_reserved', path: '/enforcement', message }],
  });
}

/** Returns what must be the same in two requests with the same idempotency key. Its hash is stored: fields are only ever added. */
function contentOf(command: StartCommand): Json {
  // Whatever a later release makes of its rule and its event, an enforcement starts one run.
  if (command.cause !== undefined) return contentOfCause(command.cause);
  const { ref, input, version = null, revision = null, enforcement = null, tags = [], mode, memo, delay } = command;
  return {
    ref,
    input,
    version,
    revision,
    enforcement,
    tags,
    ...(mode && { mode }),
    ...(memo && { memo }),
    ...(delay && { delay }),
  };
}

function contentOfCause({ enforcement }: Cause): Json {
  return { enforcement };
}
