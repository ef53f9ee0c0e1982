import { z } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import { createRouter, refuse } from './environment.ts';
import { errorResponses } from './errors.ts';
import { createApiRoute, json } from './routes.ts';

// What Temporal's UI and CLI ask to show payloads that were sealed (docs.temporal.io, Codec Server): JSON of protobuf payloads.

/** Where it is. */
export const CODEC_PATH = '/codec';

/** Payloads in one request, at most. */
const MAX_PAYLOADS = 10_000;

const PayloadSchema = z
  .object({ metadata: z.record(z.string(), z.base64()).default({}), data: z.base64().default('') })
  .openapi('Payload');
const PayloadsSchema = z.object({ payloads: z.array(PayloadSchema).max(MAX_PAYLOADS) }).openapi('Payloads');

/** The encoding of what a codec makes of a payload that was changed, in base64. */
const ALTERED = Buffer.from('binary/altered').toString('base64');

type Body = z.infer<typeof PayloadSchema>;

/** A payload as the gateway to Temporal has it. */
interface Payload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

/** What seals payloads, and opens them. */
export interface PayloadCodec {
  seal(payload: Payload): Payload;
  open(payload: Payload): Payload;
}

const route = <P extends '/codec/decode' | '/codec/encode'>(path: P, summary: string) =>
  createApiRoute({
    permission: 'secret:write',
    ...{ method: 'post', path, tags: ['codec'], summary },
    description: 'The protocol of Temporal’s codec servers: its UI asks with the token of whoever is signed in there.',
    request: { body: { required: true, content: { 'application/json': { schema: PayloadsSchema } } } },
    responses: {
      200: json(PayloadsSchema, 'The payloads, in order.'),
      ...errorResponses('request_invalid', 'json_malformed'),
    },
  });
const decodeRoute = route('/codec/decode', 'Open payloads');
const encodeRoute = route('/codec/encode', 'Seal payloads');

/** Lets pages of some origins ask, in the browser of somebody who may. */
export const codecOrigins = (origins: readonly string[]) =>
  cors({
    origin: [...origins],
    allowMethods: ['POST'],
    allowHeaders: ['authorization', 'content-type', 'x-namespace'],
    maxAge: 600,
  });

/** The routes of the codec. */
export function codecRoutes(codec: PayloadCodec) {
  const router = createRouter();
  const open = through(codec.open);
  // A payload that somebody has changed stays as it is: what is shown of it then is the payload that Temporal has.
  const opened = (body: Body): Body => {
    const result = open(body);
    return result.metadata.encoding === ALTERED ? body : result;
  };

  router.openapi(
    decodeRoute,
    (context) => context.json({ payloads: context.req.valid('json').payloads.map(opened) }, 200),
    refuse(decodeRoute),
  );

  router.openapi(
    encodeRoute,
    (context) => context.json({ payloads: context.req.valid('json').payloads.map(through(codec.seal)) }, 200),
    refuse(encodeRoute),
  );

  return router;
}

function through(change: (payload: Payload) => Payload): (body: Body) => Body {
  return ({ metadata, data }) => {
    const changed = change({
      metadata: mapped(metadata, (text) => Buffer.from(text, 'base64')),
      data: Buffer.from(data, 'base64'),
    });
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
    return { metadata: mapped(changed.metadata ?? {}, text), data: text(changed.data ?? new Uint8Array()) };
  };
}

function mapped<From, To>(record: Record<string, From>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
