import { z } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import type { PayloadService, ReceivedPayload } from '../../service/access/payloads.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json, jsonBody } from '../http/routes.ts';

// The codec server for Temporal's UI and CLI (docs.temporal.io, Codec Server), which decrypts payloads for display.

/** The path of the codec server. */
export const CODEC_PATH = '/codec';

/** The maximum number of payloads in one request. */
const MAX_PAYLOADS = 10_000;

const PayloadSchema = z
  .object({ metadata: z.record(z.string(), z.base64()).default({}), data: z.base64().default('') })
  .openapi('Payload');
const PayloadsSchema = z.object({ payloads: z.array(PayloadSchema).max(MAX_PAYLOADS) }).openapi('Payloads');

type Body = z.infer<typeof PayloadSchema>;

const route = <P extends '/codec/decode' | '/codec/encode'>(path: P, summary: string, whose: string) =>
  createApiRoute({
    permission: 'secret:write',
    method: 'post',
    path,
    tags: ['codec'],
    summary,
    description: `Implements Temporal’s codec server protocol: its UI sends the token of the signed-in user. ${whose}`,
    request: { body: jsonBody(PayloadsSchema) },
    responses: {
      200: json(PayloadsSchema, 'The payloads, in the same order.'),
      ...errorResponses('json_malformed'),
    },
  });
const decodeRoute = route(
  '/codec/decode',
  'Decrypt payloads',
  'Payloads of other tenants’ executions are returned unchanged.',
);
const encodeRoute = route(
  '/codec/encode',
  'Encrypt payloads',
  'The metadata `fermata-run` of each payload names the execution that it is for; only the default tenant may omit it.',
);

/** Allows pages of the given origins to call the codec server from a browser. */
export const codecOrigins = (origins: readonly string[]) =>
  cors({
    origin: [...origins],
    allowMethods: ['POST'],
    allowHeaders: ['authorization', 'content-type', 'x-namespace'],
    maxAge: 600,
  });

/** Registers the routes of the codec server. */
export function codecRoutes(payloads: PayloadService) {
  const router = createRouter();

  router.openapi(decodeRoute, async (context) => {
    const asked = context.req.valid('json').payloads.map(payloadOf);
    const opened = await payloads.open(context.get('principal'), asked);
    return context.json({ payloads: opened.map(bodyOf) }, 200);
  });

  router.openapi(encodeRoute, async (context) => {
    const asked = context.req.valid('json').payloads.map(payloadOf);
    const sealed = await payloads.seal(context.get('principal'), asked);
    return context.json({ payloads: sealed.map(bodyOf) }, 200);
  });

  return router;
}

function payloadOf({ metadata, data }: Body): ReceivedPayload {
  return { metadata: mapped(metadata, (text) => Buffer.from(text, 'base64')), data: Buffer.from(data, 'base64') };
}

function bodyOf({ metadata, data }: ReceivedPayload): Body {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return { metadata: mapped(metadata ?? {}, text), data: text(data ?? new Uint8Array()) };
}

function mapped<From, To>(record: Record<string, From>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
