import { z } from '@hono/zod-openapi';
import { WorkflowCreateSchema, WorkflowUpdateSchema } from '../../model/definition-requests.ts';
import { capIssues, type Issue } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import { MAX_ROW_ID } from '../../model/request-fields.ts';
import { entityTag } from '../../service/definitions/contents.ts';
import type { DefinitionService } from '../../service/definitions/definitions.ts';
import type { WrittenWorkflow } from '../../service/definitions/writer.ts';
import type { DeletionService } from '../../service/executions/deletions.ts';
import { errorResponses, IssueSchema } from '../http/errors.ts';
import { createRouter, refuseShape } from '../http/router.ts';
import {
  buildPageMeta,
  createApiRoute,
  json,
  jsonData,
  jsonOrYaml,
  PAGE_QUERY,
  PageMetaSchema,
  SuccessSchema,
  windowOf,
} from '../http/routes.ts';
import { wholeNumber } from '../http/whole-number.ts';

// The Workflows API, below /api/v1/workflows and /api/v1/packs.

const JsonObjectSchema = z.record(z.string(), JsonValueSchema);

const SUMMARY = {
  id: z.int(),
  ref: z.string(),
  pack_ref: z.string(),
  label: z.string(),
  description: z.string().nullable(),
  version: z.string(),
  tags: z.array(z.string()),
  enabled: z.boolean(),
  created: z.iso.datetime(),
  updated: z.iso.datetime(),
};

/** A workflow in a list (Workflows API, List Workflows). */
export const WorkflowSummarySchema = z.object(SUMMARY).openapi('WorkflowSummary');

/** A workflow with its definition (Workflows API, Get Workflow by Reference). */
export const WorkflowSchema = z
  .object({
    ...SUMMARY,
    pack: z.int(),
    revision: z
      .int()
      .describe('Increases by one with each change; an execution keeps the revision that it was started with.'),
    param_schema: JsonObjectSchema.nullable(),
    out_schema: JsonObjectSchema.nullable(),
    definition: JsonObjectSchema,
  })
  .openapi('Workflow');

/** A page of workflows. */
export const WorkflowListSchema = z
  .object({
    data: z.array(WorkflowSummarySchema),
    meta: PageMetaSchema,
  })
  .openapi('WorkflowList');

/** A revision of a workflow in the list of them. */
export const WorkflowRevisionSchema = z.object({
  revision: z.int(),
  version: z.string().describe('The version label given by the author.'),
  hash: z.string().describe('SHA-256 of the canonical JSON of the definition and its schemas.'),
  created: z.iso.datetime(),
});

const WrittenSchema = z
  .object({ data: WorkflowSchema, message: z.string(), warnings: z.array(IssueSchema).optional() })
  .openapi('WorkflowWritten');

const RefParams = z.object({ ref: z.string().max(200) });
const tags = ['workflows'];
const base = '/api/v1/workflows';

const ListQuery = z.strictObject({
  ...PAGE_QUERY,
  tags: z.string().max(1000).optional().describe('Comma-separated; matches workflows with any of the tags.'),
  enabled: z.enum(['true', 'false']).optional(),
  search: z.string().max(200).optional().describe('Text in the ref, label or description; case-insensitive.'),
  pack_ref: z.string().max(64).optional(),
});
const listRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List workflows',
  request: { query: ListQuery },
  responses: { 200: json(WorkflowListSchema, 'A page of workflows.'), ...errorResponses() },
});
const listOfPackRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: '/api/v1/packs/{pack_ref}/workflows',
  tags,
  summary: 'List the workflows of a pack',
  request: { params: z.object({ pack_ref: z.string().max(64) }), query: z.strictObject(PAGE_QUERY) },
  responses: { 200: json(WorkflowListSchema, 'A page of workflows.'), ...errorResponses('pack_not_found') },
});
const getRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: `${base}/{ref}`,
  tags,
  summary: 'Get a workflow',
  request: {
    params: RefParams,
    query: z.strictObject({
      version: z.string().optional().describe('Use the newest revision with this version label.'),
      revision: wholeNumber(1, MAX_ROW_ID).optional(),
    }),
  },
  responses: {
    200: jsonData(WorkflowSchema, 'The workflow.'),
    ...errorResponses('workflow_not_found'),
  },
});
const versionsRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: `${base}/{ref}/versions`,
  tags,
  summary: 'List the revisions of a workflow',
  request: { params: RefParams },
  responses: {
    200: jsonData(z.array(WorkflowRevisionSchema), 'Newest first.'),
    ...errorResponses('workflow_not_found'),
  },
});
const createWorkflowRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'post',
  path: base,
  tags,
  summary: 'Create a workflow',
  request: { body: { required: true, content: jsonOrYaml(WorkflowCreateSchema) } },
  responses: {
    201: json(WrittenSchema, 'Created.'),
    ...errorResponses('definition_invalid', 'json_malformed', 'yaml_malformed', 'pack_not_found', 'workflow_exists'),
  },
});
const updateRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'put',
  path: `${base}/{ref}`,
  tags,
  summary: 'Update a workflow',
  request: {
    params: RefParams,
    headers: z.object({
      'if-match': z.string().max(100).optional().describe('The ETag of the revision that the update is based on.'),
    }),
    body: { required: true, content: jsonOrYaml(WorkflowUpdateSchema) },
  },
  responses: {
    200: json(WrittenSchema, 'Updated.'),
    ...errorResponses('precondition_failed'),
    ...errorResponses('definition_invalid', 'json_malformed', 'yaml_malformed', 'workflow_not_found'),
  },
});

const deleteRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'delete',
  path: `${base}/{ref}`,
  tags,
  summary: 'Delete a workflow and its executions',
  request: {
    params: RefParams,
    query: z.strictObject({
      force: z
        .enum(['true', 'false'])
        .default('false')
        .describe('Terminates open executions first, and disables the rules that start the workflow.'),
    }),
  },
  responses: {
    200: json(SuccessSchema, 'Deleted, with all revisions and executions.'),
    ...errorResponses('workflow_not_found', 'workflow_in_use'),
  },
});

/** Registers the routes of the Workflows API. */
export function workflowRoutes(service: DefinitionService, deletions: DeletionService) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const { page, per_page, tags: wanted, enabled, search, pack_ref } = context.req.valid('query');
    const filter = {
      tags: wanted?.split(',').filter((tag) => tag !== ''),
      enabled: enabled === undefined ? undefined : enabled === 'true',
      search,
      packRef: pack_ref,
    };
    const { rows, total } = await service.list(context.get('principal'), filter, windowOf({ page, per_page }));
    return context.json(listOf(rows, total, { page, per_page }), 200);
  });

  router.openapi(listOfPackRoute, async (context) => {
    const { pack_ref } = context.req.valid('param');
    const query = context.req.valid('query');
    const { rows, total } = await service.listOfPack(context.get('principal'), pack_ref, windowOf(query));
    return context.json(listOf(rows, total, query), 200);
  });

  router.openapi(getRoute, async (context) => {
    const { version, revision } = context.req.valid('query');
    const { ref } = context.req.valid('param');
    const workflow = await service.get(context.get('principal'), ref, { version, revision });
    context.header('ETag', entityTag(workflow));
    return context.json({ data: workflowBody(workflow) }, 200);
  });

  router.openapi(versionsRoute, async (context) => {
    const found = await service.revisions(context.get('principal'), context.req.valid('param').ref);
    const data = found.map(({ created, ...rest }) => ({ ...rest, created: created.toISOString() }));
    return context.json({ data }, 200);
  });

  router.openapi(
    createWorkflowRoute,
    async (context) => {
      const written = await service.create(context.get('principal'), context.req.valid('json'));
      context.header('Location', `${base}/${written.workflow.ref}`);
      context.header('ETag', entityTag(written.workflow));
      return context.json(writtenBody(written, 'Workflow created successfully', context.get('bodyWarnings')), 201);
    },
    refuseShape(createWorkflowRoute, (principal, body) => service.meaningIssues(principal, body, { isNew: true })),
  );

  router.openapi(
    updateRoute,
    async (context) => {
      const { ref } = context.req.valid('param');
      const tag = context.req.valid('header')['if-match'];
      // `*` only requires that the workflow exists.
      const wanted = { tag: tag === '*' ? undefined : tag };
      const written = await service.update(context.get('principal'), ref, context.req.valid('json'), wanted);
      context.header('ETag', entityTag(written.workflow));
      return context.json(writtenBody(written, 'Workflow updated successfully', context.get('bodyWarnings')), 200);
    },
    refuseShape(updateRoute, service.meaningIssues),
  );

  router.openapi(deleteRoute, async (context) => {
    const { ref } = context.req.valid('param');
    await deletions.deleteWorkflow(context.get('principal'), ref, context.req.valid('query').force === 'true');
    return context.json({ success: true as const, message: `Workflow '${ref}' deleted successfully` }, 200);
  });

  return router;
}

type Workflow = WrittenWorkflow['workflow'];

function listOf(rows: Workflow[], total: number, page: { page: number; per_page: number }) {
  return { data: rows.map(summaryBody), meta: buildPageMeta(total, page) };
}

function summaryBody(workflow: Workflow): z.infer<typeof WorkflowSummarySchema> {
  const { id, ref, packRef, label, description, version, tags, enabled, created, updated } = workflow;
  return {
    id,
    ref,
    pack_ref: packRef,
    label,
    description,
    version,
    tags,
    enabled,
    created: created.toISOString(),
    updated: updated.toISOString(),
  };
}

function workflowBody(workflow: Workflow): z.infer<typeof WorkflowSchema> {
  return {
    ...summaryBody(workflow),
    pack: workflow.pack,
    revision: workflow.revision,
    param_schema: workflow.paramSchema,
    out_schema: workflow.outSchema,
    definition: workflow.definition as unknown as Record<string, Json>, // what was parsed came from JSON
  };
}

function writtenBody(
  { workflow, warnings: found }: WrittenWorkflow,
  message: string,
  ofBody: readonly Issue[] = [],
): z.infer<typeof WrittenSchema> {
  const warnings = capIssues([...found, ...ofBody]);
  return { data: workflowBody(workflow), message, ...(warnings.length === 0 ? {} : { warnings }) };
}
