import { z } from '@hono/zod-openapi';
import type { SecretService, ShownSecret } from '../../service/access/secrets.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, json } from '../http/routes.ts';

// Secrets (design/shapes.md): what definitions name as `secret.NAME`. They go in and never out.

const SecretSchema = z
  .object({ name: z.string(), created: z.iso.datetime(), updated: z.iso.datetime() })
  .openapi('Secret');
const PutSchema = z.strictObject({ value: z.string().min(1).max(10_000) }).openapi('SecretPut');
const Params = z.object({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/)
    .describe('What definitions name it by.'),
});
const tags = ['connections'];
const base = '/api/v1/secrets';

const listRoute = createApiRoute({
  permission: 'secret:write',
  method: 'get',
  path: base,
  tags,
  summary: 'List secrets',
  responses: {
    200: json(z.object({ data: z.array(SecretSchema) }), 'The names of all secrets; what they are is never told.'),
    ...errorResponses(),
  },
});
const putRoute = createApiRoute({
  permission: 'secret:write',
  method: 'put',
  path: `${base}/{name}`,
  tags,
  summary: 'Store a secret',
  request: { params: Params, body: { required: true, content: { 'application/json': { schema: PutSchema } } } },
  responses: {
    200: json(z.object({ data: SecretSchema }), 'Stored.'),
    ...errorResponses('request_invalid', 'json_malformed'),
  },
});
const deleteRoute = createApiRoute({
  permission: 'secret:write',
  method: 'delete',
  path: `${base}/{name}`,
  tags,
  summary: 'Delete a secret',
  request: { params: Params },
  responses: {
    200: json(z.object({ success: z.literal(true), message: z.string() }), 'Deleted.'),
    ...errorResponses('request_invalid', 'secret_not_found'),
  },
});

/** The routes of secrets. */
export function secretRoutes(secrets: SecretService) {
  const router = createRouter();

  router.openapi(
    listRoute,
    async (context) => context.json({ data: (await secrets.list(context.get('principal'))).map(bodyOf) }, 200),
    refuse(listRoute),
  );

  router.openapi(
    putRoute,
    async (context) => {
      const { name } = context.req.valid('param');
      const stored = await secrets.put(context.get('principal'), name, context.req.valid('json').value);
      return context.json({ data: bodyOf(stored) }, 200);
    },
    refuse(putRoute),
  );

  router.openapi(
    deleteRoute,
    async (context) => {
      const { name } = context.req.valid('param');
      await secrets.remove(context.get('principal'), name);
      return context.json({ success: true as const, message: `Secret '${name}' deleted` }, 200);
    },
    refuse(deleteRoute),
  );

  return router;
}

function bodyOf({ name, created, updated }: ShownSecret): z.infer<typeof SecretSchema> {
  return { name, created: created.toISOString(), updated: updated.toISOString() };
}
