import { z } from '@hono/zod-openapi';
import type { IndexService } from '../../service/index/service.ts';
import { createRouter } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, json } from '../http/routes.ts';

// The execution index, which lists are answered from (design/index.md): how it stands, and making it again.

const IndexSchema = z
  .object({
    status: z.enum(['current', 'rebuilding']),
    lag_ms: z.int().nullable().describe('Milliseconds by which it may be behind Temporal; null before the first look.'),
    generation: z.int().describe('The rebuild that was asked for last; 0: none was.'),
  })
  .openapi('ExecutionIndex');

const tags = ['system'];
const getRoute = createApiRoute({
  permission: 'admin',
  method: 'get',
  path: '/api/v1/index',
  tags,
  summary: 'How the execution index stands',
  responses: { 200: json(z.object({ data: IndexSchema }), 'As it stands.'), ...errorResponses() },
});
const rebuildRoute = createApiRoute({
  permission: 'admin',
  method: 'post',
  path: '/api/v1/index/rebuild',
  tags,
  summary: 'Make the execution index again from Temporal',
  description: 'Lists are served meanwhile. Runs that Temporal has no more are dropped from it. Default tenant only.',
  responses: { 202: json(z.object({ data: IndexSchema }), 'Asked.'), ...errorResponses() },
});

/** The routes of the execution index. */
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
