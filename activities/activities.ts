import { createHash } from 'node:crypto';
import { type Info as ActivityInfo, CompleteAsyncError, Context } from '@temporalio/activity';
import type { Egress } from '../egress/egress.ts';
import { type ConnectedPack, DEFAULT_CONNECTION, type FoundConnection } from '../model/connection.ts';
import { WORKER_BUSY } from '../model/failure.ts';
import { issuesText } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject, jsonSize } from '../model/json.ts';
import { type Permits, RoomFull } from '../model/permits.ts';
import { type ActivityScope, MAX_PAYLOAD_BYTES, PERMIT_SECONDS, YIELD_ACTION } from '../model/run-input.ts';
import type { RunKey } from '../model/run-key.ts';
import { createSignalScope } from '../model/signals.ts';
import { executionKey } from '../model/task-key.ts';
import { convertIssues } from '../model/zod-issues.ts';
import { type Action, ActionError, type Connect, type ConnectedAction, Later } from './action.ts';
import { attempted, attemptLimit } from './attempt.ts';
import { maskedFault, translateError } from './faults.ts';
import { follow } from './later.ts';
import { createLookups } from './lookups.ts';
import { type Pulse, startPulse } from './pulse.ts';
import { createMasks, type Masks } from './secrets/masks.ts';
import { type SecretOf, withSecrets } from './secrets/secret-input.ts';

/** The dependencies of activities. */
export interface ActivityOptions {
  egress: Egress;
  /** The egress for trusted connections. Defaults to `egress`. */
  trusted?: Egress | undefined;
  connect: Connect;
  secretOf: SecretOf;
  /** Reports whether the start of a run is signed, so that it may use secrets and connections of its tenant. */
  isAuthentic(run: RunKey, tenant: string): Promise<boolean>;
}

/**
 * Creates Temporal's activities for a catalog of actions: one for all types, so that an unknown action fails its task
 * instead of waiting forever, and one for the end of a slice, which does nothing. The former sends heartbeats, checks
 * input and output, is bounded in time and size, and runs with a permit of its tenant. `interrupt` fails running activities
 * with `WorkerShutdown`; first attempts that have not started are handed back if their run supports that.
 */
export function createActivities(
  actions: Readonly<Record<string, Action | ConnectedAction>>,
  { egress, trusted = egress, connect, secretOf, isAuthentic }: ActivityOptions,
  permits: Permits,
  interrupt?: AbortSignal,
): Record<string, (input: unknown, scope?: unknown) => Promise<Json>> {
  const lookUp = createLookups(permits.room);

  async function perform(input: Json, scope: ActivityScope, context: Context, pulse: Pulse): Promise<Json> {
    const { activityType } = context.info;
    const action = Object.hasOwn(actions, activityType) ? actions[activityType] : undefined;
    if (action === undefined) {
      const message = `the action "${activityType}" is not available in this version`;
      throw new ActionError('action_unavailable', message, { retryable: false });
    }
    const { tenant, secrets: texts = {}, timeout } = scope;
    const owner = tenant ?? context.info.priority?.fairnessKey ?? '';
    const run = (made: Action, given: Json, secrets: JsonObject, by: Egress = egress) =>
      runBounded(made, given, {
        egress: by,
        permits,
        owner,
        timeout,
        pulse,
        masks: createMasks(secrets),
      });
    const opens = 'pack' in action || Object.keys(texts).length > 0;
    if (opens && tenant !== undefined) {
      const authentic = () => isAuthentic(runOf(context.info.workflowExecution), tenant);
      if (!(await lookUp(authentic, { context, timeout, pulse }))) throw notAuthentic();
    }
    const find = async (name: string) => (tenant === undefined ? null : secretOf(tenant, name));
    const filled = await lookUp(() => withSecrets(input, texts, find), { context, timeout, pulse });
    if (!('pack' in action)) return run(action, filled.input, filled.secrets);
    const { pack } = action;
    const found = () => connectionFor(pack, filled.input, tenant, connect);
    const connection = await lookUp(found, { context, timeout, pulse });
    const given = withDefaults(activityType, filled.input, connection);
    const { secrets } = connection;
    // The prefix separates secrets of the tenant from those of the connection.
    const by = connection.trusted ? trusted : egress;
    return run(connectedAs(action, connection), given, { ...prefixed(filled.secrets), ...secrets }, by);
  }

  return {
    [YIELD_ACTION]: async () => null,
    default: async (input, scope) => {
      const context = Context.current();
      const pulse = startPulse(context);
      const given = (scope ?? {}) as ActivityScope;
      try {
        // Payloads are JSON.
        const performed = perform(input as Json, given, context, pulse);
        return await (interrupt === undefined
          ? performed
          : interrupted(performed, interrupt, () => shutdownFailure(given, pulse, context.info.attempt)));
      } catch (error) {
        throw translateError(error, context.info.attempt);
      } finally {
        pulse.stop();
      }
    },
  };
}

