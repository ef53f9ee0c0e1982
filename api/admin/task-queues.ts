import { z } from '@hono/zod-openapi';
import { TaskQueueSchema as NameSchema, TaskQueueAssignSchema } from '../../model/definition-requests.ts';
import type { GivenTaskQueue, TaskQueueService } from '../../service/access/task-queues.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import {
  buildPageMeta,
  createApiRoute,
  json,
  jsonBody,
  jsonData,
  jsonPage,
  PAGE_QUERY,
  windowOf,
} from '../http/routes.ts';

// The assignment of task queues to tenants.

const TaskQueueSchema = z
  .object({
    name: z.string(),
    tenant: z.string().describe('The ref of the tenant whose actions may use it.'),
    created: z.iso.datetime(),
  })
  .openapi('TaskQueue');

const base = '/api/v1/task-queues';
const tags = ['principals'];
const request = { params: z.object({ name: NameSchema }) };

const listRoute = createApiRoute({
  permission: 'admin',
  method: 'get',
  path: base,
  tags,
  summary: 'List the task queues that are assigned to tenants',
  description: 'Default tenant only.',
  request: { query: z.strictObject(PAGE_QUERY) },
  responses: {
    200: jsonPage(TaskQueueSchema, 'A page of task queues.'),
    ...errorResponses(),
  },
});
const assignRoute = createApiRoute({
  permission: 'admin',
  method: 'put',
  path: `${base}/{name}`,
  tags,
  summary: 'Assign a task queue to a tenant',
  description: 'Only actions of this tenant can use it from then on. Default tenant only.',
  request: { ...request, body: jsonBody(TaskQueueAssignSchema) },
  responses: {
    200: jsonData(TaskQueueSchema, 'Given.'),
    ...errorResponses('json_malformed', 'tenant_not_found'),
  },
});
const removeRoute = createApiRoute({
  permission: 'admin',
  method: 'delete',
  path: `${base}/{name}`,
  tags,
  summary: 'Unassign a task queue',
  description: 'Its owner is determined by its name again. Default tenant only.',
  request,
  responses: {
    200: json(z.object({ message: z.string() }), 'Deleted.'),
    ...errorResponses('task_queue_not_found'),
  },
});

/** Registers the routes for task queues. */
export function taskQueueRoutes(taskQueues: TaskQueueService) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const query = context.req.valid('query');
    const { rows, total } = await taskQueues.list(context.get('principal'), windowOf(query));
    return context.json({ data: rows.map(bodyOf), meta: buildPageMeta(total, query) }, 200);
  });

  router.openapi(assignRoute, async (context) => {
    const { name } = context.req.valid('param');
    const { tenant } = context.req.valid('json');
    return context.json({ data: bodyOf(await taskQueues.assign(context.get('principal'), name, tenant)) }, 200);
  });

  router.openapi(removeRoute, async (context) => {
    const { name } = context.req.valid('param');
    await taskQueues.remove(context.get('principal'), name);
    return context.json({ message: `Task queue ${name} unassigned` }, 200);
  });

  return router;
}

function bodyOf({ created, ...row }: GivenTaskQueue): z.infer<typeof TaskQueueSchema> {
  return { ...row, created: created.toISOString() };
}
