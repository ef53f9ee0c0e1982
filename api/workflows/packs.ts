import { z } from '@hono/zod-openapi';
import { PackCreateSchema, PackImportSchema, PackUpdateSchema } from '../../model/requests.ts';
import type { PackImportService } from '../../service/packs/imports.ts';
import type { PackService } from '../../service/packs/packs.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses, IssueSchema } from '../http/errors.ts';
import { createApiRoute, json, jsonOrYaml, metaOf, PAGE_QUERY, PageMetaSchema, windowOf } from '../http/routes.ts';

// Packs (design/api.md, Definitions), beside document 003.

const PackSchema = z
  .object({
    id: z.int(),
    ref: z.string(),
    label: z.string(),
    description: z.string().nullable(),
    version: z.string().nullable(),
    tags: z.array(z.string()),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
  })
  .openapi('Pack');
const WrittenSchema = z.object({ data: PackSchema, message: z.string() });

const RefParams = z.object({ ref: z.string().max(64) });
const tags = ['packs'];
const base = '/api/v1/packs';

const listRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List packs',
  request: { query: z.strictObject(PAGE_QUERY) },
  responses: {
    200: json(
      z.object({
        data: z.array(PackSchema),
        meta: PageMetaSchema,
      }),
      'A page of packs.',
    ),
    ...errorResponses('request_invalid'),
  },
});
const getRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: `${base}/{ref}`,
  tags,
  summary: 'Get a pack',
  request: { params: RefParams },
  responses: {
    200: json(z.object({ data: PackSchema }), 'The pack.'),
    ...errorResponses('request_invalid', 'pack_not_found'),
  },
});
const createPackRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'post',
  path: base,
  tags,
  summary: 'Create a pack',
  request: { body: { required: true, content: { 'application/json': { schema: PackCreateSchema } } } },
  responses: {
    201: json(WrittenSchema, 'Created.'),
    ...errorResponses('request_invalid', 'json_malformed', 'pack_exists'),
  },
});
const updateRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'put',
  path: `${base}/{ref}`,
  tags,
  summary: 'Update a pack',
  request: {
    params: RefParams,
    body: { required: true, content: { 'application/json': { schema: PackUpdateSchema } } },
  },
  responses: {
    200: json(WrittenSchema, 'Updated.'),
    ...errorResponses('request_invalid', 'json_malformed', 'pack_not_found'),
  },
});
const deleteRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'delete',
  path: `${base}/{ref}`,
  tags,
  summary: 'Delete a pack that is empty',
  request: { params: RefParams },
  responses: {
    200: json(z.object({ success: z.literal(true), message: z.string() }), 'Deleted.'),
    ...errorResponses('request_invalid', 'pack_not_found', 'pack_in_use'),
  },
});

const ImportedSchema = z.object({ ref: z.string(), change: z.enum(['created', 'updated', 'unchanged', 'deleted']) });

const importRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'post',
  path: `${base}/import`,
  tags,
  summary: 'Bring in a pack with its actions and workflows',
  description:
    'As JSON or YAML, or as a ZIP of a folder: `pack.yaml`, `actions/*.yaml`, `workflows/*.yaml`. What is not there is made, what differs is changed, in one transaction: a refusal has changed nothing. With `prune` what the pack has beyond that is deleted, workflows with their runs; otherwise nothing is. With `dry_run` it is told what would be done.',
  request: {
    query: z.strictObject({
      dry_run: z.enum(['true', 'false']).optional(),
      prune: z.enum(['true', 'false']).optional(),
      force: z.enum(['true', 'false']).optional().describe('With `prune`: terminates open executions first.'),
    }),
    body: {
      required: true,
      content: { ...jsonOrYaml(PackImportSchema), 'application/zip': { schema: z.any() } },
    },
  },
  responses: {
    200: json(
      z.object({
        data: z.object({
          pack: ImportedSchema,
          actions: z.array(ImportedSchema),
          workflows: z.array(ImportedSchema.extend({ revision: z.int() })),
        }),
        message: z.string(),
        warnings: z.array(IssueSchema).optional(),
      }),
      'As it was given.',
    ),
    ...errorResponses(
      'definition_invalid',
      'json_malformed',
      'yaml_malformed',
      'workflow_exists',
      'action_exists',
      'workflow_in_use',
      'action_in_use',
    ),
  },
});

const exportRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: `${base}/{ref}/export`,
  tags,
  summary: 'A pack with its actions and workflows, as an import takes it',
  request: { params: RefParams },
  responses: {
    200: json(z.object({ data: PackImportSchema }), 'The pack.'),
    ...errorResponses('request_invalid', 'pack_not_found'),
  },
});

/** The routes of packs. */
export function packRoutes(packs: PackService, imports: PackImportService) {
  const router = createRouter();

  router.openapi(
    importRoute,
    async (context) => {
      const query = context.req.valid('query');
      const [dry, prune, force] = [query.dry_run, query.prune, query.force].map((each) => each === 'true');
      const { warnings, ...data } = await imports.import(context.get('principal'), context.req.valid('json'), {
        dry,
        prune,
        force,
      });
      const message = dry ? 'Nothing has changed' : 'Pack imported successfully';
      return context.json({ data, message, ...(warnings.length === 0 ? {} : { warnings }) }, 200);
    },
    refuse(importRoute),
  );

  router.openapi(
    exportRoute,
    async (context) => {
      const data = await imports.export(context.get('principal'), context.req.valid('param').ref);
      return context.json({ data }, 200);
    },
    refuse(exportRoute),
  );

  router.openapi(
    listRoute,
    async (context) => {
      const query = context.req.valid('query');
      const { rows, total } = await packs.list(context.get('principal'), windowOf(query));
      return context.json({ data: rows.map(packBody), meta: metaOf(total, query) }, 200);
    },
    refuse(listRoute),
  );

  router.openapi(
    getRoute,
    async (context) => {
      const pack = await packs.get(context.get('principal'), context.req.valid('param').ref);
      return context.json({ data: packBody(pack) }, 200);
    },
    refuse(getRoute),
  );

  router.openapi(
    createPackRoute,
    async (context) => {
      const pack = await packs.create(context.get('principal'), context.req.valid('json'));
      context.header('Location', `${base}/${pack.ref}`);
      return context.json({ data: packBody(pack), message: 'Pack created successfully' }, 201);
    },
    refuse(createPackRoute),
  );

  router.openapi(
    updateRoute,
    async (context) => {
      const { ref } = context.req.valid('param');
      const pack = await packs.update(context.get('principal'), ref, context.req.valid('json'));
      return context.json({ data: packBody(pack), message: 'Pack updated successfully' }, 200);
    },
    refuse(updateRoute),
  );

  router.openapi(
    deleteRoute,
    async (context) => {
      const { ref } = context.req.valid('param');
      await packs.remove(context.get('principal'), ref);
      return context.json({ success: true as const, message: `Pack '${ref}' deleted successfully` }, 200);
    },
    refuse(deleteRoute),
  );

  return router;
}

function packBody(pack: Awaited<ReturnType<PackService['get']>>): z.infer<typeof PackSchema> {
  const { id, ref, label, description, version, tags: tagged, created, updated } = pack;
  return {
    id,
    ref,
    label,
    description,
    version,
    tags: tagged,
    created: created.toISOString(),
    updated: updated.toISOString(),
  };
}
