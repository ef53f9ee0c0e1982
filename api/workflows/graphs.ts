import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { DefinitionAloneSchema } from '../../model/definition-requests.ts';
import { MAX_ROW_ID } from '../../model/request-fields.ts';
import type { Drawable, GraphService } from '../../service/graphs/graphs.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, ExecutionParams, jsonOrYaml } from '../http/routes.ts';
import { wholeNumber } from '../http/whole-number.ts';

// Graphs of workflows, of definitions that are not stored, and of executions.

const NODE = {
  name: z.string(),
  action: z.string(),
  join: z
    .union([z.literal('all'), z.int()])
    .nullable()
    .describe('How many of the preceding tasks must arrive.'),
  items: z.boolean().describe('Whether it runs once for each item of a list.'),
  cleanup: z.boolean(),
};
const EDGE = {
  from: z.string(),
  to: z.string(),
  when: z.string().nullable(),
  on: z.enum(['success', 'failure', 'complete']),
};
const ENDS = {
  entries: z.array(z.string()),
  cleanup: z.array(z.string()).describe('The tasks that run after a cancel request or the timeout of the execution.'),
};
const GraphSchema = z
  .object({ nodes: z.array(z.object(NODE)), edges: z.array(z.object(EDGE)), ...ENDS })
  .openapi('WorkflowGraph');

/** A graph with the places of everything in a picture. */
export const PlacedGraphSchema = z
  .object({
    width: z.number(),
    height: z.number(),
    hash: z.string().describe('Changes only with the definition and the way in which graphs are laid out.'),
    nodes: z.array(z.object({ ...NODE, x: z.number(), y: z.number(), w: z.number(), h: z.number() })),
    edges: z.array(
      z.object({
        ...EDGE,
        back: z.boolean().describe('Whether it leads back to a task above it, or to its own task.'),
        points: z.array(z.tuple([z.number(), z.number()])).describe('Its line, whose segments meet at right angles.'),
        label: z.object({ x: z.number(), y: z.number(), w: z.number() }).nullable(),
      }),
    ),
    ...ENDS,
  })
  .openapi('WorkflowGraphWithLayout');

const QUERY = {
  format: z.enum(['json', 'mermaid', 'svg']).default('json'),
  layout: z
    .enum(['0', '1'])
    .default('0')
    .describe('1: JSON has the places of everything in a picture, in pixels from its left top corner.'),
};
const GRAPH = {
  description: 'The graph as JSON, as a Mermaid flowchart, or as an SVG file.',
  content: {
    'application/json': { schema: z.object({ data: z.union([PlacedGraphSchema, GraphSchema]) }) },
    'text/plain': { schema: z.string() },
    'image/svg+xml': { schema: z.string() },
  },
};

const workflowGraphRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: '/api/v1/workflows/{ref}/graph',
  tags: ['workflows'],
  summary: 'Get the graph of a workflow',
  tagged: true,
  request: {
    params: z.object({ ref: z.string().max(200) }),
    query: z.strictObject({
      ...QUERY,
      version: z.string().optional().describe('Use the newest revision with this version label.'),
      revision: wholeNumber(1, MAX_ROW_ID).optional(),
    }),
  },
  responses: { 200: GRAPH, ...errorResponses('workflow_not_found', 'work_exceeded') },
});

const unsavedGraphRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'post',
  path: '/api/v1/workflows/graph',
  tags: ['workflows'],
  summary: 'Get the graph of a definition that is not stored',
  request: {
    query: z.strictObject(QUERY),
    body: { required: true, content: jsonOrYaml(DefinitionAloneSchema) },
  },
  responses: {
    200: GRAPH,
    ...errorResponses('definition_invalid', 'json_malformed', 'yaml_malformed', 'work_exceeded'),
  },
});

const executionGraphRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: '/api/v1/executions/{id}/graph',
  tags: ['executions'],
  summary: 'Get the graph of an execution',
  description:
    'The graph of the definition with which it was started, even if the workflow has been changed or deleted since; that of an action by itself has one task. SVG shows the states of the tasks, too.',
  tagged: true,
  request: { params: ExecutionParams, query: z.strictObject(QUERY) },
  responses: { 200: GRAPH, ...errorResponses('execution_not_found', 'history_unusable', 'work_exceeded') },
});

/** Registers the routes for graphs. */
export function graphRoutes(graphs: GraphService) {
  const router = createRouter();

  router.openapi(workflowGraphRoute, async (context) => {
    const { version, revision, ...form } = context.req.valid('query');
    const { ref } = context.req.valid('param');
    const drawable = await graphs.readWorkflow(context.get('principal'), ref, { version, revision });
    return answer(context, graphs, drawable, form);
  });

  router.openapi(unsavedGraphRoute, async (context) => {
    const drawable = await graphs.readUnsaved(context.get('principal'), context.req.valid('json'));
    return answer(context, graphs, drawable, context.req.valid('query'));
  });

  router.openapi(executionGraphRoute, async (context) => {
    const drawable = await graphs.readRun(context.get('principal'), context.req.valid('param').id);
    return answer(context, graphs, drawable, context.req.valid('query'));
  });

  return router;
}

/** Answers with a graph. JSON depends on nothing but the definition, and is tagged with its hash. */
async function answer(
  context: Context,
  graphs: GraphService,
  drawable: Drawable,
  { format, layout }: { format: 'json' | 'mermaid' | 'svg'; layout: '0' | '1' },
) {
  context.header('Cache-Control', 'private, no-cache');
  if (format === 'mermaid') return context.text(await graphs.mermaid(drawable), 200);
  if (format === 'svg') {
    // Nothing in the file can run or load anything, wherever it is opened.
    context.header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'");
    return context.body(await graphs.svg(drawable), 200, { 'content-type': 'image/svg+xml; charset=utf-8' });
  }
  const { hash } = drawable;
  context.header('ETag', `"${hash}"`);
  if (layout === '0') return context.json({ data: await graphs.graph(drawable) }, 200);
  const { width, height, ...graph } = await graphs.layout(drawable);
  return context.json({ data: { width, height, hash, ...graph } }, 200);
}
