import { z } from 'zod';
import { DefinitionSchema, PackRefSchema, RefSchema, VersionSchema } from './definition.ts';
import { CHAT_USERS } from './inquiry.ts';
import { InstantSchema } from './instant.ts';
import { jsonSize } from './json.ts';
import { JsonValueSchema } from './json-value.ts';
import { PERMISSIONS, ROLES, type Role } from './permissions.ts';
import { ALIAS_KINDS, PRINCIPAL_KINDS } from './principal.ts';
import { ACTION_TIMES, OWN_TASK_QUEUE } from './run-input.ts';
import { CALLER_MODES } from './run-mode.ts';
import { isStorableText, NOT_STORABLE } from './text.ts';
import { MAX_SECONDS } from './words.ts';

// Bodies come from JSON.parse, so every value in them is JSON already.
/** The largest integer id, and the largest number of a revision, in the database. */
export const MAX_ROW_ID = 2_147_483_647;

const JsonObjectSchema = z.record(z.string(), JsonValueSchema);
/** A name: text that the database stores unchanged. */
const name = (most: number) => z.string().min(1).max(most).refine(isStorableText, NOT_STORABLE);
const LabelSchema = name(200);
const TagSchema = name(64);
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
  actions: z.array(ActionCreateSchema).max(1_000).default([]),
  workflows: z.array(WorkflowCreateSchema).max(1_000).default([]),
});

/** A parsed body of PackImportSchema. */
export type PackImport = z.infer<typeof PackImportSchema>;

/** The body of POST /api/v1/tenants. */
export const TenantCreateSchema = z.strictObject({
  ref: z
    .string()
    .max(64)
    .regex(/^[a-z0-9][a-z0-9_-]*$/, 'must be lower-case letters, digits, _ and -'),
  label: LabelSchema,
});

/** The body of POST /api/v1/keys. Absent fields stay unchanged for a known subject. */
export const KeyCreateSchema = z.strictObject({
  subject: name(200).describe('The subject that the key is for: a person or a program.'),
  tenant: z
    .string()
    .max(64)
    .optional()
    .describe('The ref or UUID of the tenant. Defaults to the tenant of the caller.'),
  roles: z
    .array(z.enum(Object.keys(ROLES) as [Role, ...Role[]]))
    .max(10)
    .optional(),
  permissions: z
    .array(z.enum(PERMISSIONS))
    .max(20)
    .optional()
    .describe('Permissions in addition to those of the roles.'),
  groups: z.array(name(100)).max(100).optional(),
  kind: z
    .enum(PRINCIPAL_KINDS)
    .optional()
    .describe('Defaults to `person`. Keys of a `service` or an `agent` cannot decide inquiries.'),
  on_behalf_of: name(200)
    .optional()
    .describe(
      'The subject on whose behalf the key acts, such as the owner of an agent. Both count as starters of the executions that it starts.',
    ),
  label: LabelSchema.optional(),
  expires_in: z
    .int()
    .min(1)
    .max(315_360_000)
    .optional()
    .describe('Seconds until the key expires. By default it does not expire.'),
});

/** A parsed body of KeyCreateSchema. */
export type KeyCreate = z.infer<typeof KeyCreateSchema>;

const ALIAS_FORMS = {
  email: /^[^\s@]+@[^\s@]+$/,
  ...CHAT_USERS,
  subject: /\S/,
};

/** The body of POST /api/v1/aliases: another name of a person. */
export const AliasCreateSchema = z
  .strictObject({
    subject: z.string().min(1).max(200),
    kind: z.enum(ALIAS_KINDS),
    value: z
      .string()
      .min(1)
      .max(320)
      .refine(isStorableText, NOT_STORABLE)
      .describe(
        'An e-mail address, the Slack ids `team/user`, the Microsoft Entra ids `tenant/user`, or a second subject of the person.',
      ),
  })
  .refine(({ kind, value }) => ALIAS_FORMS[kind].test(value), {
    message: 'is not a valid name of this kind',
    path: ['value'],
  });

/** A parsed body of AliasCreateSchema. */
export type AliasCreate = z.infer<typeof AliasCreateSchema>;

/** The digest of everything that a decision is about, as it was shown. */
export const BoundToSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe(
    'The `bound_to` of the inquiry that was shown: the decision is valid for nothing else. Defaults to the current one.',
  );

/** The body of POST /api/v1/inquiries/{id}/respond. */
export const RespondSchema = z.strictObject({
  option: z.string().min(1).max(64).describe('The ref of the chosen option.'),
  response: JsonValueSchema.optional().describe('The values of the form. Defaults to null.'),
  comment: z.string().max(4_000).optional(),
  bound_to: BoundToSchema.optional(),
});

