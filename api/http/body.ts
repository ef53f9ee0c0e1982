import { Readable } from 'node:stream';
import type { Context, MiddlewareHandler } from 'hono';
import { AppError } from '../../model/app-error.ts';
import type { Json } from '../../model/json.ts';
import { type BodyType, bodyTypeOf, type DocumentType, decodeText, parseBody } from './body-parser.ts';
import type { ApiEnv } from './environment.ts';

/** Bytes that a body may have. */
export const MAX_BODY = 2 * 1024 * 1024;

/** Bytes up to which a document is parsed on the event loop, which takes a few milliseconds; YAML costs most for a byte. */
const SMALL: Record<DocumentType, number> = {
  'application/json': 64 * 1024,
  'application/yaml': 2 * 1024,
  'application/zip': 0,
};

/** Bytes that a form may have: no form of ours asks for more. */
const MAX_FORM = 512 * 1024;

/** Seconds after which a body must be there in any case, and those before which its speed does not matter. */
const LONGEST = 30;
const GRACE = 5;

/** Bytes a second that a body must come in at least, once the grace is over. */
const SLOWEST = 1024;

/** Bytes that are kept for a body before its first chunk has come. */
const FIRST_BUFFER = 16 * 1024;

/**
 * Reads the body of a request and parses it, for a route that takes one of the types: `req.json()` then returns what
 * was parsed, as `body` in the context does, and `req.text()` a form. An empty body is `{}`, whatever its type. Must stand behind whatever authorizes the request. Throws
 * `body_too_large`, `unsupported_media_type`, `request_timeout`, `work_exceeded`, `busy`, and what `parseBody` throws.
 */
export function takeBody(types: readonly BodyType[]): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const { req } = context;
    const limit = types.includes('application/x-www-form-urlencoded') ? MAX_FORM : MAX_BODY;
    const declared = Number(req.header('content-length') ?? 0);
    if (declared > limit) throw tooLarge(limit);
    const header = req.header('content-type');
    const type = header === undefined ? null : bodyTypeOf(header);
    const accepted = type !== null && types.includes(type);
    const source = sourceOf(context);
    if (source === null && !types.includes('application/x-www-form-urlencoded')) {
      takeDocument(context, {}, '');
      return next();
    }
    if (!accepted && (header !== undefined || hasBody(context))) {
      const message = `the body must be ${types.join(' or ')}, not ${header || 'of no type'}`;
      throw new AppError('unsupported_media_type', message);
    }
    if (source === null || !accepted) return next();
    const bytes = await readBytes(source, limit, performance.now() / 1000);
    context.set('bodyRead', true);
    const text = () => decodeText(bytes, 'request_invalid');
    if (type === 'application/x-www-form-urlencoded') {
      const entered = text();
      req.text = () => Promise.resolve(entered);
      return next();
    }
    if (bytes.length === 0) {
      takeDocument(context, {}, '');
      return next();
    }
    const small = bytes.length <= SMALL[type];
    const principal = context.get('principal') as ApiEnv['Variables']['principal'] | undefined;
    // Only what a principal sends may take the time of the pool.
    if (!small && principal === undefined) throw tooLarge(SMALL[type]);
    const body =
      small || principal === undefined
        ? parseBody(type, bytes)
        : await context.get('pool').run('parse', principal.tenant, { type, bytes });
    takeDocument(context, body);
    req.text = async () => text();
    return next();
  };
}

/** Makes a value the body of a request: whoever validates reads the type and the value, and finds JSON in both. */
function takeDocument(context: Context<ApiEnv>, body: Json, text?: string): void {
  const { req } = context;
  context.set('body', body);
  req.raw.headers.set('content-type', 'application/json');
  req.json = <T>() => Promise.resolve(body as T);
  if (text !== undefined) req.text = () => Promise.resolve(text);
}

/** Closes the connection of a request whose body was not read: what is left of it would be taken for the next request. */
export const closeUnread: MiddlewareHandler<ApiEnv> = async (context, next) => {
  await next();
  if (hasBody(context) && context.get('bodyRead') !== true) context.header('connection', 'close');
};

function hasBody({ req }: Context<ApiEnv>): boolean {
  const length = req.header('content-length');
  return req.header('transfer-encoding') !== undefined || (length !== undefined && length !== '0');
}

/** The bytes of a request as they arrive; null when there are none. Node's own stream is read where there is one. */
function sourceOf(context: Context<ApiEnv>): AsyncIterable<Uint8Array> | null {
  const { env, req } = context;
  if (!(env?.incoming instanceof Readable)) return req.raw.body;
  return hasBody(context) ? env.incoming : null;
}

/** Seconds since the header by which more must have come, when some bytes have. */
export function deadlineOf(received: number): number {
  return Math.min(LONGEST, Math.max(GRACE, received / SLOWEST));
}

/** Reads up to `limit` bytes; `began` is when the header was there, in seconds of `performance.now()`. */
async function readBytes(source: AsyncIterable<Uint8Array>, limit: number, began: number): Promise<Uint8Array> {
  // Its `return` is never called: it would destroy the connection before the refusal has been sent.
  const chunks = source[Symbol.asyncIterator]();
  let buffer = new Uint8Array(FIRST_BUFFER);
  let size = 0;
  for (;;) {
    const { done, value } = await before(began + deadlineOf(size), chunks.next());
    if (done) return buffer.subarray(0, size);
    if (size + value.length > limit) throw tooLarge(limit);
    // Chunks may be one byte each, so none of them is kept.
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
    throw new AppError('request_invalid', 'the body ended before its end', { cause });
  } finally {
    clearTimeout(timer);
    // After a time-out the chunk is nobody's any more, and may still fail.
    chunk.catch(() => {});
  }
}

function tooLarge(limit: number): AppError {
  return new AppError('body_too_large', `the body has more than ${limit} bytes`);
}
