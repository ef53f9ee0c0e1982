import { z } from '@hono/zod-openapi';
import { TriggerCreateSchema, TriggerUpdateSchema } from '../../model/rules/trigger.ts';
import type { TriggerService } from '../../service/rules/triggers.ts';
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
import { TriggerSchema, triggerBody } from './bodies.ts';

// Triggers, the declared types of events.

const RefParams = z.object({ ref: z.string().max(200) });
const WrittenSchema = z.object({ data: TriggerSchema, message: z.string() });
const tags = ['rules'];
const base = '/api/v1/triggers';

const listRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List triggers',
  request: {
    query: z.strictObject({
      ...PAGE_QUERY,
      pack_ref: z.string().max(64).optional(),
      type: z.string().max(200).optional().describe('The type of their events.'),
      search: z.string().max(200).optional().describe('Text in the ref, label or description; case-insensitive.'),
    }),
  },
  responses: { 200: jsonPage(TriggerSchema, 'A page of triggers, in order of ref.'), ...errorResponses() },
});
const getRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: `${base}/{ref}`,
  tags,
  summary: 'Get a trigger',
  request: { params: RefParams },
  responses: { 200: jsonData(TriggerSchema, 'The trigger.'), ...errorResponses('trigger_not_found') },
});
const createTriggerRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'post',
  path: base,
  tags,
  summary: 'Create a trigger: declare a type of events',
  request: { body: { required: true, content: jsonOrYaml(TriggerCreateSchema) } },
  responses: {
    201: json(WrittenSchema, 'Created.'),
    ...errorResponses('json_malformed', 'yaml_malformed', 'pack_not_found', 'trigger_exists'),
  },
});
const updateRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'put',
  path: `${base}/{ref}`,
  tags,
  summary: 'Update a trigger; applies to events that come in from now on',
  request: { params: RefParams, body: { required: true, content: jsonOrYaml(TriggerUpdateSchema) } },
  responses: {
    200: json(WrittenSchema, 'Updated.'),
    ...errorResponses('json_malformed', 'yaml_malformed', 'trigger_not_found'),
  },
});
const deleteRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'delete',
  path: `${base}/{ref}`,
  tags,
  summary: 'Delete a trigger that no rule names',
  request: { params: RefParams },
  responses: { 200: json(SuccessSchema, 'Deleted.'), ...errorResponses('trigger_not_found', 'trigger_in_use') },
});

/** Registers the routes for triggers. */
export function triggerRoutes(triggers: TriggerService) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const { pack_ref, type, search, ...query } = context.req.valid('query');
    const filter = { packRef: pack_ref, type, search };
    const { rows, total } = await triggers.list(context.get('principal'), filter, windowOf(query));
    return context.json({ data: rows.map(triggerBody), meta: buildPageMeta(total, query) }, 200);
  });

  router.openapi(getRoute, async (context) => {
    const trigger = await triggers.get(context.get('principal'), context.req.valid('param').ref);
    return context.json({ data: triggerBody(trigger) }, 200);
  });

  router.openapi(createTriggerRoute, async (context) => {
    const trigger = await triggers.create(context.get('principal'), context.req.valid('json'));
    context.header('Location', `${base}/${trigger.ref}`);
    return context.json({ data: triggerBody(trigger), message: 'Trigger created successfully' }, 201);
  });

  router.openapi(updateRoute, async (context) => {
    const { ref } = context.req.valid('param');
    const trigger = await triggers.update(context.get('principal'), ref, context.req.valid('json'));
    return context.json({ data: triggerBody(trigger), message: 'Trigger updated successfully' }, 200);
  });

  router.openapi(deleteRoute, async (context) => {
    const { ref } = context.req.valid('param');
    await triggers.remove(context.get('principal'), ref);
    return context.json({ success: true as const, message: `Trigger '${ref}' deleted successfully` }, 200);
  });

  return router;
}
