import { z } from '@hono/zod-openapi';
import { CONNECTIONS, type ConnectedPack } from '../../model/connection.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import type { ConnectionService, ShownConnection } from '../../service/access/connections.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json, jsonBody, jsonData, SuccessSchema } from '../http/routes.ts';

// Connections: the settings and secrets with which the actions of a pack reach a system. Secrets are never returned.

const packs = Object.keys(CONNECTIONS) as [ConnectedPack, ...ConnectedPack[]];
const JsonObjectSchema = z.record(z.string(), JsonValueSchema);

/** A connection, without the values of its secrets. */
export const ConnectionSchema = z
  .object({
    pack: z.enum(packs),
    name: z.string(),
    settings: JsonObjectSchema,
    secrets: z.array(z.string()).describe('The names of the secrets; their values are never returned.'),
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
    .describe('Tasks that name no connection use `default`.'),
});
const tags = ['connections'];
const base = '/api/v1/connections';
const one = `${base}/{pack}/{name}`;
const data = jsonData(ConnectionSchema, 'The connection, without secret values.');

const listRoute = createApiRoute({
  permission: 'secret:write',
  method: 'get',
  path: base,
  tags,
  summary: 'List connections',
  responses: {
    200: jsonData(z.array(ConnectionSchema), 'All connections, without secret values.'),
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
  responses: { 200: data, ...errorResponses('connection_not_found') },
});
const putRoute = createApiRoute({
  permission: 'secret:write',
  method: 'put',
  path: one,
  tags,
  summary: 'Create or replace a connection',
  description: 'Replaces the whole connection, including its secrets.',
  request: { params: Params, body: jsonBody(PutSchema) },
  responses: { 200: data, ...errorResponses('json_malformed', 'input_invalid') },
});
const deleteRoute = createApiRoute({
  permission: 'secret:write',
  method: 'delete',
  path: one,
  tags,
  summary: 'Delete a connection',
  request: { params: Params },
  responses: {
    200: json(SuccessSchema, 'Deleted.'),
    ...errorResponses('connection_not_found'),
  },
});

/** Registers the routes for connections. */
export function connectionRoutes(connections: ConnectionService) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const found = await connections.list(context.get('principal'));
    return context.json({ data: found.map(bodyOf) }, 200);
  });

  router.openapi(getRoute, async (context) => {
    const { pack, name } = context.req.valid('param');
    return context.json({ data: bodyOf(await connections.get(context.get('principal'), pack, name)) }, 200);
  });

  router.openapi(putRoute, async (context) => {
    const { pack, name } = context.req.valid('param');
    const stored = await connections.put(context.get('principal'), pack, name, context.req.valid('json'));
    return context.json({ data: bodyOf(stored) }, 200);
  });

  router.openapi(deleteRoute, async (context) => {
    const { pack, name } = context.req.valid('param');
    await connections.remove(context.get('principal'), pack, name);
    return context.json({ success: true as const, message: `Connection '${pack}/${name}' deleted` }, 200);
  });

  return router;
}

function bodyOf({ created, updated, ...rest }: ShownConnection): z.infer<typeof ConnectionSchema> {
  return { ...rest, created: created.toISOString(), updated: updated.toISOString() };
}
