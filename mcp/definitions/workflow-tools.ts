import { z } from 'zod';
import { AppError } from '../../model/app-error.ts';
import {
  DefinitionAloneSchema,
  WorkflowCreateSchema,
  WorkflowSimulateSchema,
  WorkflowUpdateSchema,
} from '../../model/definition-requests.ts';
import type { Json } from '../../model/json.ts';
import { SIMULATION_FIELDS } from '../../model/simulation-answer.ts';
import { TransitionTraceSchema } from '../../model/transition-trace.ts';
import type { WrittenWorkflow } from '../../service/definitions/writer.ts';
import type { ToolServices } from '../services.ts';
import type { Tool } from '../tool.ts';

const AnyObject = z.record(z.string(), z.any());

const SUMMARY = {
  id: z.number().describe('The `workflowId` of its executions.'),
  ref: z.string(),
  label: z.string(),
  description: z.string().nullable(),
  version: z.string(),
  revision: z.number(),
  tags: z.array(z.string()),
  enabled: z.boolean(),
};
const ListInput = z.strictObject({
  packRef: z.string().max(64).optional(),
  tags: z.array(z.string()).max(100).optional().describe('Matches workflows with any of the tags.'),
  search: z.string().max(200).optional().describe('Text in label or description.'),
  enabled: z.boolean().optional(),
  page: z.int().min(1).max(1_000_000).default(1),
  perPage: z.int().min(1).max(100).default(20),
});
const ListSchema = z.object({ data: z.array(z.object(SUMMARY)), total: z.number() });
const GetInput = z.strictObject({ ref: z.string().max(200), version: z.string().max(64).optional() });
const WorkflowSchema = z.object({
  ...SUMMARY,
  definition: AnyObject,
  paramSchema: AnyObject.nullable(),
  outSchema: AnyObject.nullable(),
});
const IssueSchema = z.object({
  code: z.string(),
  path: z.string(),
  message: z.string(),
  line: z.number().optional(),
  column: z.number().optional(),
  omitted: z.number().optional(),
});
const ValidationSchema = z.object({
  valid: z.boolean(),
  issues: z.array(IssueSchema),
  warnings: z.array(IssueSchema),
});
// Unknown fields are reported as issues, like everything else.
const ValidateInput = z.looseObject({
  ...WorkflowCreateSchema.partial().shape,
  definition: z.any().describe(DefinitionAloneSchema.shape.definition.description ?? 'The definition.'),
});

const UpdateInput = WorkflowUpdateSchema.extend({ ref: z.string().max(200).describe('The workflow to change.') });
const SimulateInput = z.strictObject({
  ref: z.string().max(200).optional().describe('The ref of a stored workflow; alternatively, pass a definition.'),
  ...DefinitionAloneSchema.partial().shape,
  ...WorkflowSimulateSchema.shape,
});
/** The most decisions about transitions that a simulation shows. */
const MAX_TRANSITIONS = 1_000;
const SimulationSchema = z.object({
  ...SIMULATION_FIELDS,
  waitingFor: z.array(AnyObject),
  transitions: z
    .array(TransitionTraceSchema)
    .describe('The first 1,000 decisions about the transitions of visits that have ended, in order.'),
  transitionsTotal: z.int().describe('The number of all such decisions.'),
  warnings: z
    .array(IssueSchema)
    .describe('Fields that are missing from the input of an action; an execution would fail there.'),
});