/** The body of POST /api/v1/inquiries/{id}/override. */
export const OverrideSchema = RespondSchema.omit({ comment: true }).extend({
  reason: z.string().min(1).max(4_000).describe('Why the people who are asked do not decide; it is shown to them.'),
});

/** The body of POST /api/v1/inquiries/{id}/delegate. */
export const DelegateSchema = z.strictObject({
  to: z.string().min(1).max(200).describe('The person who decides instead: a subject or an alias.'),
  reason: z.string().max(4_000).optional().describe('The reason, which is shown to that person.'),
});

/** The body of POST /api/v1/inquiries/{id}/delegate/withdraw. */
export const WithdrawSchema = DelegateSchema.pick({ reason: true });

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

/** The body of a signal to a run. */
export const SignalSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(200)
    .refine(isStorableText, NOT_STORABLE)
    .describe('Must not begin with two underscores.'),
  payload: JsonValueSchema.optional().describe('Any JSON value. Defaults to null.'),
});

/** The body of POST /api/v1/executions/{id}/signal/token. */
export const SignalTokenSchema = SignalSchema.extend({
  expires_in: z.int().min(1).max(86_400).optional().describe('Seconds until the token expires. Defaults to one hour.'),
});

/** The number of seconds by which a start may be delayed: ten years. */
const MAX_START_DELAY = 315_360_000;

/** The number of bytes of JSON that a caller may store with a run. */
const MAX_MEMO_BYTES = 16_384;

const START = {
  parameters: JsonObjectSchema.optional(),
  input: JsonObjectSchema.optional().describe('An alias of `parameters`.'),
  version: VersionSchema.optional().describe('Use the newest revision with this version label.'),
  revision: z.int().min(1).max(MAX_ROW_ID).optional(),
  enforcement: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable().optional(),
  tags: z.array(TagSchema).max(100).optional(),
  delay: z.number().min(0).max(MAX_START_DELAY).optional().describe('Seconds until the execution starts.'),
  mode: z
    .enum(CALLER_MODES)
    .optional()
    .describe('How it was started. Defaults to `trigger` with an enforcement, else to `manual`.'),
  memo: JsonObjectSchema.refine(
    (memo) => jsonSize(memo) <= MAX_MEMO_BYTES,
    `must not have more than ${MAX_MEMO_BYTES} bytes`,
  )
    .optional()
    .describe('Data that is stored with the execution and returned with it; tasks cannot see it.'),
  wait: z
    .number()
    .min(0)
    .max(60)
    .optional()
    .describe('Seconds to wait for the execution to close before the response.'),
};

const hasOneInput = ({ parameters, input }: { parameters?: unknown; input?: unknown }) =>
  parameters === undefined || input === undefined;
const ONE_INPUT = { message: '"input" is an alias of "parameters": give only one of them', path: ['input'] };

/** The body of POST /api/v1/executions. */
export const ExecutionStartSchema = z
  .strictObject({
    action_ref: RefSchema.optional().describe(
      'The ref of a workflow, or of an action, which runs as an execution with one task.',
    ),
    workflow: RefSchema.optional().describe('An alias of `action_ref`.'),
    ...START,
  })
  .refine(({ action_ref, workflow }) => (action_ref === undefined) !== (workflow === undefined), {
    message: 'either "action_ref" or "workflow" is required, but not both',
    path: ['action_ref'],
  })
  .refine(hasOneInput, ONE_INPUT);

/** The body of POST /api/v1/workflows/{ref}/execute: that of a start, without the ref. */
export const WorkflowExecuteSchema = z.strictObject(START).refine(hasOneInput, ONE_INPUT);

/** The body of POST /execution (Management API, Create Workflow Execution). */
export const ManagementStartSchema = z.strictObject({
  workflow: RefSchema,
  input: JsonObjectSchema.optional(),
});

/** The body of POST /api/v1/executions/{id}/retry. */
export const RetrySchema = z.strictObject({
  from: z
    .string()
    .min(1)
    .max(64)
    .default('failed')
    .describe(
      'Where to continue: `failed` (tasks that failed, were cancelled or did not start), `start`, or the name of a task (it and what followed from it).',
    ),
  input: JsonObjectSchema.optional().describe('Another input; only with from: start.'),
  version: VersionSchema.optional().describe(
    'Use the newest revision with this version label; tasks that are kept must be unchanged in it.',
  ),
});

/** The body of a cancel or terminate request. */
export const ReasonSchema = z.strictObject({ reason: z.string().max(1000).optional() });

/** The body of POST /api/v1/executions/{id}/tasks/{key}/skip. */
export const SkipSchema = z.strictObject({
  output: JsonValueSchema.optional().describe('The output of the task. Defaults to null.'),
  reason: z.string().max(1000).optional(),
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
