import { z } from 'zod';
import type { Json } from '../model/json.ts';
import { DefinitionAloneSchema, WorkflowCreateSchema } from '../model/requests.ts';
import type { DefinitionService, WrittenWorkflow } from '../service/definitions.ts';
import type { Tool } from './tool.ts';

const AnyObject = z.record(z.string(), z.any());

const SUMMARY = {
  id: z.number().describe('The workflowId of its executions.'),
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
  tags: z.array(z.string()).max(100).optional().describe('Workflows with any of them.'),
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
});
const ValidationSchema = z.object({
  valid: z.boolean(),
  issues: z.array(IssueSchema),
  warnings: z.array(IssueSchema),
});
// What is unknown is told as an issue, like everything else that is wrong.
const ValidateInput = z.looseObject({
  ...WorkflowCreateSchema.partial().shape,
  definition: z.any().describe(DefinitionAloneSchema.shape.definition.description ?? 'The definition.'),
});

/** Tools around workflow definitions. */
export function workflowTools(definitions: DefinitionService) {
  const list: Tool<typeof ListInput, typeof ListSchema> = {
    name: 'list_workflows',
    description: 'List workflow definitions.',
    permission: 'workflow:read',
    reads: true,
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
    reads: true,
    input: GetInput,
    output: WorkflowSchema,
    run: async (principal, { ref, version }) => workflowOf(await definitions.get(principal, ref, { version })),
  };

  const validate: Tool<typeof ValidateInput, typeof ValidationSchema> = {
    name: 'validate_workflow',
    description: 'Check a workflow definition and store nothing: everything that is wrong or doubtful, with places.',
    permission: 'workflow:read',
    reads: true,
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
    input: WorkflowCreateSchema,
    output: WorkflowSchema,
    run: async (principal, body) => workflowOf((await definitions.create(principal, body)).workflow),
  };

  return [list, get, validate, create] as const;
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
