import { z } from '@hono/zod-openapi';
import type { SecretService, ShownSecret } from '../../service/access/secrets.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json, jsonBody, jsonData, SuccessSchema } from '../http/routes.ts';

// Secrets, to which definitions refer as `secret.NAME`. Their values are never returned.

/** The name of a secret. */
export const SecretSchema = z
  .object({ name: z.string(), created: z.iso.datetime(), updated: z.iso.datetime() })
  .openapi('Secret');
const PutSchema = z.strictObject({ value: z.string().min(1).max(10_000) }).openapi('SecretPut');
const Params = z.object({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/)
    .describe('The name by which definitions refer to the secret.'),
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
    200: jsonData(z.array(SecretSchema), 'The names of all secrets; their values are never returned.'),
    ...errorResponses(),
  },
});
const putRoute = createApiRoute({
  permission: 'secret:write',
  method: 'put',
  path: `${base}/{name}`,
  tags,
  summary: 'Store a secret',
  request: { params: Params, body: jsonBody(PutSchema) },
  responses: {
    200: jsonData(SecretSchema, 'Stored.'),
    ...errorResponses('json_malformed'),
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
    200: json(SuccessSchema, 'Deleted.'),
    ...errorResponses('secret_not_found'),
  },
});

/** Registers the routes for secrets. */
export function secretRoutes(secrets: SecretService) {
  const router = createRouter();

  router.openapi(listRoute, async (context) =>
    context.json({ data: (await secrets.list(context.get('principal'))).map(bodyOf) }, 200),
  );

  router.openapi(putRoute, async (context) => {
    const { name } = context.req.valid('param');
    const stored = await secrets.put(context.get('principal'), name, context.req.valid('json').value);
    return context.json({ data: bodyOf(stored) }, 200);
  });

  router.openapi(deleteRoute, async (context) => {
    const { name } = context.req.valid('param');
    await secrets.remove(context.get('principal'), name);
    return context.json({ success: true as const, message: `Secret '${name}' deleted` }, 200);
  });

  return router;
}

function bodyOf({ name, created, updated }: ShownSecret): z.infer<typeof SecretSchema> {
  return { name, created: created.toISOString(), updated: updated.toISOString() };
}
