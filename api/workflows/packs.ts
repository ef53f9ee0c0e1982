import { z } from '@hono/zod-openapi';
import { PackCreateSchema, PackImportSchema, PackUpdateSchema } from '../../model/definition-requests.ts';
import { capIssues } from '../../model/issue.ts';
import { namedByRef } from '../../model/pack-issues.ts';
import type { PackImportService } from '../../service/packs/imports.ts';
import type { PackService } from '../../service/packs/packs.ts';
import { errorResponses, IssueSchema } from '../http/errors.ts';
import { createRouter, refuseShape } from '../http/router.ts';
import {
  buildPageMeta,
  createApiRoute,
  json,
  jsonBody,
  jsonData,
  jsonOrYaml,
  jsonPage,
  PAGE_QUERY,
  SuccessSchema,
  windowOf,
} from '../http/routes.ts';

// Packs of actions and workflows.

/** A pack. */
export const PackSchema = z
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
    200: jsonPage(PackSchema, 'A page of packs.'),
    ...errorResponses(),
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
    200: jsonData(PackSchema, 'The pack.'),
    ...errorResponses('pack_not_found'),
  },
});
const createPackRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'post',
  path: base,
  tags,
  summary: 'Create a pack',
  request: { body: jsonBody(PackCreateSchema) },
  responses: {
    201: json(WrittenSchema, 'Created.'),
    ...errorResponses('json_malformed', 'pack_exists'),
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
    body: jsonBody(PackUpdateSchema),
  },
  responses: {
    200: json(WrittenSchema, 'Updated.'),
    ...errorResponses('json_malformed', 'pack_not_found'),
  },
});
const deleteRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'delete',
  path: `${base}/{ref}`,
  tags,
  summary: 'Delete an empty pack',
  request: { params: RefParams },
  responses: {
    200: json(SuccessSchema, 'Deleted.'),
    ...errorResponses('pack_not_found', 'pack_in_use'),
  },
});

const ImportedSchema = z.object({ ref: z.string(), change: z.enum(['created', 'updated', 'unchanged', 'deleted']) });

const importRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'post',
  path: `${base}/import`,
  tags,
  summary: 'Import a pack with its parts',
  description:
    'As JSON or YAML, or as a ZIP of a folder: `pack.yaml`, `triggers/*.yaml`, `actions/*.yaml`, `workflows/*.yaml`, `rules/*.yaml`. Creates what is missing and updates what differs, in one transaction: a refused import changes nothing. With `prune`, deletes the parts that are not in the import, including the executions of the workflows. With `dry_run`, only reports what would be done.',
  request: {
    query: z.strictObject({
      dry_run: z.enum(['true', 'false']).optional(),
      prune: z.enum(['true', 'false']).optional(),
      force: z
        .enum(['true', 'false'])
        .optional()
        .describe('With `prune`, terminates open executions first, and disables rules of other packs.'),
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
          triggers: z.array(ImportedSchema),
          actions: z.array(ImportedSchema),
          workflows: z.array(
            ImportedSchema.extend({
              revision: z.int(),
              executions: z
                .int()
                .optional()
                .describe('For a workflow that is deleted: how many executions are deleted with it.'),
            }),
          ),
          rules: z.array(ImportedSchema.extend({ revision: z.int() })),
        }),
        message: z.string(),
        warnings: z.array(IssueSchema).optional(),
      }),
      'The pack as it was given.',
    ),
    ...errorResponses(
      'definition_invalid',
      'json_malformed',
      'yaml_malformed',
      'workflow_exists',
      'action_exists',
      'workflow_in_use',
      'action_in_use',
      'rule_invalid',
      'permission_missing',
      'trigger_exists',
      'trigger_in_use',
    ),
  },
});

const exportRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: `${base}/{ref}/export`,
  tags,
  summary: 'Export a pack with its parts, in the form of an import',
  request: { params: RefParams },
  responses: {
    200: jsonData(PackImportSchema, 'The pack.'),
    ...errorResponses('pack_not_found'),
  },
});

/** Registers the routes for packs. */
export function packRoutes(packs: PackService, imports: PackImportService) {
  const router = createRouter();

  router.openapi(
    importRoute,
    async (context) => {
      const query = context.req.valid('query');
      const [dry, prune, force] = [query.dry_run, query.prune, query.force].map((each) => each === 'true');
      const { warnings: found, ...data } = await imports.import(context.get('principal'), context.req.valid('json'), {
        dry,
        prune,
        force,
      });
      const ofBody = namedByRef(context.get('bodyWarnings') ?? [], context.get('body'));
      const warnings = capIssues([...found, ...ofBody]);
      const message = dry ? 'Nothing has changed' : 'Pack imported successfully';
      return context.json({ data, message, ...(warnings.length === 0 ? {} : { warnings }) }, 200);
    },
    refuseShape(importRoute, imports.meaningIssues),
  );

  router.openapi(exportRoute, async (context) => {
    const data = await imports.export(context.get('principal'), context.req.valid('param').ref);
    return context.json({ data }, 200);
  });

  router.openapi(listRoute, async (context) => {
    const query = context.req.valid('query');
    const { rows, total } = await packs.list(context.get('principal'), windowOf(query));
    return context.json({ data: rows.map(packBody), meta: buildPageMeta(total, query) }, 200);
  });

  router.openapi(getRoute, async (context) => {
    const pack = await packs.get(context.get('principal'), context.req.valid('param').ref);
    return context.json({ data: packBody(pack) }, 200);
  });

  router.openapi(createPackRoute, async (context) => {
    const pack = await packs.create(context.get('principal'), context.req.valid('json'));
    context.header('Location', `${base}/${pack.ref}`);
    return context.json({ data: packBody(pack), message: 'Pack created successfully' }, 201);
  });

  router.openapi(updateRoute, async (context) => {
    const { ref } = context.req.valid('param');
    const pack = await packs.update(context.get('principal'), ref, context.req.valid('json'));
    return context.json({ data: packBody(pack), message: 'Pack updated successfully' }, 200);
  });

  router.openapi(deleteRoute, async (context) => {
    const { ref } = context.req.valid('param');
    await packs.remove(context.get('principal'), ref);
    return context.json({ success: true as const, message: `Pack '${ref}' deleted successfully` }, 200);
  });

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
