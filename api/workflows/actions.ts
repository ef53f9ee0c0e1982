import { z } from '@hono/zod-openapi';
import { IDEMPOTENT } from '../../model/builtin-actions.ts';
import { ActionCreateSchema, ActionUpdateSchema } from '../../model/definition-requests.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import { ACTION_TIMES, OWN_TASK_QUEUE } from '../../model/run-input.ts';
import type { ActionService } from '../../service/actions/custom-actions.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import {
  buildPageMeta,
  createApiRoute,
  json,
  jsonData,
  jsonOrYaml,
  jsonPage,
  PAGE_QUERY,
  SuccessSchema,
  windowOf,
} from '../http/routes.ts';

// Actions: built-in ones, and those that other workers implement.

const SchemaField = z.record(z.string(), JsonValueSchema).nullable();

/** An action. */
export const ActionSchema = z
  .object({
    id: z.int().nullable().describe('Null for a built-in action.'),
    ref: z.string(),
    pack_ref: z.string(),
    label: z.string(),
    description: z.string().nullable(),
    param_schema: SchemaField,
    out_schema: SchemaField,
    task_queue: z.string(),
    idempotent: z.boolean(),
    timeout: z.number().describe('In seconds.'),
    queue_timeout: z.number(),
    heartbeat_timeout: z.number(),
    built_in: z.boolean(),
    created: z.iso.datetime().nullable(),
    updated: z.iso.datetime().nullable(),
  })
  .openapi('Action');
const WrittenSchema = z.object({ data: ActionSchema, message: z.string() });

const RefParams = z.object({ ref: z.string().max(200) });
const tags = ['actions'];
const base = '/api/v1/actions';

const listRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List actions',
  request: { query: z.strictObject({ ...PAGE_QUERY, pack_ref: z.string().max(64).optional() }) },
  responses: {
    200: jsonPage(ActionSchema, 'A page of actions.'),
    ...errorResponses(),
  },
});
const getRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: `${base}/{ref}`,
  tags,
  summary: 'Get an action',
  request: { params: RefParams },
  responses: { 200: jsonData(ActionSchema, 'The action.'), ...errorResponses('action_not_found') },
});
const createActionRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'post',
  path: base,
  tags,
  summary: 'Create an action that is implemented by your own workers',
  request: { body: { required: true, content: jsonOrYaml(ActionCreateSchema) } },
  responses: {
    201: json(WrittenSchema, 'Created.'),
    ...errorResponses('json_malformed', 'pack_not_found', 'action_exists'),
  },
});
const updateRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'put',
  path: `${base}/{ref}`,
  tags,
  summary: 'Update an action; applies to executions started from now on',
  request: { params: RefParams, body: { required: true, content: jsonOrYaml(ActionUpdateSchema) } },
  responses: { 200: json(WrittenSchema, 'Updated.'), ...errorResponses('json_malformed', 'action_not_found') },
});
const deleteRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'delete',
  path: `${base}/{ref}`,
  tags,
  summary: 'Delete an action that no workflow uses',
  request: { params: RefParams },
  responses: {
    200: json(SuccessSchema, 'Deleted.'),
    ...errorResponses('action_not_found', 'action_in_use'),
  },
});

/** Registers the routes for actions. */
export function actionRoutes(actions: ActionService) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const { pack_ref, ...query } = context.req.valid('query');
    const { rows, total } = await actions.list(context.get('principal'), { packRef: pack_ref }, windowOf(query));
    return context.json({ data: rows.map(actionBody), meta: buildPageMeta(total, query) }, 200);
  });

  router.openapi(getRoute, async (context) => {
    const action = await actions.get(context.get('principal'), context.req.valid('param').ref);
    return context.json({ data: actionBody(action) }, 200);
  });

  router.openapi(createActionRoute, async (context) => {
    const action = await actions.create(context.get('principal'), context.req.valid('json'));
    context.header('Location', `${base}/${action.ref}`);
    return context.json({ data: actionBody(action), message: 'Action created successfully' }, 201);
  });

  router.openapi(updateRoute, async (context) => {
    const { ref } = context.req.valid('param');
    const action = await actions.update(context.get('principal'), ref, context.req.valid('json'));
    return context.json({ data: actionBody(action), message: 'Action updated successfully' }, 200);
  });

  router.openapi(deleteRoute, async (context) => {
    const { ref } = context.req.valid('param');
    await actions.remove(context.get('principal'), ref);
    return context.json({ success: true as const, message: `Action '${ref}' deleted successfully` }, 200);
  });

  return router;
}

function actionBody(action: Awaited<ReturnType<ActionService['get']>>): z.infer<typeof ActionSchema> {
  const { ref, label, description, paramSchema, outSchema } = action;
  const said = { ref, label, description, param_schema: paramSchema, out_schema: outSchema };
  if (!('id' in action)) {
    const none = { id: null, created: null, updated: null, built_in: true, idempotent: IDEMPOTENT.get(ref) === true };
    return { ...said, ...none, ...ACTION_TIMES, pack_ref: ref.split('.')[0]!, task_queue: OWN_TASK_QUEUE };
  }
  const { id, packRef, taskQueue, idempotent, timeout, queueTimeout, heartbeatTimeout, created, updated } = action;
  return {
    ...said,
    id,
    pack_ref: packRef,
    task_queue: taskQueue,
    idempotent,
    built_in: false,
    timeout,
    queue_timeout: queueTimeout,
    heartbeat_timeout: heartbeatTimeout,
    created: created.toISOString(),
    updated: updated.toISOString(),
  };
}
