import { z } from '@hono/zod-openapi';
import { TaskQueueSchema as NameSchema, TaskQueueAssignSchema } from '../../model/requests.ts';
import type { GivenTaskQueue, TaskQueueService } from '../../service/access/task-queues.ts';

import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, json, metaOf, PAGE_QUERY, PageMetaSchema, windowOf } from '../http/routes.ts';

// Whose task queues are whose.

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
  summary: 'List the task queues that were given to tenants',
  description: 'Default tenant only.',
  request: { query: z.strictObject(PAGE_QUERY) },
  responses: {
    200: json(z.object({ data: z.array(TaskQueueSchema), meta: PageMetaSchema }), 'A page of task queues.'),
    ...errorResponses(),
  },
});
const assignRoute = createApiRoute({
  permission: 'admin',
  method: 'put',
  path: `${base}/{name}`,
  tags,
  summary: 'Give a task queue to a tenant',
  description: 'Actions of no other tenant can use it from then on. Default tenant only.',
  request: { ...request, body: { required: true, content: { 'application/json': { schema: TaskQueueAssignSchema } } } },
  responses: {
    200: json(z.object({ data: TaskQueueSchema }), 'Given.'),
    ...errorResponses('request_invalid', 'json_malformed', 'tenant_not_found'),
  },
});
const removeRoute = createApiRoute({
  permission: 'admin',
  method: 'delete',
  path: `${base}/{name}`,
  tags,
  summary: 'Take a task queue from the tenant that it was given to',
  description: 'Its name says again whose it is. Default tenant only.',
  request,
  responses: {
    200: json(z.object({ message: z.string() }), 'Taken away.'),
    ...errorResponses('request_invalid', 'task_queue_not_found'),
  },
});

/** The routes of task queues. */
export function taskQueueRoutes(taskQueues: TaskQueueService) {
  const router = createRouter();

  router.openapi(
    listRoute,
    async (context) => {
      const query = context.req.valid('query');
      const { rows, total } = await taskQueues.list(context.get('principal'), windowOf(query));
      return context.json({ data: rows.map(bodyOf), meta: metaOf(total, query) }, 200);
    },
    refuse(listRoute),
  );

  router.openapi(
    assignRoute,
    async (context) => {
      const { name } = context.req.valid('param');
      const { tenant } = context.req.valid('json');
      return context.json({ data: bodyOf(await taskQueues.assign(context.get('principal'), name, tenant)) }, 200);
    },
    refuse(assignRoute),
  );

  router.openapi(
    removeRoute,
    async (context) => {
      const { name } = context.req.valid('param');
      await taskQueues.remove(context.get('principal'), name);
      return context.json({ message: `Task queue ${name} is taken away` }, 200);
    },
    refuse(removeRoute),
  );

  return router;
}

function bodyOf({ created, ...row }: GivenTaskQueue): z.infer<typeof TaskQueueSchema> {
  return { ...row, created: created.toISOString() };
}
