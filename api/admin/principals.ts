import { z } from '@hono/zod-openapi';
import { AliasCreateSchema, KeyCreateSchema, TenantCreateSchema } from '../../model/access-requests.ts';
import { expandPermissions, PERMISSIONS } from '../../model/permissions.ts';
import { ALIAS_KINDS, PRINCIPAL_KINDS } from '../../model/principal.ts';
import { MAX_ROW_ID } from '../../model/request-fields.ts';
import type { PrincipalService } from '../../service/access/principals.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json, jsonBody, jsonData } from '../http/routes.ts';
import { wholeNumber } from '../http/whole-number.ts';

// Tenants, API keys, principals and aliases.

const InstantSchema = z.iso.datetime();
const TenantSchema = z
  .object({ id: z.uuid(), ref: z.string(), label: z.string(), created: InstantSchema })
  .openapi('Tenant');
const KEY = {
  id: z.int(),
  prefix: z.string().describe('The beginning of the key, by which it can be recognized later.'),
  subject: z.string(),
  roles: z.array(z.string()),
  permissions: z.array(z.enum(PERMISSIONS)).describe('All permissions that the key grants.'),
  groups: z.array(z.string()),
  kind: z.enum(PRINCIPAL_KINDS),
  on_behalf_of: z.string().nullable().describe('The subject on whose behalf the key acts.'),
  label: z.string().nullable(),
  created: InstantSchema,
  expires: InstantSchema.nullable(),
};
const KeySchema = z.object(KEY).openapi('ApiKey');
const NewKeySchema = z
  .object({ ...KEY, key: z.string().describe('The key itself; it is shown only once.'), tenant: z.string() })
  .openapi('NewApiKey');

const tags = ['principals'];

const tenantRoute = createApiRoute({
  permission: 'admin',
  method: 'post',
  path: '/api/v1/tenants',
  tags,
  summary: 'Create a tenant',
  request: { body: jsonBody(TenantCreateSchema) },
  responses: {
    201: jsonData(TenantSchema, 'Created.'),
    ...errorResponses('json_malformed', 'tenant_exists'),
  },
});
const createKeyRoute = createApiRoute({
  permission: 'admin',
  method: 'post',
  path: '/api/v1/keys',
  tags,
  summary: 'Create an API key',
  request: {
    query: z.strictObject({
      force: z
        .enum(['true', 'false'])
        .optional()
        .describe('Allows demoting the last admin of another tenant, or an only admin that expires.'),
    }),
    body: jsonBody(KeyCreateSchema),
  },
  responses: {
    201: jsonData(NewKeySchema, 'The new key, which is shown only once.'),
    ...errorResponses('json_malformed', 'tenant_not_found', 'last_admin'),
  },
});
const listKeysRoute = createApiRoute({
  permission: 'admin',
  method: 'get',
  path: '/api/v1/keys',
  tags,
  summary: 'List the API keys of the tenant',
  responses: {
    200: jsonData(z.array(KeySchema), 'The keys that are not revoked.'),
    ...errorResponses(),
  },
});
const revokeKeyRoute = createApiRoute({
  permission: 'admin',
  method: 'delete',
  path: '/api/v1/keys/{id}',
  tags,
  summary: 'Revoke an API key',
  request: { params: z.object({ id: wholeNumber(1, MAX_ROW_ID) }) },
  responses: {
    200: json(z.object({ message: z.string() }), 'The key is revoked.'),
    ...errorResponses('key_not_found', 'last_admin'),
  },
});

const changeRoute = (verb: 'disable' | 'enable') =>
  createApiRoute({
    permission: 'admin',
    method: 'post',
    path: `/api/v1/principals/{subject}/${verb}`,
    tags,
    summary: verb === 'disable' ? 'Disable a principal' : 'Enable a principal',
    description:
      verb === 'disable'
        ? 'Takes effect at once: its keys are revoked, its tokens are refused, and it can no longer decide inquiries through links or chat.'
        : 'Revoked keys stay revoked.',
    request: { params: z.object({ subject: z.string().min(1).max(200) }) },
    responses: {
      200: json(z.object({ message: z.string() }), 'Done.'),
      ...errorResponses('principal_not_found', ...(verb === 'disable' ? (['last_admin'] as const) : [])),
    },
  });

const AliasSchema = z
  .object({
    id: z.int(),
    subject: z.string(),
    kind: z.enum(ALIAS_KINDS),
    value: z.string(),
    created: InstantSchema,
  })
  .openapi('Alias');
