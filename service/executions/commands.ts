import { expectsSignal, hasRoomForSignal } from '../../interpreter/signals.ts';
import { AppError } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import { type Json, jsonSize } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { type Principal, subjectsOf } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import { MAX_PAYLOAD_BYTES } from '../../model/run-input.ts';
import { isReservedSignal } from '../../model/signal.ts';
import { isClosed } from '../../model/status.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { EntryQueue } from '../index/entry-queue.ts';
import { updateIndex } from '../index/updates.ts';
import { type IdempotencyKey, idempotencyText, type Repeats } from '../starts/idempotency.ts';
import type { ExecutionReader, ExecutionView } from './reader.ts';

/** A signal to send to a run. */
export interface SignalCommand {
  name: string;
  payload: Json;
  idempotencyKey?: string | undefined;
}

/** Cancels, terminates and signals runs of the caller's tenant. */
export interface ExecutionCommands {
  /**
   * Requests the cancellation of an open run. The caller counts as a starter of what rules start for its end, unless the database refuses the
   * row of the run. Throws `execution_not_found`, `execution_closed`, and `busy` while the index does not have the run yet.
   */
  cancel(principal: Principal, id: string, reason: string): Promise<ExecutionView>;
  /** Ends an open run at once, without cleanup; otherwise as `cancel`. */
  terminate(principal: Principal, id: string, reason: string): Promise<ExecutionView>;
  /**
   * Sends a signal to an open run. Requests with the same idempotency key send one signal to a run, also after it has closed. Throws
   * `request_invalid` for a reserved name, `execution_not_found`, `execution_closed`, `signal_not_expected`, `signals_full`,
   * `body_too_large`, `idempotency_mismatch`.
   */
  signal(principal: Principal, id: string, signal: SignalCommand): Promise<ExecutionView>;
}

/** The dependencies of the commands. */
export interface CommandDependencies {
  reader: Pick<ExecutionReader, 'get'>;
  temporal: Pick<Temporal, 'namespace' | 'cancel' | 'terminate' | 'signal'>;
  store: Pick<ExecutionStore, 'mark' | 'noteEnders'>;
  entries: Pick<EntryQueue, 'isRefused'>;
  repeats: Repeats;
  log: Logger;
}

/** Creates the commands. */
export function createExecutionCommands(dependencies: CommandDependencies): ExecutionCommands {
  const { reader, temporal, store, entries, repeats, log } = dependencies;

  /** Stops an open run, and has the index look at it soon. */
  async function stop(verb: 'cancel' | 'terminate', principal: Principal, id: string, reason: string) {
    const { n, execution } = await reader.get(principal, id);
    if (isClosed(execution.status)) throw closedError(id, execution);
    const { workflowId } = execution;
    await noteEnder(principal, id, workflowId);
    await temporal[verb](workflowId, reason, principal.subject);
    await updateIndex(log, workflowId, () => store.mark(n));
    return reader.get(principal, id);
  }

  /** Notes who ends a run, and with it begins what rules start for its end. Throws `busy` while the index does not have the run yet. */
  async function noteEnder(principal: Principal, id: string, workflowId: string): Promise<void> {
    const owner = { namespace: temporal.namespace, tenant: principal.tenant };
    if (await store.noteEnders(owner, workflowId, subjectsOf(principal))) return;
    if (!entries.isRefused(workflowId)) {
      throw new AppError('busy', `the execution with ID ${id} is not indexed yet`, { retryAfter: 1 });
    }
    // It must be possible to stop it, and without its row no rule learns of its end.
    log.warn({ workflow_id: workflowId }, 'a run that the index cannot have is ended: who did that is not noted there');
  }

  return {
    cancel: (principal, id, reason) => stop('cancel', principal, id, reason),

    terminate: (principal, id, reason) => stop('terminate', principal, id, reason),

    async signal(principal, id, { name, payload, idempotencyKey }) {
      demandSignalName(name);
      const found = await reader.get(principal, id);
      const { n, execution } = found;
      const key = idempotencyKey === undefined ? null : signalKey(n, idempotencyKey);
      const asked = { name, payload };
      if (key !== null && (await repeats.find(principal.tenant, key, asked)) !== null) return found;
      if (isClosed(execution.status)) throw closedError(id, execution);
      demandAccepted(execution, name, payload);
      if (key !== null) await repeats.claim(principal.tenant, key, asked, n);
      const signal = { name, payload, identity: principal.subject, requestId: idempotencyKey };
      const sent = await temporal.signal(execution.workflowId, signal);
      if (!sent) throw closedError(id, { status: 'closed', failure: null });
      if (key !== null) await repeats.note(principal.tenant, key, asked, n);
      return reader.get(principal, id);
    },
  };
}

/** Throws unless an open run accepts a signal: a task can wait for it, it is not too large, and the run has room to keep it. */
function demandAccepted({ run, waitingFor, signals }: Execution, name: string, payload: Json): void {
  if (run !== null && !expectsSignal(run.definition, name)) {
    throw new AppError('signal_not_expected', `no task of "${run.ref}" can wait for a signal "${name}"`);
  }
  if (jsonSize(payload) > MAX_PAYLOAD_BYTES) {
    throw new AppError('body_too_large', `the payload must not have more than ${MAX_PAYLOAD_BYTES} bytes`);
  }
  const awaited = waitingFor.some(({ kind, detail }) => kind === 'signal' && detail === name);
  const kept = signals.map((signal) => signal.payload);
  if (!awaited && !hasRoomForSignal(kept, payload)) {
    throw new AppError(
      'signals_full',
      'the execution has reached its limit of buffered signals: no task has received them yet',
    );
  }
}

/** Returns the key under which a signal is remembered: callers' keys count separately for each run. */
function signalKey(n: number, key: string): IdempotencyKey {
  return ['signal', String(n), idempotencyText(key)];
}

function closedError(id: string, { status, failure }: Pick<Execution, 'failure'> & { status: string }): AppError {
  const how = failure?.type === 'gone' ? failure.message : `it is ${status}`;
  return new AppError('execution_closed', `Execution with ID ${id} has already ended: ${how}`);
}

/** Throws `request_invalid` for a reserved signal name, such as those of decisions. */
export function demandSignalName(name: string): void {
  if (!isReservedSignal(name)) return;
  throw refusal('request_invalid', [
    { code: 'value_invalid', path: '/name', message: 'must not begin with two underscores' },
  ]);
}
