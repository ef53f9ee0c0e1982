import { createHash } from 'node:crypto';
import {
  type Info as ActivityInfo,
  ApplicationFailure,
  CancelledFailure,
  CompleteAsyncError,
  Context,
} from '@temporalio/activity';
import { AnswerTooLarge } from '../egress/answer.ts';
import { type Egress, EgressError, errorIn } from '../egress/egress.ts';
import { ProxyError } from '../egress/proxy.ts';
import { RedirectError } from '../egress/redirects.ts';
import { type ConnectedPack, DEFAULT_CONNECTION, type FoundConnection } from '../model/connection.ts';
import { type FaultNote, INFRASTRUCTURE_UNAVAILABLE, WORKER_BUSY } from '../model/failure.ts';
import { issuesText } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject, jsonSize } from '../model/json.ts';
import { type Permits, RoomFull } from '../model/permits.ts';
import { type ActivityScope, MAX_PAYLOAD_BYTES, PERMIT_SECONDS, YIELD_ACTION } from '../model/run-input.ts';
import type { RunKey } from '../model/run-key.ts';
import { issuesOf } from '../model/zod-issues.ts';
import { type Action, ActionError, type Connect, type ConnectedAction, Later } from './action.ts';
import { attempted, attemptLimit, timer } from './attempt.ts';
import { follow } from './later.ts';
import { createLookups } from './lookups.ts';
import { createMasks, type Mask, type Masks } from './masks.ts';
import { type Pulse, startPulse } from './pulse.ts';
import { type SecretOf, withSecrets } from './secret-input.ts';

/** What actions reach the world by. */
export interface ActivityOptions {
  egress: Egress;
  /** What a trusted connection is used by; `egress` unless it is given. */
  trusted?: Egress | undefined;
  connect: Connect;
  secretOf: SecretOf;
  /** Reports whether a run may have what belongs to a tenant; a run that was started past the API may not. */
  isAuthentic(run: RunKey, tenant: string): Promise<boolean>;
}

/**
 * Temporal's activities for a catalogue of actions: one that takes every type, so that an action which is not made
 * fails its task instead of waiting for ever, and one for the end of a slice, which does nothing. The first one
 * sends heartbeats, checks input and output, is bounded in time and size, and does its work with a permit of its tenant. `interrupt` ends those that still
 * run, as failed with `WorkerShutdown`; first attempts that have not begun are handed back where their run knows what that is.
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
    // A secret of the tenant and one of the connection may have the same name.
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
        // The payloads are JSON.
        const performed = perform(input as Json, given, context, pulse);
        return await (interrupt === undefined
          ? performed
          : interrupted(performed, interrupt, () => shutdownFailure(given, pulse, context.info.attempt)));
      } catch (error) {
        throw failureOf(error, context.info.attempt);
      } finally {
        pulse.stop();
      }
    },
  };
}

/** The result of an activity, or the failure that a signal ends it with. */
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
 * The failure of an activity whose worker is shut down: another worker can do what has not begun. A later attempt is lost instead,
 * since a task that is handed back has all of its attempts again.
 */
function shutdownFailure({ timeout }: ActivityScope, pulse: Pulse, attempt: number): Error {
  const message = 'the worker was shut down';
  if (pulse.working || timeout === undefined || attempt > 1) return new ActionError('WorkerShutdown', message);
  return new ActionError(WORKER_BUSY, message, { retryable: false });
}

function notAuthentic(): ActionError {
  const message =
    'the execution was not started by Fermata as it stands: it gets no secrets and no connections (docs/operations.md)';
  return new ActionError('not_authentic', message, { retryable: false });
}

function runOf(execution: { workflowId: string; runId: string } | undefined): RunKey {
  return { workflowId: execution?.workflowId ?? '', runId: execution?.runId ?? '' };
}

/** The connection that an input means, of the tenant of the run. Throws an ActionError where there is none. */
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
  const message = `there is no connection "${pack}/${name}": PUT /api/v1/connections/${pack}/${name} sets it up`;
  throw new ActionError('connection_missing', message, { retryable: false });
}

/** The input of a task over what its connection gives where it gives nothing. */
function withDefaults(ref: string, input: Json, { settings }: FoundConnection): Json {
  const defaults = (settings.defaults as JsonObject | undefined)?.[ref];
  return defaults !== undefined && isJsonObject(defaults) && isJsonObject(input) ? { ...defaults, ...input } : input;
}

function prefixed(secrets: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [`secret.${name}`, secret]));
}

/** An action with its connection, as any other. */
function connectedAs(action: ConnectedAction, connection: FoundConnection): Action {
  // What is stored was checked by the schema of its pack.
  return { input: action.input, run: (input, context) => action.run(input, connection as never, context) };
}

function masked(error: unknown, mask: Mask): unknown {
  if (isTemporals(error)) return error;
  const known = refusalIn(error, mask) ?? error;
  if (!(known instanceof ActionError)) return new ActionError('action_error', mask(messageOf(error)));
  const { type, message, code, details, retryable, retryAfter } = known;
  return new ActionError(type, mask(message), {
    ...(code === undefined ? {} : { code: mask(code) }),
    details: mask(details),
    retryable,
    retryAfter,
  });
}