const createAliasRoute = createApiRoute({
  permission: 'admin',
  method: 'post',
  path: '/api/v1/aliases',
  tags,
  summary: 'Create an alias of a person',
  description:
    'An e-mail address, a Slack or Teams user, or a second subject. All names of a person count as one decider.',
  request: { body: jsonBody(AliasCreateSchema) },
  responses: {
    201: jsonData(AliasSchema, 'Given.'),
    ...errorResponses('json_malformed', 'alias_exists'),
  },
});
const listAliasesRoute = createApiRoute({
  permission: 'admin',
  method: 'get',
  path: '/api/v1/aliases',
  tags,
  summary: 'List the aliases of the tenant',
  responses: { 200: jsonData(z.array(AliasSchema), 'All aliases.'), ...errorResponses() },
});
const deleteAliasRoute = createApiRoute({
  permission: 'admin',
  method: 'delete',
  path: '/api/v1/aliases/{id}',
  tags,
  summary: 'Delete an alias',
  request: { params: z.object({ id: wholeNumber(1, MAX_ROW_ID) }) },
  responses: {
    200: json(z.object({ message: z.string() }), 'Deleted.'),
    ...errorResponses('alias_not_found'),
  },
});

/** Registers the routes for tenants, keys, principals and aliases. */
export function principalRoutes(principals: PrincipalService) {
  const router = createRouter();

  router.openapi(createAliasRoute, async (context) => {
    const alias = await principals.createAlias(context.get('principal'), context.req.valid('json'));
    context.set('made', `/api/v1/aliases/${alias.id}`);
    return context.json({ data: aliasBody(alias) }, 201);
  });

  router.openapi(listAliasesRoute, async (context) => {
    const aliases = await principals.listAliases(context.get('principal'));
    return context.json({ data: aliases.map(aliasBody) }, 200);
  });

  router.openapi(deleteAliasRoute, async (context) => {
    const { id } = context.req.valid('param');
    await principals.deleteAlias(context.get('principal'), id);
    return context.json({ message: `Alias ${id} deleted` }, 200);
  });

  router.openapi(tenantRoute, async (context) => {
    const tenant = await principals.createTenant(context.get('principal'), context.req.valid('json'));
    context.set('made', `/api/v1/tenants/${tenant.ref}`);
    return context.json({ data: { ...tenant, created: tenant.created.toISOString() } }, 201);
  });

  router.openapi(createKeyRoute, async (context) => {
    const force = context.req.valid('query').force === 'true';
    const made = await principals.createKey(context.get('principal'), context.req.valid('json'), { force });
    context.set('made', `/api/v1/keys/${made.row.key.id}`);
    return context.json({ data: { ...keyBody(made.row), key: made.secret, tenant: made.tenantRef } }, 201);
  });

  router.openapi(listKeysRoute, async (context) => {
    return context.json({ data: (await principals.listKeys(context.get('principal'))).map(keyBody) }, 200);
  });

  for (const verb of ['disable', 'enable'] as const) {
    const route = changeRoute(verb);
    router.openapi(route, async (context) => {
      const { subject } = context.req.valid('param');
      await principals[verb](context.get('principal'), subject);
      return context.json({ message: `Principal ${subject} is ${verb}d` }, 200);
    });
  }

  router.openapi(revokeKeyRoute, async (context) => {
    await principals.revokeKey(context.get('principal'), context.req.valid('param').id);
    return context.json({ message: 'Key revoked' }, 200);
  });

  return router;
}

type Row = Awaited<ReturnType<PrincipalService['listKeys']>>[number];

function keyBody({ key, principal }: Row): z.infer<typeof KeySchema> {
  const { subject, roles, permissions, groups } = principal;
  return {
    id: key.id,
    prefix: key.prefix,
    subject,
    roles,
    groups,
    label: key.label,
    kind: key.kind,
    on_behalf_of: key.onBehalfOf,
    permissions: [...expandPermissions(roles, permissions)],
    created: key.created.toISOString(),
    expires: key.expires?.toISOString() ?? null,
  };
}

function aliasBody({ id, subject, kind, value, created }: AliasOf): z.infer<typeof AliasSchema> {
  return { id, subject, kind, value, created: created.toISOString() };
}

type AliasOf = Awaited<ReturnType<PrincipalService['createAlias']>>;