/** Returns the result of an activity, or rejects when the signal is aborted. */
async function interrupted(performed: Promise<Json>, signal: AbortSignal, failure: () => Error): Promise<Json> {
  let interrupt = (): void => undefined;
  const ended = new Promise<never>((_, reject) => {
    interrupt = () => reject(failure());
  });
  signal.addEventListener('abort', interrupt, { once: true });
  if (signal.aborted) interrupt();
  try {
    return await Promise.race([performed, ended]);
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

/**
 * Returns the failure of an activity whose worker is shut down. Another worker can run what has not started. A later
 * attempt fails instead, since a task that is handed back has all of its attempts again.
 */
function shutdownFailure({ timeout }: ActivityScope, pulse: Pulse, attempt: number): Error {
  const message = 'the worker was shut down';
  if (pulse.working || timeout === undefined || attempt > 1) return new ActionError('WorkerShutdown', message);
  return new ActionError(WORKER_BUSY, message, { retryable: false });
}

function notAuthentic(): ActionError {
  const message =
    'the start of the execution is not signed by Fermata: it cannot use secrets or connections (docs/hardening.md)';
  return new ActionError('not_authentic', message, { retryable: false });
}

function runOf(execution: { workflowId: string; runId: string } | undefined): RunKey {
  return { workflowId: execution?.workflowId ?? '', runId: execution?.runId ?? '' };
}

/** Returns the connection that an input names, of the tenant of the run. Throws an ActionError if there is none. */
async function connectionFor(
  pack: ConnectedPack,
  input: Json,
  tenant: string | undefined,
  connect: Connect,
): Promise<FoundConnection> {
  const named = isJsonObject(input) ? input.connection : undefined;
  const name = typeof named === 'string' ? named : DEFAULT_CONNECTION;
  const found = tenant === undefined ? null : await connect(tenant, pack, name);
  if (found !== null) return found;
  const message = `connection "${pack}/${name}" not found: create it with PUT /api/v1/connections/${pack}/${name}`;
  throw new ActionError('connection_missing', message, { retryable: false });
}

/** Returns the input of a task with the defaults of its connection. */
function withDefaults(ref: string, input: Json, { settings }: FoundConnection): Json {
  const defaults = (settings.defaults as JsonObject | undefined)?.[ref];
  return defaults !== undefined && isJsonObject(defaults) && isJsonObject(input) ? { ...defaults, ...input } : input;
}

function prefixed(secrets: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [`secret.${name}`, secret]));
}

/** Returns an action that has its connection. */
function connectedAs(action: ConnectedAction, connection: FoundConnection): Action {
  // Stored connections have been validated by the schema of their pack.
  return { input: action.input, run: (input, context) => action.run(input, connection as never, context) };
}

/** The dependencies and limits of an attempt. */
interface Surroundings {
  egress: Egress;
  permits: Permits;
  owner: string;
  /** Seconds of the attempt, counted from its permit; undefined if start-to-close limits it, including the wait. */
  timeout: number | undefined;
  pulse: Pulse;
  masks: Masks;
}

