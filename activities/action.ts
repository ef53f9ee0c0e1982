import type { z } from 'zod';
import { readText } from '../egress/answer.ts';
import type { Egress } from '../egress/egress.ts';
import type { ConnectedPack, ConnectionOf, FoundConnection } from '../model/connection.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { type JsonRefused, parseJson } from '../model/json-reader.ts';

/** What an action gets beside its input. */
export interface ActionContext {
  /** Aborted when the task is cancelled, its attempt has timed out, or the worker shuts down. */
  signal: AbortSignal;
  /** Milliseconds that the attempt may take. */
  timeout: number;
  /** The only way to reach anything by HTTP, which knows the secrets of the attempt; the others are for what speaks otherwise. */
  fetch: Egress['fetch'];
  addressOf: Egress['addressOf'];
  lookup: Egress['lookup'];
  /** The same for every attempt of one task or item, and for nothing else: for systems that do a thing once. */
  token: string;
  /** Is to be told of a text, or of bytes, that are encoded as base64, such as an account: what is hidden of the secrets in it. */
  encoded(written: string | Buffer): void;
  /** Is to be called with base64 before its bytes are sent: the bytes that a secret in it stands for are hidden, too. */
  decoded(base64: string): void;
}

/** How an action of Fermata's own workers ends badly: recorded as the failure of its task. */
export class ActionError extends Error {
  readonly type: string;
  readonly code: string | undefined;
  readonly details: Json;
  readonly retryable: boolean;
  /** Seconds after which another attempt makes sense, where the system has said so. */
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

/** Returns the failure for JSON of another system whose values would change; `where` begins the sentence. No attempt repeats it. */
export function changedOutput(where: string, refused: JsonRefused): ActionError {
  const { code, path, message } = refused.issues[0]!;
  return new ActionError('output_invalid', `${where} ${path || 'the value'} ${message}`, {
    code: code.toUpperCase(),
    details: refused.issues as unknown as Json,
    retryable: false,
    cause: refused,
  });
}

/** What an action has begun elsewhere, and what is looked at until it is over; meanwhile no slot of a worker is held. */
export class Later {
  /** What has come of it; undefined: it goes on. Throws as the action itself does. */
  readonly look: () => Promise<Json | undefined>;
  /** Stops it: its task was cancelled, or has taken too long. */
  readonly stop: () => Promise<void>;

  constructor(look: Later['look'], stop: Later['stop']) {
    this.look = look;
    this.stop = stop;
  }
}

/** An action as a worker runs it: the schema of its input, and what it does with it. */
export interface Action<Input = unknown> {
  input: z.ZodType<Input>;
  run(input: Input, context: ActionContext): Promise<Json | Later>;
}

/** An action that speaks to a system by a connection of its pack. */
export interface ConnectedAction<P extends ConnectedPack = ConnectedPack, Input = unknown> {
  pack: P;
  input: z.ZodType<Input>;
  run(input: Input, connection: ConnectionOf<P>, context: ActionContext): Promise<Json | Later>;
}

/** Finds a connection of a tenant; null: there is none. */
export type Connect = (tenant: string, pack: ConnectedPack, name: string) => Promise<FoundConnection | null>;

/** Returns the value of `authorization` for an account (RFC 7617). */
export function basic(username: string, password: string, encoded: ActionContext['encoded']): string {
  const account = `${username}:${password}`;
  encoded(account);
  return `Basic ${Buffer.from(account).toString('base64')}`;
}

/** A system that is asked by HTTP: what its failures are called, and what it has said in one of its answers. */
export interface Vendor {
  type: string;
  name: string;
  said?: (body: Json) => string;
}

/**
 * Asks a system by HTTP for what it answers with one status and an object. Anything else is a failure of its type, with the
 * code `HTTP_400` and the like, tried again at 429 and from 500 on; that it did not answer is one with the system's own code.
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
    retryAfter = retryAfterOf(response.headers);
  } catch (error) {
    if (signal.aborted) throw error;
    const { code = 'HTTP_FAILED', message = String(error) } = (error as { cause?: { code?: string; message?: string } })
      .cause ?? { message: (error as Error).message };
    throw new ActionError(type, `${name} did not answer: ${message}`, { code, cause: error });
  }
  if (status === request.expected && isJsonObject(body)) return body;
  throw new ActionError(type, `${name} answered ${status}${said(body)}`, {
    code: `HTTP_${status}`,
    details: body,
    retryable: status === 429 || status >= 500,
    retryAfter,
  });
}

/** Parses an answer; null when it is not JSON. Integers beyond a JSON number are text: what was asked for is done. */
function jsonOf(text: string): Json {
  try {
    return parseJson(text, { bigIntegers: 'text' });
  } catch {
    return null;
  }
}

/** Seconds after which a system may be asked again, by its `Retry-After`, a day at most; undefined: it has said nothing of that. */
export function retryAfterOf(headers: { get(name: string): string | null }): number | undefined {
  const said = headers.get('retry-after')?.trim() ?? '';
  const isDate = /^[A-Za-z]+,? .*\d:\d/.test(said);
  const seconds = /^\d+(\.\d+)?$/.test(said) ? Number(said) : isDate ? (Date.parse(said) - Date.now()) / 1000 : 0;
  // At once is what it says without thinking: the delay of the task holds then.
  return seconds >= 1 ? Math.min(seconds, MAX_RETRY_AFTER) : undefined;
}

/** Seconds that a system can ask to wait. */
const MAX_RETRY_AFTER = 86_400;
