import { z } from 'zod';
import { DefinitionSchema, PackRefSchema, RefSchema, VersionSchema } from './definition.ts';
import { InstantSchema } from './instant.ts';
import { JsonValueSchema } from './json-value.ts';
import { JsonObjectSchema, LabelSchema, MAX_ROW_ID, TagSchema } from './request-fields.ts';
import { RuleCreateSchema } from './rules/rule.ts';
import { TriggerCreateSchema } from './rules/trigger.ts';
import { ACTION_TIMES, OWN_TASK_QUEUE } from './run-input.ts';
import { isStorableText, NOT_STORABLE } from './text.ts';
import { MAX_SECONDS } from './words.ts';

const SchemaField = JsonObjectSchema.nullable();

/** The body of POST /api/v1/workflows (Workflows API, Create Workflow). */
export const WorkflowCreateSchema = z.strictObject({
  ref: RefSchema.describe('`pack.name`, where `pack` is the ref of the pack.'),
  pack_ref: PackRefSchema,
  label: LabelSchema,
  description: z.string().max(10_000).nullable().optional(),
  version: VersionSchema,
  param_schema: SchemaField.optional().describe('JSON Schema (2020-12) of the input.'),
  out_schema: SchemaField.optional().describe('JSON Schema (2020-12) of the output.'),
  definition: DefinitionSchema,
  tags: z.array(TagSchema).max(100).optional(),
  enabled: z.boolean().optional().describe('Whether the workflow can be started. Defaults to true.'),
});

/** The body of PUT /api/v1/workflows/{ref}: every field may be left out (Workflows API, Update Workflow). */
export const WorkflowUpdateSchema = WorkflowCreateSchema.omit({ ref: true, pack_ref: true }).partial();

/** A definition with its schemas, as POST /api/v1/workflows/validate also takes it. */
export const DefinitionAloneSchema = WorkflowCreateSchema.pick({
  definition: true,
  param_schema: true,
  out_schema: true,
});

/** The body of POST /api/v1/packs. */
export const PackCreateSchema = z.strictObject({
  ref: PackRefSchema,
  label: LabelSchema,
  description: z.string().max(10_000).nullable().optional(),
  version: VersionSchema.nullable().optional(),
  tags: z.array(TagSchema).max(100).optional(),
});

/** The body of PUT /api/v1/packs/{ref}: every field may be left out. */
export const PackUpdateSchema = PackCreateSchema.omit({ ref: true }).partial();

/** Parsed bodies of packs. */
export type PackCreate = z.infer<typeof PackCreateSchema>;
export type PackUpdate = z.infer<typeof PackUpdateSchema>;

const SecondsSchema = z.number().positive().max(MAX_SECONDS);

/** The name of a task queue that is not that of Fermata's workers. */
export const TaskQueueSchema = z
  .string()
  .min(1)
  .max(200)
  .refine(isStorableText, NOT_STORABLE)
  .refine(
    (queue) => queue !== OWN_TASK_QUEUE,
    "is reserved for Fermata's own workers, which do not implement the action",
  );

/** The body of PUT /api/v1/task-queues/{name}. */
export const TaskQueueAssignSchema = z.strictObject({
  tenant: z.string().min(1).max(64).describe('The ref or UUID of the tenant whose actions may use it.'),
});

/** The body of POST /api/v1/actions. Times in seconds. */
export const ActionCreateSchema = z.strictObject({
  ref: RefSchema.describe('`pack.name`, where `pack` is the ref of the pack.'),
  pack_ref: PackRefSchema,
  label: LabelSchema,
  description: z.string().max(10_000).nullable().optional(),
  param_schema: SchemaField.optional().describe('JSON Schema (2020-12) of the input.'),
  out_schema: SchemaField.optional().describe('JSON Schema (2020-12) of the output.'),
  task_queue: TaskQueueSchema.refine(
    (queue) => !queue.startsWith(OWN_TASK_QUEUE),
    `must not begin with "${OWN_TASK_QUEUE}": such names are reserved`,
  ).describe(
    'The task queue that its workers poll; it must belong to the tenant. The activity type is the ref of the action.',
  ),
  idempotent: z.boolean().default(false).describe('Whether the action may be run again after its worker was lost.'),
  timeout: SecondsSchema.default(ACTION_TIMES.timeout).describe('Seconds for one attempt.'),
  queue_timeout: SecondsSchema.default(ACTION_TIMES.queue_timeout).describe('Seconds until a worker takes the task.'),
  heartbeat_timeout: SecondsSchema.default(ACTION_TIMES.heartbeat_timeout),
});

