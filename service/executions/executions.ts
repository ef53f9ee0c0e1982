import { randomUUID } from 'node:crypto';
import { expectsSignal, hasRoom } from '../../interpreter/signals.ts';
import { AppError } from '../../model/app-error.ts';
import type { Execution, LogEntry } from '../../model/execution.ts';
import { type ExecutionId, integerId, parseExecutionId, workflowIdOf } from '../../model/execution-id.ts';
import { isJsonObject, type Json, type JsonObject, jsonSize } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { type Principal, subjectsOf } from '../../model/principal.ts';
import {
  INTERPRETER_VERSION,
  MAX_PAYLOAD_BYTES,
  type Parameters,
  type RunInput,
  type RunMemo,
  type ScheduledTime,
} from '../../model/run-input.ts';
import type { StartMode } from '../../model/run-mode.ts';
import { type ExecutionStatus, isClosed } from '../../model/status.ts';
import { logsOf } from '../../projection/logs.ts';
import type { ExecutionStore, IndexRow } from '../../store/executions/executions.ts';
import type { Blueprint, Temporal } from '../../temporal/gateway.ts';
import { type TaskQueueService, taskQueuesOf } from '../access/task-queues.ts';
import { definitionOfAction } from '../definitions/actions.ts';
import type { DefinitionService } from '../definitions/definitions.ts';
import type { Reached } from '../definitions/sub-workflows.ts';
import { executionOfRow } from '../index/rows.ts';
import { isOutage } from '../outages.ts';
import { createBlind } from '../projections/blinds.ts';
import { entryOf, goneEntry } from '../projections/index-entries.ts';
import { type Mask, maskExecution, maskInput } from '../projections/masks.ts';
import type { ProjectedRun } from '../projections/projected-runs.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { writeOnlyPaths } from '../projections/write-only.ts';
import { demandBareStart } from '../starts/bare-starts.ts';
import { type IdempotencyKey, idempotencyText, type Repeats } from '../starts/idempotency.ts';
import { checkInput, demandSignalName } from '../starts/inputs.ts';
import { demandFits, type Launcher } from '../starts/launches.ts';
import { turnFor } from '../starts/turns.ts';
import type { Authenticator } from '../starts/warrants.ts';
import type { StatementSigner } from '../statements/statements.ts';
import { type ShownEvent, showEvent } from './history-events.ts';

/** What is to be started, whatever dialect it was said in. `inputField` is where its input stands in the request. */
export interface StartCommand {
  ref: string;
  input: Parameters;
  inputField: string;
  version?: string | undefined;
  revision?: number | undefined;
  enforcement?: number | null | undefined;
  tags?: string[] | undefined;
  mode?: StartMode | undefined;
  memo?: JsonObject | undefined;
  /** Seconds until it starts. */
  delay?: number | undefined;
  idempotencyKey?: IdempotencyKey | undefined;
  /** The number that it is to have, where that is made of something else. */
  number?: number | undefined;
  /** The time that it is for, where a schedule has started the run that it is a retry of. */
  scheduled?: ScheduledTime | undefined;
  /** Subjects that count as its starters besides the caller. */
  starters?: readonly string[] | undefined;
}

/** A signal that is to be sent. */
export interface SignalCommand {
  name: string;
  payload: Json;
  idempotencyKey?: string | undefined;
}

/** A run as it is answered: the projection, and its number. */
export interface ExecutionView {
  n: number;
  execution: Execution;
  /** Retries of it, and of these, in order of start. */
  retries: Retried[];
}

/** A retry: of which run, and how it stands. Integer ids. */
export interface Retried {
  of: number;
  id: number;
  status: ExecutionStatus;
}

/** Use cases around runs; each is scoped by the caller's tenant. */
export type ExecutionService = ReturnType<typeof createExecutionService>;

/**
 * Makes the service; `clock` gives milliseconds, `onRead` hears of each run that was read from Temporal, `signer` says whom runs
 * trust, `repeats` knows requests again, and `authenticate` whether the API has started them.
 */
