import { z } from '@hono/zod-openapi';
import { DefinitionSimulateSchema, WorkflowSimulateSchema } from '../../model/definition-requests.ts';
import type { Json } from '../../model/json.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import { SIMULATION_FIELDS } from '../../model/simulation-answer.ts';
import type { DefinitionService } from '../../service/definitions/definitions.ts';
import type { StoredExaminations } from '../../service/definitions/stored-examinations.ts';
import type { SimulatedRun } from '../../service/simulations/simulation.ts';
import type { SimulationService } from '../../service/simulations/simulations.ts';
import { NamedTransitionTraceSchema } from '../executions/explanations.ts';
import { locateIssues, withBodyWarnings } from '../http/body.ts';
import { errorResponses, IssueSchema } from '../http/errors.ts';
import { createRouter, refuseShape } from '../http/router.ts';
import { buildPageMeta, createApiRoute, jsonData, jsonOrYaml, jsonPage, PAGE_QUERY, windowOf } from '../http/routes.ts';
import { wholeNumberOr } from '../http/whole-number.ts';

// Validation and simulation of definitions.

const VALIDATION = { valid: z.boolean(), issues: z.array(IssueSchema), warnings: z.array(IssueSchema) };
const LocatedIssueSchema = IssueSchema.extend({
  source: z
    .object({ line: z.int(), column: z.int() })
    .optional()
    .describe('Where the value stands in the text that was sent: YAML, or JSON with `positions=1`. Both count from 1.'),
}).openapi('LocatedIssue');
/** The errors of a definition, and their places in its text. */
export const ValidationSchema = z
  .object({ valid: z.boolean(), issues: z.array(LocatedIssueSchema), warnings: z.array(LocatedIssueSchema) })
  .openapi('Validation');
const StoredValidationSchema = z
  .object({ ref: z.string(), version: z.string(), revision: z.int(), ...VALIDATION })
  .openapi('StoredValidation');

/** The result of a simulation. */
export const SimulationSchema = z
  .object({
    ...SIMULATION_FIELDS,
    waiting_for: z.array(
      z.object({
        kind: z.enum(['action', 'child', 'timer', 'retry', 'signal', 'inquiry']),
        task: z.string(),
        until: z.iso.datetime().nullable(),
        detail: z.string().nullable(),
      }),
    ),
    transitions: z
      .array(NamedTransitionTraceSchema)
      .describe('The decisions about the transitions of visits that have ended, in order.'),
    warnings: z
      .array(IssueSchema)
      .describe('Fields that are missing from the input of an action; an execution would fail there.'),
  })
  .openapi('Simulation');

const RefParams = z.object({ ref: z.string().max(200) });
const tags = ['workflows'];
const base = '/api/v1/workflows';

const validateRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'post',
  path: `${base}/validate`,
  tags,
  summary: 'Validate a workflow without storing it',
  request: {
    query: z
      .strictObject({
        positions: z
          .enum(['0', '1'])
          .default('0')
          .describe('1: issues of JSON say where they stand in the text, too; those of YAML always do.'),
        ref: z
          .string()
          .max(200)
          .optional()
          .describe(
            'The body is that of an update of this workflow. Issues of a content that it leaves as it is are warnings.',
          ),
        new: z
          .enum(['0', '1'])
          .default('0')
          .describe('1: the body is that of a create request, which needs more than a definition.'),
      })
      .refine((query) => query.new === '0' || query.ref === undefined, {
        path: ['new'],
        error: 'cannot be combined with "ref"',
      }),
    body: {
      required: true,
      description:
        'The body of a create request, `{ definition, param_schema?, out_schema? }`, or just a definition; with `ref`, the body of an update, or just the new definition.',
      content: jsonOrYaml(z.record(z.string(), JsonValueSchema)),
    },
  },
  responses: {
    200: jsonData(ValidationSchema, 'The issues and warnings.'),
    ...errorResponses('json_malformed', 'yaml_malformed', 'workflow_not_found'),
  },
});

const PER_PAGE = 20;

const validateStoredRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: '/api/v1/workflow-validations',
  tags,
  summary: 'Check the stored workflows',
  description:
    'What this version would say about the newest revision of each stored workflow if it were written now: after an upgrade, and after changes of what workflows name. Nothing is stored.',
  request: {
    query: z.strictObject({ page: PAGE_QUERY.page, per_page: wholeNumberOr(PER_PAGE, 1, PER_PAGE) }),
  },
  responses: {
    200: jsonPage(StoredValidationSchema, 'A page of workflows, in order of ref.'),
    ...errorResponses('request_invalid'),
  },
});

const simulateRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'post',
  path: `${base}/{ref}/simulate`,
  tags,
  summary: 'Simulate a workflow with mock outcomes',
  request: {
    params: RefParams,
    body: { required: true, content: jsonOrYaml(WorkflowSimulateSchema) },
  },
  responses: {
    200: jsonData(SimulationSchema, 'The result of the simulation. Nothing was run.'),
    ...errorResponses(
      'input_invalid',
      'json_malformed',
      'workflow_not_found',
      'sub_workflow_invalid',
      'definition_outdated',
      'concurrency_conflict',
    ),
  },
});

const simulateUnsavedRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'post',
  path: `${base}/simulate`,
  tags,
  summary: 'Simulate a definition that is not stored',
  description: 'Like the simulation of a stored workflow, for testing a definition before it is stored.',
  request: { body: { required: true, content: jsonOrYaml(DefinitionSimulateSchema) } },
  responses: {
    200: jsonData(SimulationSchema, 'The result of the simulation. Nothing was run or stored.'),
    ...errorResponses(
      'definition_invalid',
      'input_invalid',
      'json_malformed',
      'yaml_malformed',
      'sub_workflow_invalid',
      'definition_outdated',
      'concurrency_conflict',
    ),
  },
});

/** Registers the routes for validation and simulation. */
export function workflowToolRoutes(
  definitions: DefinitionService,
  simulations: SimulationService,
  examinations: StoredExaminations,
) {
  const router = createRouter();

  router.openapi(validateStoredRoute, async (context) => {
    const query = context.req.valid('query');
    const { rows, total } = await examinations.examine(context.get('principal'), windowOf(query));
    const data = rows.map(({ ref, version, revision, issues, warnings }) => ({
      ref,
      version,
      revision,
      valid: issues.length === 0,
      issues,
      warnings,
    }));
    return context.json({ data, meta: buildPageMeta(total, query) }, 200);
  });

  router.openapi(validateRoute, async (context) => {
    const { positions, ref, new: isNew } = context.req.valid('query');
    const principal = context.get('principal');
    const body = context.req.valid('json');
    const { issues, warnings: found } = await (ref === undefined
      ? definitions.validate(principal, body, isNew === '1' ? 'new' : undefined)
      : definitions.validateUpdate(principal, ref, body));
    const all = [...issues, ...withBodyWarnings(context, found)];
    const isLocated = context.get('bodyType') === 'application/yaml' || positions === '1';
    const listed = isLocated ? await locateIssues(context, all) : all;
    const data = {
      valid: issues.length === 0,
      issues: listed.slice(0, issues.length),
      warnings: listed.slice(issues.length),
    };
    return context.json({ data }, 200);
  });

  router.openapi(simulateRoute, async (context) => {
    const { ref } = context.req.valid('param');
    const simulated = await simulations.simulate(context.get('principal'), ref, context.req.valid('json'));
    const warnings = withBodyWarnings(context, simulated.warnings);
    return context.json({ data: { ...simulationBody(simulated), warnings } }, 200);
  });

  router.openapi(
    simulateUnsavedRoute,
    async (context) => {
      const simulated = await simulations.simulateUnsaved(context.get('principal'), context.req.valid('json'));
      const warnings = withBodyWarnings(context, simulated.warnings);
      return context.json({ data: { ...simulationBody(simulated), warnings } }, 200);
    },
    refuseShape(simulateUnsavedRoute, definitions.meaningIssues),
  );

  return router;
}

function simulationBody({ waitingFor, error, tasks, ...rest }: SimulatedRun): z.infer<typeof SimulationSchema> {
  return {
    ...rest,
    error: error as unknown as Json, // a failure consists of JSON
    waiting_for: waitingFor.map(({ kind, task, until, detail }) => ({
      kind,
      task,
      detail,
      until: until === null ? null : new Date(until).toISOString(),
    })),
    tasks: tasks.map((task) => ({ ...task, error: task.error as unknown as Json })),
  };
}
