import { Readable } from 'node:stream';
import type { Context, MiddlewareHandler } from 'hono';
import { AppError } from '../../model/app-error.ts';
import { capIssues, type Issue } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import type { TextPlace } from '../../model/yaml.ts';
import { findValuePlaces } from '../../model/yaml-places.ts';
import {
  type BodyType,
  type DocumentType,
  decodeForm,
  decodeText,
  findBodyType,
  type ParsedBody,
  parseBody,
} from './body-parser.ts';
import type { ApiEnv } from './environment.ts';

/** The maximum size of a body, in bytes. */
export const MAX_BODY = 2 * 1024 * 1024;

/**
 * Sizes in bytes up to which a document is parsed on the event loop, which takes a few milliseconds; YAML is the most
 * expensive.
 */
const SMALL: Record<DocumentType, number> = {
  'application/json': 64 * 1024,
  'application/yaml': 2 * 1024,
  'application/zip': 0,
};

/** The media type of a form. */
const FORM = 'application/x-www-form-urlencoded';

/** The maximum size of a form, in bytes. */
const MAX_FORM = 512 * 1024;

/** Seconds within which a body must have arrived, and the seconds before which its speed does not matter. */
const LONGEST = 30;
const GRACE = 5;

/** The slowest allowed speed of a body after the grace period, in bytes per second. */
const SLOWEST = 1024;

/** The initial size of the buffer for a body, in bytes. */
const FIRST_BUFFER = 16 * 1024;

/**
 * Reads the body of a request and parses it, for a route that takes one of the types: `req.json()` then returns what
 * was parsed, as `body` in the context does, and `req.text()` a form. An empty body is `{}`, whatever its type. Must
 * come after authorization. Throws `body_too_large`, `unsupported_media_type`, `request_timeout`, `work_exceeded`,
 * `busy`, and what `parseBody` throws.
 */
export function takeBody(types: readonly BodyType[]): MiddlewareHandler<ApiEnv> {
  const takesForm = types.includes(FORM);
  const limit = takesForm ? MAX_FORM : MAX_BODY;
  return async (context, next) => {
    const { req } = context;
    demandSize(context, limit);
    const source = sourceOf(context);
    if (source === null && !takesForm) {
      takeDocument(context, {}, '');
      return next();
    }
    const type = demandType(context, types);
    if (source === null || type === null) return next();
    const bytes = await readSource(context, source, limit);
    if (type === FORM) {
      const entered = decodeForm(bytes);
      req.text = () => Promise.resolve(entered);
    } else if (bytes.length === 0) takeDocument(context, {}, '');
    else {
      const { value, warnings } = await parse(context, type, bytes);
      takeDocument(context, value);
      context.set('bodyWarnings', warnings);
      context.set('bodyType', type);
      req.text = async () => decodeText(bytes, 'request_invalid');
    }
    return next();
  };
}

/**
 * Returns the bytes of a body exactly as they were sent, whatever their type; none without a body. Throws `body_too_large` beyond `limit`
 * bytes, `request_timeout`, and `request_invalid` for an incomplete body.
 */
export async function readRawBody(context: Context<ApiEnv>, limit: number): Promise<Uint8Array> {
  demandSize(context, limit);
  const source = sourceOf(context);
  return source === null ? new Uint8Array() : readSource(context, source, limit);
}

/** Returns warnings together with those about how the body of a request is written. */
export function withBodyWarnings(context: Context<ApiEnv>, found: readonly Issue[]): Issue[] {
  return capIssues([...found, ...(context.get('bodyWarnings') ?? [])]);
}

/** An issue with the place of its value in the text that was sent. */
export type LocatedIssue = Issue & { source?: TextPlace };

/** Adds to issues where their values stand in the body, which is YAML or JSON. Throws `work_exceeded` and `busy`. */
export async function locateIssues(context: Context<ApiEnv>, issues: readonly Issue[]): Promise<LocatedIssue[]> {
  if (issues.length === 0) return [];
  const text = await context.req.text();
  const pointers = issues.map(({ path }) => path);
  const isSmall = text.length <= SMALL['application/yaml'];
  const places = isSmall
    ? findValuePlaces(text, pointers)
    : await context.get('pool').run('find_places', context.get('principal').tenant, { text, pointers });
  return issues.map((issue, index) => {
    const source = places[index] ?? null;
    return source === null || issue.omitted !== undefined ? issue : { ...issue, source };
  });
}

/** Returns the type of a body; null when there is neither a body nor a type. Throws `unsupported_media_type`. */
function demandType(context: Context<ApiEnv>, types: readonly BodyType[]): BodyType | null {
  const header = context.req.header('content-type');
  const type = header === undefined ? null : findBodyType(header);
  if (type !== null && types.includes(type)) return type;
  if (header === undefined && !hasBody(context)) return null;
  const message = `the content type must be ${types.join(' or ')}, not ${header || 'missing'}`;
  throw new AppError('unsupported_media_type', message);
}

