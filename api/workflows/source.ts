import { z } from '@hono/zod-openapi';
import type { Json } from '../../model/json.ts';
import { MAX_ROW_ID } from '../../model/request-fields.ts';
import { formatYaml } from '../../model/yaml-text.ts';
import type { DefinitionService } from '../../service/definitions/definitions.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute } from '../http/routes.ts';
import { wholeNumber } from '../http/whole-number.ts';

// The definition of a workflow as a text.

/** The most characters of JSON that are written as YAML on the event loop, within some milliseconds. */
const SMALL = 8_192;

const sourceRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: '/api/v1/workflows/{ref}/source',
  tags: ['workflows'],
  summary: 'Get the definition of a workflow as text',
  description: 'In the order of its fields, without comments: a workflow is stored as the values that its text had.',
  tagged: true,
  request: {
    params: z.object({ ref: z.string().max(200) }),
    query: z.strictObject({
      format: z.enum(['yaml', 'json']).default('yaml'),
      version: z.string().optional().describe('Use the newest revision with this version label.'),
      revision: wholeNumber(1, MAX_ROW_ID).optional(),
    }),
  },
  responses: {
    200: {
      description: 'The definition.',
      content: { 'application/yaml': { schema: z.string() }, 'application/json': { schema: z.looseObject({}) } },
    },
    ...errorResponses('workflow_not_found'),
  },
});

/** Registers the route. */
export function sourceRoutes(definitions: Pick<DefinitionService, 'get'>) {
  const router = createRouter();

  router.openapi(sourceRoute, async (context) => {
    const { format, version, revision } = context.req.valid('query');
    const principal = context.get('principal');
    const found = await definitions.get(principal, context.req.valid('param').ref, { version, revision });
    // Only the type allows undefined fields: the definition came from JSON.
    const definition = found.definition as unknown as Json;
    context.header('Cache-Control', 'private, no-cache');
    if (format === 'json') {
      return context.body(`${JSON.stringify(definition, null, 2)}\n`, 200, { 'content-type': 'application/json' });
    }
    const isSmall = JSON.stringify(definition).length <= SMALL;
    const text = isSmall
      ? formatYaml(definition)
      : await context.get('pool').run('format_yaml', principal.tenant, { value: definition });
    return context.body(text, 200, { 'content-type': 'application/yaml; charset=utf-8' });
  });

  return router;
}
