import { z } from '@hono/zod-openapi';
import type { IndexService } from '../../service/index/service.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, jsonData } from '../http/routes.ts';

// The execution index, from which lists are served: its state, and rebuilding it.

const IndexSchema = z
  .object({
    status: z.enum(['current', 'rebuilding']),
    lag_ms: z
      .int()
      .nullable()
      .describe('How many milliseconds the index may be behind Temporal; null before the first check.'),
    generation: z.int().describe('The number of the last requested rebuild; 0 if there was none.'),
  })
  .openapi('ExecutionIndex');

const tags = ['system'];
const getRoute = createApiRoute({
  permission: 'admin',
  method: 'get',
  path: '/api/v1/index',
  tags,
  summary: 'Get the state of the execution index',
  responses: { 200: jsonData(IndexSchema, 'The current state.'), ...errorResponses() },
});
const rebuildRoute = createApiRoute({
  permission: 'admin',
  method: 'post',
  path: '/api/v1/index/rebuild',
  tags,
  summary: 'Rebuild the execution index from Temporal',
  description:
    'Lists stay available meanwhile. Executions that Temporal no longer has are removed. Default tenant only.',
  responses: { 202: jsonData(IndexSchema, 'Asked.'), ...errorResponses() },
});

/** Registers the routes for the execution index. */
export function executionIndexRoutes(index: IndexService) {
  const router = createRouter();
  router.openapi(getRoute, async (context) => context.json({ data: await body() }, 200));
  router.openapi(rebuildRoute, async (context) => {
    await index.askRebuild(context.get('principal'));
    return context.json({ data: await body() }, 202);
  });
  return router;

  async function body(): Promise<z.infer<typeof IndexSchema>> {
    const { generation, rebuilt } = await index.rebuilds();
    return { status: generation > rebuilt ? 'rebuilding' : 'current', lag_ms: index.state().lag, generation };
  }
}