/** What an attempt is done with, and for whom. */
interface Surroundings {
  egress: Egress;
  permits: Permits;
  owner: string;
  /** Seconds of the attempt from its permit on; undefined: start-to-close has them, and waiting counts. */
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
    const issues = issuesOf(parsed.error, action.input, input);
    const details = issues.map(({ code, path, message }) => ({ code, path, message }));
    const message = `the input is invalid: ${issuesText(issues, 'input')}`;
    throw masked(new ActionError('input_invalid', message, { details, retryable: false }), mask);
  }
  const { cancellationSignal, info } = context;
  const limit = seconds === undefined ? attemptLimit(info) : Math.max(1, seconds * 1000);
  const waited = Date.now() - pulse.begun;
  let timeout = seconds === undefined ? timer(Math.max(1, limit - waited) / 1000) : null;
  const overdue = new AbortController();
  const patience = setTimeout(
    () => {
      overdue.abort(new RoomFull(`the activity has waited ${PERMIT_SECONDS} seconds for a permit`));
    },
    PERMIT_SECONDS * 1000 - waited,
  );
  const late = () => new ActionError('timeout', `the attempt took longer than ${limit / 1000} seconds`);
  let release: (() => void) | null = null;
  pulse.await(() => ({ waiting_for_permit: { ...permits.occupancy(owner) } }));
  try {
    const givenUp = AbortSignal.any([cancellationSignal, timeout ?? overdue.signal, pulse.ended]);
    // A task that is issued again has all of its attempts again, so that later ones wait; places bound how many do.
    const mayWait = seconds === undefined || info.attempt > 1;
    release = await permits.take(owner, givenUp, {
      bytes: jsonSize(input as Json),
      patience: mayWait ? 'endless' : 'none',
    });
    clearTimeout(patience);
    pulse.work();
    timeout ??= timer(limit / 1000);
    const deadline = Date.now() + limit;
    const signal = AbortSignal.any([cancellationSignal, timeout]);
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    const token = tokenOf(context.info);
    const running = attempted(() =>
      action.run(parsed.data, { signal, timeout: limit, fetch, addressOf, lookup, token, encoded, decoded }),
    );
    // An action that does not watch its signal is left behind: its attempt is over all the same.
    const given = await Promise.race([running, aborted]);
    if (!(given instanceof Later)) return fitting(mask(given));
    const failure = (error: unknown) => failureOf(masked(error, mask), context.info.attempt);
    void follow(context, given, { deadline, late, failure, output: (value) => fitting(mask(value)) });
    throw new CompleteAsyncError();
  } catch (error) {
    if (context.cancellationSignal.aborted) return await context.cancelled;
    if (timeout?.aborted) throw late();
    if (error instanceof RoomFull) throw new ActionError(WORKER_BUSY, error.message, { retryable: false });
    throw masked(error, mask);
  } finally {
    release?.();
    clearTimeout(patience);
  }
}

function fitting(output: Json): Json {
  const bytes = jsonSize(output);
  if (bytes <= MAX_PAYLOAD_BYTES) return output;
  const message = `the output has ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}`;
  throw new ActionError('too_large', message, { details: { field: 'output' }, retryable: false });
}

/** Of one task or item of one run, whatever the attempt (issued again, it has the key `name~2`). */
function tokenOf({ workflowExecution, activityId }: ActivityInfo): string {
  const of = `${workflowExecution?.workflowId}/${activityId.replace(/~\d+$/, '')}`;
  return createHash('sha256').update(of).digest('hex');
}

/** True for what Temporal's SDK takes as it is. */
function isTemporals(error: unknown): error is Error {
  return (
    error instanceof CancelledFailure || error instanceof ApplicationFailure || error instanceof CompleteAsyncError
  );
}

function failureOf(error: unknown, attempt: number): Error {
  if (isTemporals(error)) return error;
  const known =
    refusalIn(error, (value) => value) ??
    (error instanceof ActionError ? error : new ActionError('action_error', messageOf(error), { cause: error }));
  const note: FaultNote = { attempt, ...(known.code === undefined ? {} : { code: known.code }) };
  const failure = ApplicationFailure.create({
    type: known.type,
    message: known.message,
    nonRetryable: !known.retryable,
    ...(known.retryAfter === undefined ? {} : { nextRetryDelay: known.retryAfter * 1000 }),
    // A failure that no payload can hold would never reach the run.
    details: [jsonSize(known.details) <= MAX_PAYLOAD_BYTES ? known.details : null, note],
  });
  // A stack shows paths of the worker's machine, and it would stand in the history of every run.
  failure.stack = '';
  return failure;
}

/** The failure for what the way out refuses, whichever client has met it; undefined for any other error. */
function refusalIn(error: unknown, mask: Mask): ActionError | undefined {
  const denied = errorIn(error, EgressError);
  if (denied !== undefined) {
    // A host that is a short secret is one as a whole.
    const message = denied.message.replace(denied.host, () => mask(denied.host));
    return new ActionError('egress_denied', message, { code: denied.code, retryable: false });
  }
  const proxy = errorIn(error, ProxyError);
  if (proxy !== undefined) return new ActionError(INFRASTRUCTURE_UNAVAILABLE, proxy.message, { code: proxy.code });
  const redirect = errorIn(error, RedirectError);
  if (redirect !== undefined)
    return new ActionError('redirect_refused', redirect.message, { code: redirect.code, retryable: false });
  const large = errorIn(error, AnswerTooLarge);
  if (large === undefined) return undefined;
  return new ActionError('too_large', large.message, { details: { field: 'body' }, retryable: false });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