/** Parses a document: small ones directly, others in the pool, which only authenticated callers may use. */
async function parse(context: Context<ApiEnv>, type: DocumentType, bytes: Uint8Array): Promise<ParsedBody> {
  if (bytes.length <= SMALL[type]) return parseBody(type, bytes);
  const principal = context.get('principal') as ApiEnv['Variables']['principal'] | undefined;
  if (principal === undefined) throw tooLarge(SMALL[type]);
  return context.get('pool').run('parse', principal.tenant, { type, bytes });
}

/** Parses JSON that was sent to a tenant: a small one directly, another one in the pool. Throws what `parseBody` throws, `work_exceeded` and `busy`. */
export async function parseJsonFor(context: Context<ApiEnv>, tenant: string, bytes: Uint8Array): Promise<Json> {
  const type = 'application/json';
  const isSmall = bytes.length <= SMALL[type];
  const { value } = await (isSmall
    ? parseBody(type, bytes)
    : context.get('pool').run('parse', tenant, { type, bytes }));
  return value;
}

/** Makes a value the JSON body of a request, so that validation finds JSON whatever the media type was. */
function takeDocument(context: Context<ApiEnv>, body: Json, text?: string): void {
  const { req } = context;
  context.set('body', body);
  req.raw.headers.set('content-type', 'application/json');
  req.json = <T>() => Promise.resolve(body as T);
  if (text !== undefined) req.text = () => Promise.resolve(text);
}

/**
 * Closes the connection of a request whose body was not read, since the rest of it would be taken for the next request.
 */
export const closeUnread: MiddlewareHandler<ApiEnv> = async (context, next) => {
  await next();
  if (hasBody(context) && context.get('bodyRead') !== true) context.header('connection', 'close');
};

function hasBody({ req }: Context<ApiEnv>): boolean {
  const length = req.header('content-length');
  return req.header('transfer-encoding') !== undefined || (length !== undefined && length !== '0');
}

/** Returns the chunks of a body as they arrive, from Node's stream if there is one; null without a body. */
function sourceOf(context: Context<ApiEnv>): AsyncIterable<Uint8Array> | null {
  const { env, req } = context;
  if (!(env?.incoming instanceof Readable)) return req.raw.body;
  return hasBody(context) ? env.incoming : null;
}

/** Returns the deadline for the next chunk after some bytes, in seconds since the header. */
export function deadlineOf(received: number): number {
  return Math.min(LONGEST, Math.max(GRACE, received / SLOWEST));
}

/** Refuses a body that is announced as too large. */
function demandSize({ req }: Context<ApiEnv>, limit: number): void {
  if (Number(req.header('content-length') ?? 0) > limit) throw tooLarge(limit);
}

async function readSource(
  context: Context<ApiEnv>,
  source: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const bytes = takeArrived(context) ?? (await readBytes(source, limit, performance.now() / 1000));
  context.set('bodyRead', true);
  return bytes;
}

/** Takes a body that has arrived as a whole, as small ones do together with the header; null while a part of it is missing. */
function takeArrived({ env, req }: Context<ApiEnv>): Uint8Array | null {
  const incoming = env?.incoming;
  if (!(incoming instanceof Readable) || incoming.readableLength !== Number(req.header('content-length'))) return null;
  // With its length, since Node.js 26 otherwise gives the first of several chunks. A copy: the chunk is a part of a larger buffer.
  return new Uint8Array(incoming.read(incoming.readableLength) as Uint8Array);
}

/** Reads up to `limit` bytes; `began` is the arrival of the header, in seconds of `performance.now()`. */
async function readBytes(source: AsyncIterable<Uint8Array>, limit: number, began: number): Promise<Uint8Array> {
  // `return` is never called, since it would destroy the connection before the refusal is sent.
  const chunks = source[Symbol.asyncIterator]();
  let buffer = new Uint8Array(FIRST_BUFFER);
  let size = 0;
  for (;;) {
    const { done, value } = await before(began + deadlineOf(size), chunks.next());
    if (done) return buffer.subarray(0, size);
    if (size + value.length > limit) throw tooLarge(limit);
    // Chunks can be as small as a byte, so they are copied rather than collected.
    if (size + value.length > buffer.length) {
      const grown = new Uint8Array(Math.min(limit, Math.max(size + value.length, 2 * buffer.length)));
      grown.set(buffer.subarray(0, size));
      buffer = grown;
    }
    buffer.set(value, size);
    size += value.length;
  }
}

async function before<T>(deadline: number, chunk: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const refuse = () => reject(new AppError('request_timeout', 'the body did not arrive in time'));
    timer = setTimeout(refuse, Math.max(0, deadline * 1000 - performance.now()));
  });
  try {
    return await Promise.race([chunk, late]);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('request_invalid', 'the body is incomplete', { cause });
  } finally {
    clearTimeout(timer);
    // After a timeout nobody awaits the chunk, which may still fail.
    chunk.catch(() => {});
  }
}

function tooLarge(limit: number): AppError {
  return new AppError('body_too_large', `the body must not have more than ${limit} bytes`);
}