export function createExecutionService(
  { temporal, projections }: { temporal: Temporal; projections: ProjectionReader },
  store: ExecutionStore,
  launcher: Launcher,
  definitions: DefinitionService,
  log: Logger,
  {
    clock,
    onRead,
    signer,
    queues,
    repeats,
    authenticate,
  }: {
    clock: () => number;
    onRead: (n: number, execution: Execution) => Promise<void>;
    signer: StatementSigner;
    queues: Pick<TaskQueueService, 'demandOwn'>;
    repeats: Repeats;
    authenticate: Authenticator;
  },
) {
  const { namespace } = temporal;

  async function view(principal: Principal, id: string): Promise<ExecutionView> {
    const { n, execution, retries } = await read(principal, id);
    return { n, execution, retries };
  }

  async function findRepeated(
    principal: Principal,
    key: IdempotencyKey | undefined,
    asked: Json,
  ): Promise<ExecutionView | null> {
    const n = key === undefined ? null : await repeats.find(principal.tenant, key, asked);
    const row = n === null ? null : await store.find(n);
    return row === null || row.versionRun === '' ? null : view(principal, row.workflowId);
  }

  async function retriesOf({ tenant }: Principal, n: number): Promise<Retried[]> {
    const found = await store.retriesOf(tenant, [integerId(n)]);
    return found.map(({ of, n: retry, status }) => ({ of, id: integerId(retry), status }));
  }

  /** A run as it is in Temporal, or as the index has kept it. */
  async function read(principal: Principal, id: string): Promise<ReadExecution> {
    const missing = () => new AppError('execution_not_found', `Execution with ID ${id} not found`);
    const parsed: ExecutionId | undefined = parseExecutionId(id);
    // What a schedule or another client has started has an id of its own form, which only the index knows.
    const row = parsed === undefined ? await store.findByWorkflowId(namespace, id) : await store.find(parsed.n);
    const n = parsed?.n ?? row?.n;
    if (n === undefined || (parsed !== undefined && parsed.visit !== 0)) throw missing();
    if (row !== null && row.tenant !== principal.tenant) throw missing();
    const workflowId = row?.workflowId ?? workflowIdOf(n);
    if (row === null && (await store.isBuried(namespace, workflowId))) throw missing();
    const described = await temporal.describe(workflowId);
    const projected = described === null ? null : await projections.read(workflowId, described);
    if (described === null || projected === null) {
      if (row === null) throw missing();
      const known = described === null ? await settled(row) : row;
      const retries = await retriesOf(principal, n);
      return { n, execution: executionOfRow(known), retries, projected, mask: (shown) => shown };
    }
    const { execution: shown, mask } = maskExecution(projected.execution, projected.above);
    const execution = { ...shown, authentic: await authenticate(projected.execution) };
    if (execution.projection === 'diverged') {
      log.error(
        { workflow_id: workflowId, divergence: execution.divergence },
        'the interpreter and the history of a run do not agree',
      );
    }
    // Ids can be guessed: without a row, the memo alone tells whose run it is.
    if (row === null && execution.memo?.tenant !== principal.tenant) throw missing();
    await noted(workflowId, async () => {
      const [refused] = await store.write([entryOf(namespace, execution, described.info.execution?.runId ?? '')]);
      if (refused !== undefined) throw refused.error;
      await onRead(n, execution);
    });
    return { n, execution, retries: isClosed(execution.status) ? await retriesOf(principal, n) : [], projected, mask };
  }

  /** The row of a run that Temporal does not have: one that was open has ended, nobody can say how. */
  async function settled(row: IndexRow): Promise<IndexRow> {
    if (row.versionRun === '' || row.versionClosed === 1) return row;
    await store.write([goneEntry(row, new Date(clock()))]);
    return (await store.find(row.n)) ?? row;
  }

  /** Does what only lists need. What was asked for is done by then, so that trouble with it is logged and nothing else. */
  async function noted(workflowId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const level = isOutage(error) ? 'warn' : 'error';
      log[level]({ err: error, workflow_id: workflowId }, 'a run that was read could not be brought into the index');
    }
  }

  /** Returns whether a ref names an action. Throws `permission_missing` where the caller may not start that by itself. */
  async function startsAction(principal: Principal, ref: string): Promise<boolean> {
    if (!(await definitions.isAction(principal, ref))) return false;
    demandBareStart(principal, ref);
    return true;
  }

  async function resolve(principal: Principal, command: StartCommand): Promise<Resolved> {
    const { ref, version, revision } = command;
    if (await startsAction(principal, ref)) {
      const definition = definitionOfAction(ref);
      const reached = await definitions.reach(principal, definition, null);
      const none = { paramSchema: null, outSchema: null, hash: null, definitionId: null };
      return { definition, ...none, version: '0.0.0', revision: 0, ...reached };
    }
    const stored = await definitions.get(principal, ref, { version, revision }).catch(async (error: unknown) => {
      const bare = version === undefined && revision === undefined;
      const unknown = bare && error instanceof AppError && error.code === 'workflow_not_found';
      throw unknown ? await definitions.unknownRef(principal, ref) : error;
    });
    if (!stored.enabled) throw new AppError('workflow_disabled', `Workflow '${ref}' is disabled`);
    const reached = await definitions.reach(principal, stored.definition, stored);
    return { ...stored, ...reached, definitionId: stored.id };
  }

  /** What a run is started with; `schedule`: by Temporal itself, over and over, which then gives it its number. */
  function blueprint(
    principal: Principal,
    command: StartCommand,
    resolved: Resolved,
    start: { n: number } | { schedule: string },
  ): Blueprint {
    const { ref, enforcement = null, tags = [], mode, memo: kept, starters = [], scheduled: plannedFor } = command;
    const { definition, version, revision, hash, definitionId, outSchema, actions, workflows } = resolved;
    const input = checkInput(command.input, command.inputField, resolved.paramSchema);
    const writeOnly = writeOnlyPaths(resolved.paramSchema);
    const turn = turnFor({ definition, ref, version }, input, command.inputField);
    const scheduled = 'schedule' in start;
    const n = scheduled ? UNNUMBERED : start.n;
    const run: RunInput = {
      interpreter: INTERPRETER_VERSION,
      n,
      ref,
      version,
      revision,
      hash,
      definition,
      actions,
      ...(scheduled ? { schedule: start.schedule } : { seed: randomUUID() }),
      ...(plannedFor === undefined ? {} : { scheduled: plannedFor }),
      ...(writeOnly.length === 0 ? {} : { write_only: writeOnly }),
      ...(outSchema === null ? {} : { out_schema: outSchema }),
      starters: [...new Set([...starters, ...subjectsOf(principal)])],
      tenant: principal.tenant,
      blind: createBlind(),
      trust: signer.trust(),
      ...(Object.keys(workflows).length === 0 ? {} : { workflows }),
    };
    demandFits({ input, run }, command.inputField);
    const memo: RunMemo = {
      n,
      tenant: principal.tenant,
      ref,
      revision,
      definition_id: definitionId,
      enforcement,
      parent: null,
      tags,
      executor: principal.id,
      owner: principal.subject,
      actions: Object.keys(actions),
      ...(scheduled ? { schedule: start.schedule, mode: 'internal' } : mode === undefined ? {} : { mode }),
      ...(kept === undefined ? {} : { memo: kept }),
      ...(writeOnly.length === 0 ? {} : { hides: true }),
      ...(turn === undefined ? {} : { turn }),
      ...(definition.on_failure === undefined ? {} : { on_failure: definition.on_failure }),
    };
    return { input, run, memo, summary: revision === 0 ? ref : `${ref} ${version}` };
  }

  return {
    /** One run, read from Temporal. Throws `execution_not_found`, also for another tenant's. */
    get: view,

    /** Returns the number of the run that an id of any spelling names, whether or not it exists; null for what can be no id of a run. */
    async numberOf({ tenant }: Principal, id: string): Promise<number | null> {
      const parsed = parseExecutionId(id);
      if (parsed !== undefined) return parsed.visit === 0 ? parsed.n : null;
      const row = await store.findByWorkflowId(namespace, id);
      return row !== null && row.tenant === tenant ? row.n : null;
    },

    /**
     * Starts a run. Throws `permission_missing`, `workflow_not_found`, `workflow_disabled`, `sub_workflow_invalid`, `input_invalid`, `idempotency_mismatch`,
     * `temporal_unavailable`. The same idempotency key with the same body gives the same run, also once that has closed.
     */
    async start(principal: Principal, command: StartCommand): Promise<ExecutionView> {
      const { ref, input, version = null, revision = null, enforcement = null, tags = [], mode, memo, delay } = command;
      const asked = {
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
      const repeated = await findRepeated(principal, command.idempotencyKey, asked);
      if (repeated !== null) return repeated;
      const resolved = await resolve(principal, command);
      return launcher.launch(
        principal.tenant,
        (n) => blueprint(principal, command, resolved, { n }),
        { delay, key: command.idempotencyKey, asked, number: command.number },
        (workflowId) => view(principal, workflowId),
      );
    },

    /**
     * Returns the run that the same request with the same key has started, however long ago; null where there is none, or it cannot
     * be told whether the start came through. Throws `request_invalid`, `idempotency_mismatch`.
     */
    findRepeated,

    /** What a schedule starts again and again. Throws what `start` throws for what cannot be started. */
    async prepare(principal: Principal, command: StartCommand, schedule: string): Promise<Blueprint> {
      const prepared = blueprint(principal, command, await resolve(principal, command), { schedule });
      await queues.demandOwn(principal.tenant, taskQueuesOf(prepared.run));
      return { ...prepared, memo: signer.withWarrant(prepared, clock()) };
    },

    /** Throws `permission_missing` where the caller may not start what a ref names; a ref that names nothing is none of its matter. */
    async demandStarter(principal: Principal, ref: string): Promise<void> {
      await startsAction(principal, ref);
    },

    /** What a ref names, as it would be started now. Throws what `start` throws for what cannot be. */
    resolve,

    /** What a run is started with. Throws `input_invalid`. */
    blueprint,

    /** A run with what it was projected from, unmasked: for what goes on from it. Throws `execution_not_found`. */
    readRaw: read,

    /** Waits until a run has closed, for some seconds at most, and gives it as it is then. */
    async waitFor(principal: Principal, { n, execution }: ExecutionView, seconds: number): Promise<ExecutionView> {
      await temporal.waitForClose(execution.workflowId, seconds * 1000);
      return view(principal, String(integerId(n)));
    },

    /**
     * One run with the events of its history, in order, behind the first `after` of them and no more than `limit`; none when
     * Temporal has none. Throws `execution_not_found`.
     */
    async getWithHistory(
      principal: Principal,
      id: string,
      { after = 0, limit = Number.POSITIVE_INFINITY }: { after?: number; limit?: number } = {},
    ): Promise<ExecutionView & { events: ShownEvent[] }> {
      const { mask, projected, ...found } = await read(principal, id);
      const paths = found.execution.run?.write_only ?? [];
      const events: ShownEvent[] = [];
      let number = 0;
      for await (const page of projected === null ? [] : temporal.history(found.execution.workflowId)) {
        for (const event of page) {
          number += 1;
          if (number <= after || events.length >= limit) continue;
          const { attributes, ...shown } = showEvent(event, number);
          events.push({ ...shown, attributes: mask(maskStart(attributes, paths)) });
        }
        if (events.length >= limit) break;
      }
      return { ...found, events };
    },

    /** One run, with what hides its write-only parameters elsewhere. Throws `execution_not_found`. */
    async getWithMask(principal: Principal, id: string): Promise<{ found: ExecutionView; mask: Mask }> {
      const { n, execution, retries, mask } = await read(principal, id);
      return { found: { n, execution, retries }, mask };
    },

    /** What has happened to a run, and what it said, in order of time. Throws `execution_not_found`. */
    async logs(principal: Principal, id: string): Promise<LogEntry[]> {
      return logsOf((await view(principal, id)).execution);
    },

    /** Asks an open run to stop. Throws `execution_not_found`, `execution_closed`. */
    async cancel(principal: Principal, id: string, reason: string): Promise<ExecutionView> {
      const found = await openView(principal, id);
      const { workflowId } = found.execution;
      await temporal.cancel(workflowId, reason, principal.subject);
      await noted(workflowId, () => store.mark(found.n));
      return view(principal, id);
    },

    /** Ends an open run at once. Throws `execution_not_found`, `execution_closed`. */
    async terminate(principal: Principal, id: string, reason: string): Promise<ExecutionView> {
      const found = await openView(principal, id);
      const { workflowId } = found.execution;
      await temporal.terminate(workflowId, reason, principal.subject);
      await noted(workflowId, () => store.mark(found.n));
      return view(principal, id);
    },

    /**
     * Sends a signal to an open run. Throws `request_invalid` for a reserved name, `execution_not_found`, `execution_closed`,
     * `signal_not_expected`, `signals_full`, `body_too_large`, `idempotency_mismatch`. The same idempotency key is one signal to this
     * run, also once that has closed.
     */
    async signal(principal: Principal, id: string, signal: SignalCommand): Promise<ExecutionView> {
      demandSignalName(signal.name);
      const { name, payload, idempotencyKey } = signal;
      const found = await view(principal, id);
      const { execution } = found;
      const once = idempotencyKey === undefined ? null : signalKey(found.n, idempotencyKey);
      const asked = { name, payload };
      if (once !== null && (await repeats.find(principal.tenant, once, asked)) !== null) return found;
      if (isClosed(execution.status)) throw closedError(id, execution);
      if (execution.run !== null && !expectsSignal(execution.run.definition, name)) {
        const message = `no task of "${execution.run.ref}" can wait for a signal "${name}"`;
        throw new AppError('signal_not_expected', message);
      }
      if (jsonSize(payload) > MAX_PAYLOAD_BYTES) {
        throw new AppError('body_too_large', `the payload has more than ${MAX_PAYLOAD_BYTES} bytes`);
      }
      const awaited = execution.waitingFor.some(({ kind, detail }) => kind === 'signal' && detail === name);
      if (
        !awaited &&
        !hasRoom(
          execution.signals.map((kept) => kept.payload),
          payload,
        )
      ) {
        throw new AppError('signals_full', 'the run keeps as many signals as it can that no task has waited for yet');
      }
      if (once !== null) await repeats.claim(principal.tenant, once, asked, found.n);
      const taken = await temporal.signal(execution.workflowId, {
        name,
        payload,
        identity: principal.subject,
        requestId: idempotencyKey,
      });
      if (!taken) throw closedError(id, { status: 'closed', failure: null });
      if (once !== null) await repeats.note(principal.tenant, once, asked, found.n);
      return view(principal, id);
    },
  };

  async function openView(principal: Principal, id: string): Promise<ExecutionView> {
    const found = await view(principal, id);
    if (!isClosed(found.execution.status)) return found;
    throw closedError(id, found.execution);
  }
}