/** The body of PUT /api/v1/actions/{ref}: every field may be left out, and stays as it is then. */
export const ActionUpdateSchema = z.strictObject({
  ...ActionCreateSchema.omit({
    ref: true,
    pack_ref: true,
    idempotent: true,
    timeout: true,
    queue_timeout: true,
    heartbeat_timeout: true,
  }).partial().shape,
  idempotent: z.boolean().optional(),
  timeout: SecondsSchema.optional(),
  queue_timeout: SecondsSchema.optional(),
  heartbeat_timeout: SecondsSchema.optional(),
});

/** Parsed bodies of actions. */
export type ActionCreate = z.infer<typeof ActionCreateSchema>;
export type ActionUpdate = z.infer<typeof ActionUpdateSchema>;

/** The body of POST /api/v1/packs/import: a pack with its contents. */
export const PackImportSchema = z.strictObject({
  pack: PackCreateSchema,
  triggers: z.array(TriggerCreateSchema).max(1_000).default([]),
  actions: z.array(ActionCreateSchema).max(1_000).default([]),
  workflows: z.array(WorkflowCreateSchema).max(1_000).default([]),
  rules: z.array(RuleCreateSchema).max(1_000).default([]),
});

/** A parsed body of PackImportSchema. */
export type PackImport = z.infer<typeof PackImportSchema>;

const MockOutcomeSchema = z.union([
  z.strictObject({ output: JsonValueSchema }),
  z.strictObject({ error: z.strictObject({ type: z.string().min(1).max(200), message: z.string().optional() }) }),
  z.strictObject({ running: z.literal(true) }),
]);

/** The body of POST /api/v1/workflows/{ref}/simulate. */
export const WorkflowSimulateSchema = z.strictObject({
  input: JsonObjectSchema.optional(),
  outcomes: z
    .record(z.string(), z.union([MockOutcomeSchema, z.array(MockOutcomeSchema).max(10_000)]))
    .optional()
    .describe(
      'How the attempts of each task end; a list has one entry per attempt. Tasks without an outcome succeed with null.',
    ),
  items: z
    .record(
      z.string(),
      z.union([z.array(MockOutcomeSchema).max(100_000), z.array(z.array(MockOutcomeSchema).max(100_000)).max(10_000)]),
    )
    .optional()
    .describe('How the items of each task end: one entry per item, or one list per visit.'),
  scheduled_at: InstantSchema.optional().describe('The scheduled time, as if a schedule had started the execution.'),
  version: VersionSchema.optional().describe('Use the newest revision with this version label.'),
  revision: z.int().min(1).max(MAX_ROW_ID).optional(),
});

/** The body of POST /api/v1/workflows/simulate: a definition that need not be stored, with the options of a simulation. */
export const DefinitionSimulateSchema = z.strictObject({
  ...DefinitionAloneSchema.shape,
  ...WorkflowSimulateSchema.omit({ version: true, revision: true }).shape,
});

/** A parsed body for a new workflow. */
export type WorkflowCreate = z.infer<typeof WorkflowCreateSchema>;

/** A definition with its schemas. */
export type DefinitionAlone = z.infer<typeof DefinitionAloneSchema>;

/** A parsed body for a simulation of a definition that need not be stored. */
export type DefinitionSimulate = z.infer<typeof DefinitionSimulateSchema>;

/** A parsed body for a simulation. */
export type WorkflowSimulate = z.infer<typeof WorkflowSimulateSchema>;

/** A parsed body for a change of a workflow. */
export type WorkflowUpdate = z.infer<typeof WorkflowUpdateSchema>;
