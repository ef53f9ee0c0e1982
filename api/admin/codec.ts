import { z } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import type { Payload, PayloadService } from '../../service/access/payloads.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, json } from '../http/routes.ts';

// What Temporal's UI and CLI ask to show payloads that were sealed (docs.temporal.io, Codec Server): JSON of protobuf payloads.

/** Where it is. */
export const CODEC_PATH = '/codec';

/** Payloads in one request, at most. */
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
    description: `The protocol of Temporal’s codec servers: its UI asks with the token of whoever is signed in there. ${whose}`,
    request: { body: { required: true, content: { 'application/json': { schema: PayloadsSchema } } } },
    responses: {
      200: json(PayloadsSchema, 'The payloads, in order.'),
      ...errorResponses('request_invalid', 'json_malformed'),
    },
  });
const decodeRoute = route('/codec/decode', 'Open payloads', 'Those of other tenants’ executions stay as they are.');
const encodeRoute = route(
  '/codec/encode',
  'Seal payloads',
  'The metadata fermata-run names the execution of the tenant that each is for; only the default tenant may leave it out.',
);

/** Lets pages of some origins ask, in the browser of somebody who may. */
export const codecOrigins = (origins: readonly string[]) =>
  cors({
    origin: [...origins],
    allowMethods: ['POST'],
    allowHeaders: ['authorization', 'content-type', 'x-namespace'],
    maxAge: 600,
  });

/** The routes of the codec. */
export function codecRoutes(payloads: PayloadService) {
  const router = createRouter();

  router.openapi(
    decodeRoute,
    async (context) => {
      const asked = context.req.valid('json').payloads.map(payloadOf);
      const opened = await payloads.open(context.get('principal'), asked);
      return context.json({ payloads: opened.map(bodyOf) }, 200);
    },
    refuse(decodeRoute),
  );

  router.openapi(
    encodeRoute,
    async (context) => {
      const asked = context.req.valid('json').payloads.map(payloadOf);
      const sealed = await payloads.seal(context.get('principal'), asked);
      return context.json({ payloads: sealed.map(bodyOf) }, 200);
    },
    refuse(encodeRoute),
  );

  return router;
}

function payloadOf({ metadata, data }: Body): Payload {
  return { metadata: mapped(metadata, (text) => Buffer.from(text, 'base64')), data: Buffer.from(data, 'base64') };
}

function bodyOf({ metadata, data }: Payload): Body {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return { metadata: mapped(metadata ?? {}, text), data: text(data ?? new Uint8Array()) };
}

function mapped<From, To>(record: Record<string, From>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
