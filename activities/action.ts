import type { z } from 'zod';
import { readText } from '../egress/answer.ts';
import type { Egress } from '../egress/egress.ts';
import type { ConnectedPack, ConnectionOf, FoundConnection } from '../model/connection.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { type JsonRefused, parseJson } from '../model/json-reader.ts';

/** The context in which an action runs. */
export interface ActionContext {
  /** Aborted when the task is cancelled, its attempt has timed out, or the worker shuts down. */
  signal: AbortSignal;
  /** The time limit of the attempt, in milliseconds. */
  timeout: number;
  /** Sends HTTP requests; knows the secrets of the attempt. The other functions are for other protocols. */
  fetch: Egress['fetch'];
  addressOf: Egress['addressOf'];
  lookup: Egress['lookup'];
  /** An idempotency token: equal for all attempts of one task or item, and unique otherwise. */
  token: string;
  /**
   * Must be called with texts and bytes that are encoded as base64, such as credentials, so that secrets in them are
   * masked.
   */
  encoded(written: string | Buffer): void;
  /** Must be called with base64 before its bytes are sent, so that the bytes of secrets in it are masked, too. */
  decoded(base64: string): void;
}

/** A failure of an action of Fermata's own workers, recorded as the failure of its task. */
export class ActionError extends Error {
  readonly type: string;
  readonly code: string | undefined;
  readonly details: Json;
  readonly retryable: boolean;
  /** Seconds after which to retry, if the system has said so. */
  readonly retryAfter: number | undefined;

  constructor(
    type: string,
    message: string,
    options: {
      code?: string;
      details?: Json;
      retryable?: boolean;
      retryAfter?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ActionError';
    this.type = type;
    this.code = options.code;
    this.details = options.details ?? null;
    this.retryable = options.retryable ?? true;
    this.retryAfter = options.retryAfter;
  }
}

/**
 * Returns the non-retryable failure for JSON of another system whose values would change; `where` begins the message.
 */
export function changedOutput(where: string, refused: JsonRefused): ActionError {
  const { code, path, message } = refused.issues[0]!;
  return new ActionError('output_invalid', `${where} ${path || 'the value'} ${message}`, {
    code: code.toUpperCase(),
    details: refused.issues as unknown as Json,
    retryable: false,
    cause: refused,
  });
}

/**
 * Work that an action has started in another system and that is polled until it ends, without holding a slot of the
 * worker.
 */
export class Later {
  /** Returns the result; undefined while the work continues. Throws like the action itself. */
  readonly look: () => Promise<Json | undefined>;
  /** Stops the work, because its task was cancelled or has timed out. */
  readonly stop: () => Promise<void>;

  constructor(look: Later['look'], stop: Later['stop']) {
    this.look = look;
    this.stop = stop;
  }
}

/** An action of a worker: the schema of its input, and its implementation. */
export interface Action<Input = unknown> {
  input: z.ZodType<Input>;
  run(input: Input, context: ActionContext): Promise<Json | Later>;
}

/** An action that uses a connection of its pack. */
export interface ConnectedAction<P extends ConnectedPack = ConnectedPack, Input = unknown> {
  pack: P;
  input: z.ZodType<Input>;
  run(input: Input, connection: ConnectionOf<P>, context: ActionContext): Promise<Json | Later>;
}

/** Finds a connection of a tenant; null if there is none. */
export type Connect = (tenant: string, pack: ConnectedPack, name: string) => Promise<FoundConnection | null>;

/** Returns the value of `authorization` for an account (RFC 7617). */
export function basic(username: string, password: string, encoded: ActionContext['encoded']): string {
  const account = `${username}:${password}`;
  encoded(account);
  return `Basic ${Buffer.from(account).toString('base64')}`;
}

/** A system with an HTTP API: the type of its failures, and how to read messages from its responses. */
export interface Vendor {
  type: string;
  name: string;
  said?: (body: Json) => string;
}

/**
 * Sends a request to a system that responds with one status and an object. Anything else is a failure of its type, with
 * a code such as `HTTP_400`, retryable for 429 and for 500 and above; a missing response has the code of the operating
 * system.
 */
export async function ask(
  { fetch, signal, encoded }: ActionContext,
  url: string,
  request: { headers?: Record<string, string>; body: Json; expected: number },
  { type, name, said = () => '' }: Vendor,
): Promise<JsonObject> {
  let status: number;
  let body: Json;
  let retryAfter: number | undefined;
  try {
    const headers = { 'content-type': 'application/json', accept: 'application/json', ...request.headers };
    const sent = JSON.stringify(request.body);
    encoded(sent);
    const response = await fetch(url, { method: 'POST', headers, body: sent, signal });
    ({ status } = response);
    body = jsonOf(await readText(response));
    retryAfter = readRetryAfter(response.headers);
  } catch (error) {
    if (signal.aborted) throw error;
    const { code = 'HTTP_FAILED', message = String(error) } = (error as { cause?: { code?: string; message?: string } })
      .cause ?? { message: (error as Error).message };
    throw new ActionError(type, `${name} did not respond: ${message}`, { code, cause: error });
  }
  if (status === request.expected && isJsonObject(body)) return body;
  throw new ActionError(type, `${name} responded with status ${status}${said(body)}`, {
    code: `HTTP_${status}`,
    details: body,
    retryable: status === 429 || status >= 500,
    retryAfter,
  });
}

/**
 * Parses a response; null if it is not JSON. Integers that a JSON number cannot represent become text, since the
 * request has already had its effect.
 */
function jsonOf(text: string): Json {
  try {
    return parseJson(text, { bigIntegers: 'text' });
  } catch {
    return null;
  }
}

/** Returns the seconds of `Retry-After`, at most a day; undefined if there is none. */
export function readRetryAfter(headers: { get(name: string): string | null }): number | undefined {
  const said = headers.get('retry-after')?.trim() ?? '';
  const isDate = /^[A-Za-z]+,? .*\d:\d/.test(said);
  const seconds = /^\d+(\.\d+)?$/.test(said) ? Number(said) : isDate ? (Date.parse(said) - Date.now()) / 1000 : 0;
  // 0 is ignored: the delay of the task applies.
  return seconds >= 1 ? Math.min(seconds, MAX_RETRY_AFTER) : undefined;
}

/** The longest time that a system can ask to wait, in seconds. */
const MAX_RETRY_AFTER = 86_400;
