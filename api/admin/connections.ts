import { z } from '@hono/zod-openapi';
import { CONNECTIONS, type ConnectedPack } from '../../model/connection.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import type { ConnectionService, ShownConnection } from '../../service/access/connections.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, json } from '../http/routes.ts';

// Connections (design/shapes.md): where the actions of a pack find the system that they speak to. Secrets go in and never out.

const packs = Object.keys(CONNECTIONS) as [ConnectedPack, ...ConnectedPack[]];
const JsonObjectSchema = z.record(z.string(), JsonValueSchema);

const ConnectionSchema = z
  .object({
    pack: z.enum(packs),
    name: z.string(),
    settings: JsonObjectSchema,
    secrets: z.array(z.string()).describe('Names of the secrets; what they are is never told.'),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
  })
  .openapi('Connection');
const PutSchema = z
  .strictObject({ settings: JsonObjectSchema.default({}), secrets: JsonObjectSchema })
  .openapi('ConnectionPut');

const Params = z.object({
  pack: z.enum(packs),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/)
    .describe('`default` is used where a task names none.'),
});
const tags = ['connections'];
const base = '/api/v1/connections';
const one = `${base}/{pack}/{name}`;
const data = json(z.object({ data: ConnectionSchema }), 'The connection, without its secrets.');

const listRoute = createApiRoute({
  permission: 'secret:write',
  method: 'get',
  path: base,
  tags,
  summary: 'List connections',
  responses: {
    200: json(z.object({ data: z.array(ConnectionSchema) }), 'All connections, without their secrets.'),
    ...errorResponses(),
  },
});
const getRoute = createApiRoute({
  permission: 'secret:write',
  method: 'get',
  path: one,
  tags,
  summary: 'Get a connection',
  request: { params: Params },
  responses: { 200: data, ...errorResponses('request_invalid', 'connection_not_found') },
});
const putRoute = createApiRoute({
  permission: 'secret:write',
  method: 'put',
  path: one,
  tags,
  summary: 'Set up a connection',
  description: 'What is given is all of it: secrets are not kept from before.',
  request: { params: Params, body: { required: true, content: { 'application/json': { schema: PutSchema } } } },
  responses: { 200: data, ...errorResponses('request_invalid', 'json_malformed', 'input_invalid') },
});
const deleteRoute = createApiRoute({
  permission: 'secret:write',
  method: 'delete',
  path: one,
  tags,
  summary: 'Delete a connection',
  request: { params: Params },
  responses: {
    200: json(z.object({ success: z.literal(true), message: z.string() }), 'Deleted.'),
    ...errorResponses('request_invalid', 'connection_not_found'),
  },
});

/** The routes of connections. */
export function connectionRoutes(connections: ConnectionService) {
  const router = createRouter();

  router.openapi(
    listRoute,
    async (context) => {
      const found = await connections.list(context.get('principal'));
      return context.json({ data: found.map(bodyOf) }, 200);
    },
    refuse(listRoute),
  );

  router.openapi(
    getRoute,
    async (context) => {
      const { pack, name } = context.req.valid('param');
      return context.json({ data: bodyOf(await connections.get(context.get('principal'), pack, name)) }, 200);
    },
    refuse(getRoute),
  );

  router.openapi(
    putRoute,
    async (context) => {
      const { pack, name } = context.req.valid('param');
      const stored = await connections.put(context.get('principal'), pack, name, context.req.valid('json'));
      return context.json({ data: bodyOf(stored) }, 200);
    },
    refuse(putRoute),
  );

  router.openapi(
    deleteRoute,
    async (context) => {
      const { pack, name } = context.req.valid('param');
      await connections.remove(context.get('principal'), pack, name);
      return context.json({ success: true as const, message: `Connection '${pack}/${name}' deleted` }, 200);
    },
    refuse(deleteRoute),
  );

  return router;
}

function bodyOf({ created, updated, ...rest }: ShownConnection): z.infer<typeof ConnectionSchema> {
  return { ...rest, created: created.toISOString(), updated: updated.toISOString() };
}