/** Creates the tools for workflow definitions. */
export function workflowTools({ definitions, simulations }: Pick<ToolServices, 'definitions' | 'simulations'>) {
  const list: Tool<typeof ListInput, typeof ListSchema> = {
    name: 'list_workflows',
    description: 'List workflow definitions.',
    permission: 'workflow:read',
    effect: 'reads',
    input: ListInput,
    output: ListSchema,
    async run(principal, { page, perPage, ...filter }) {
      const { rows, total } = await definitions.list(principal, filter, {
        offset: (page - 1) * perPage,
        limit: perPage,
      });
      return { data: rows.map(summaryOf), total };
    },
  };

  const get: Tool<typeof GetInput, typeof WorkflowSchema> = {
    name: 'get_workflow',
    description: 'Get a workflow definition.',
    permission: 'workflow:read',
    effect: 'reads',
    input: GetInput,
    output: WorkflowSchema,
    run: async (principal, { ref, version }) => workflowOf(await definitions.get(principal, ref, { version })),
  };

  const validate: Tool<typeof ValidateInput, typeof ValidationSchema> = {
    name: 'validate_workflow',
    description: 'Validate a workflow definition without storing it: all issues and warnings, with their locations.',
    permission: 'workflow:read',
    effect: 'reads',
    input: ValidateInput,
    output: ValidationSchema,
    async run(principal, body) {
      const { issues, warnings } = await definitions.validate(principal, body);
      return { valid: issues.length === 0, issues, warnings };
    },
  };

  const create: Tool<typeof WorkflowCreateSchema, typeof WorkflowSchema> = {
    name: 'create_workflow',
    description: 'Store a new workflow definition.',
    permission: 'workflow:write',
    effect: 'changes',
    idempotent: true,
    input: WorkflowCreateSchema,
    findMore: (principal, body) => definitions.meaningIssues(principal, body, { isNew: true }),
    output: WorkflowSchema,
    run: async (principal, body) => workflowOf((await definitions.create(principal, body)).workflow),
  };

  const update: Tool<typeof UpdateInput, typeof WorkflowSchema> = {
    name: 'update_workflow',
    description:
      'Update a stored workflow: the given fields replace the stored ones. Open executions keep their revision.',
    permission: 'workflow:write',
    effect: 'changes',
    idempotent: true,
    input: UpdateInput,
    findMore: definitions.meaningIssues,
    output: WorkflowSchema,
    run: async (principal, { ref, ...body }) =>
      workflowOf((await definitions.update(principal, ref, body, { tag: undefined })).workflow),
  };

  const simulate: Tool<typeof SimulateInput, typeof SimulationSchema> = {
    name: 'simulate_workflow',
    description:
      'Simulate a workflow with mock outcomes of its tasks: the order, inputs and outcome of an execution. Nothing is run.',
    permission: 'workflow:read',
    effect: 'reads',
    input: SimulateInput,
    findMore: definitions.meaningIssues,
    output: SimulationSchema,
    async run(principal, { ref, definition, param_schema, out_schema, version, revision, ...rest }) {
      if ((ref === undefined) === (definition === undefined)) {
        throw new AppError('request_invalid', 'pass either "ref" or "definition"');
      }
      const { status, output, error, waitingFor, order, tasks, transitions, warnings } =
        definition === undefined
          ? await simulations.simulate(principal, ref!, { version, revision, ...rest })
          : await simulations.simulateUnsaved(principal, { definition, param_schema, out_schema, ...rest });
      return {
        status,
        output,
        error: error as unknown as Json, // a failure consists of JSON
        waitingFor: waitingFor.map(plain),
        order,
        tasks: tasks.map((task) => ({ ...task, error: task.error as unknown as Json })),
        transitions: transitions.slice(0, MAX_TRANSITIONS),
        transitionsTotal: transitions.length,
        warnings,
      };
    },
  };

  return [list, get, validate, create, update, simulate] as const;
}

/** Returns a definition as a plain object. */
function plain(value: object): Record<string, unknown> {
  return { ...value };
}

type Workflow = WrittenWorkflow['workflow'];

function summaryOf({ id, ref, label, description, version, revision, tags, enabled }: Workflow) {
  return { id, ref, label, description, version, revision, tags, enabled };
}

function workflowOf(workflow: Workflow): z.infer<typeof WorkflowSchema> {
  const { definition, paramSchema, outSchema } = workflow;
  return {
    ...summaryOf(workflow),
    definition: definition as unknown as Record<string, Json>, // what was parsed came from JSON
    paramSchema,
    outSchema,
  };
}