/** Returns the key of a signal to a run: the same caller's key is another one for each run. */
function signalKey(n: number, key: string): IdempotencyKey {
  return ['signal', String(n), idempotencyText(key)];
}

function closedError(id: string, { status, failure }: Pick<Execution, 'failure'> & { status: string }): AppError {
  const how = failure?.type === 'gone' ? failure.message : `it is ${status}`;
  return new AppError('execution_closed', `Execution with ID ${id} has already ended: ${how}`);
}

/** A run with what hides its write-only parameters, and as it is without that; null when Temporal has nothing of it. */
export interface ReadExecution extends ExecutionView {
  projected: ProjectedRun | null;
  mask: Mask;
}

/** The input stands first among the arguments of the event that started a run. */
function maskStart(attributes: Json, paths: string[][]): Json {
  if (paths.length === 0 || !isJsonObject(attributes) || !Array.isArray(attributes.input)) return attributes;
  const [input = null, ...rest] = attributes.input;
  return { ...attributes, input: [maskInput(input, paths), ...rest] };
}

/** Where a number would stand, in what a schedule starts: none that a run can have. */
const UNNUMBERED = -1;

/** What is to be started, found. */
export interface Resolved extends Reached {
  definition: RunInput['definition'];
  paramSchema: JsonObject | null;
  outSchema: JsonObject | null;
  version: string;
  revision: number;
  hash: string | null;
  definitionId: number | null;
}