async function runBounded(action: Action, input: unknown, around: Surroundings): Promise<Json> {
  const { permits, owner, timeout: seconds, pulse } = around;
  const { mask, holdsSecret, encoded, decoded } = around.masks;
  const { addressOf, lookup } = around.egress;
  const fetch: Egress['fetch'] = (input, init) => around.egress.fetch(input, init, holdsSecret);
  const context = Context.current();
  const parsed = action.input.safeParse(input);
  if (!parsed.success) {
    const issues = convertIssues(parsed.error, action.input, input);
    const details = issues.map(({ code, path, message }) => ({ code, path, message }));
    const message = `the input is invalid: ${issuesText(issues, 'input')}`;
    throw maskedFault(new ActionError('input_invalid', message, { details, retryable: false }), mask);
  }
  const { cancellationSignal, info } = context;
  const limit = seconds === undefined ? attemptLimit(info) : Math.max(1, seconds * 1000);
  const waited = Date.now() - pulse.begun;
  const scope = createSignalScope();
  let timeout = seconds === undefined ? scope.timeLimit(Math.max(1, limit - waited)) : null;
  const overdue = new AbortController();
  const patience = setTimeout(
    () => {
      overdue.abort(new RoomFull(`the activity waited ${PERMIT_SECONDS} seconds for a permit`));
    },
    PERMIT_SECONDS * 1000 - waited,
  );
  const late = () => new ActionError('timeout', `the attempt took longer than ${limit / 1000} seconds`);
  let release: (() => void) | null = null;
  let running: Promise<Json | Later> | null = null;
  let followed: Promise<void> | null = null;
  pulse.await(() => ({ waiting_for_permit: { ...permits.occupancy(owner) } }));
  try {
    const givenUp = scope.eitherOf([cancellationSignal, timeout ?? overdue.signal, pulse.ended]);
    // A task that is handed back has all of its attempts again, so later attempts wait instead.
    const mayWait = seconds === undefined || info.attempt > 1;
    release = await permits.take(owner, givenUp, {
      bytes: jsonSize(input as Json),
      patience: mayWait ? 'endless' : 'none',
    });
    clearTimeout(patience);
    pulse.work();
    timeout ??= scope.timeLimit(limit);
    const deadline = Date.now() + limit;
    const signal = scope.eitherOf([cancellationSignal, timeout]);
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    const token = tokenOf(context.info);
    running = attempted(() =>
      action.run(parsed.data, { signal, timeout: limit, fetch, addressOf, lookup, token, encoded, decoded }),
    );
    // The attempt ends even if the action ignores its signal.
    const given = await Promise.race([running, aborted]);
    if (!(given instanceof Later)) return fitting(mask(given));
    const failure = (error: unknown) => translateError(maskedFault(error, mask), context.info.attempt);
    followed = follow(context, given, { deadline, late, failure, output: (value) => fitting(mask(value)) });
    throw new CompleteAsyncError();
  } catch (error) {
    if (context.cancellationSignal.aborted) {
      void stopBegun(running, context);
      return await context.cancelled;
    }
    if (timeout?.aborted) throw late();
    if (error instanceof RoomFull) throw new ActionError(WORKER_BUSY, error.message, { retryable: false });
    throw maskedFault(error, mask);
  } finally {
    release?.();
    clearTimeout(patience);
    // Work that is followed still looks with the signal of its attempt.
    if (followed === null) scope.end();
    else void followed.catch(() => undefined).then(scope.end);
  }
}

/** Stops what an action begins in another system while its task is cancelled. Whatever else ends an attempt, the next one finds it. */
async function stopBegun(running: Promise<Json | Later> | null, { cancellationDetails }: Context): Promise<void> {
  if (!cancellationDetails?.cancelRequested) return;
  const given = await running?.catch(() => null);
  if (given instanceof Later) await given.stop().catch(() => undefined);
}

function fitting(output: Json): Json {
  const bytes = jsonSize(output);
  if (bytes <= MAX_PAYLOAD_BYTES) return output;
  const message = `the output has ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}`;
  throw new ActionError('too_large', message, { details: { field: 'output' }, retryable: false });
}

/**
 * Returns the idempotency token of a task or item, the same for every attempt (after a hand-back the key is `name~2`).
 */
function tokenOf({ workflowExecution, activityId }: ActivityInfo): string {
  const of = `${workflowExecution?.workflowId}/${executionKey(activityId)}`;
  return createHash('sha256').update(of).digest('hex');
}
