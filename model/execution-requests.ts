import { z } from 'zod';
import { RefSchema, VersionSchema } from './definition.ts';
import { jsonSize } from './json.ts';
import { JsonValueSchema } from './json-value.ts';
import { JsonObjectSchema, MAX_ROW_ID, TagSchema } from './request-fields.ts';
import { CALLER_MODES } from './run-mode.ts';
import { isStorableText, NOT_STORABLE } from './text.ts';

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
  enforcement: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .nullable()
    .optional()
    .describe("A number of the caller's own system, below 4294967296."),
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

/** The beginning of a `from` that names a history event. */
const FROM_EVENT = 'event:';

/** Returns the number of the history event from which a retry is to continue; null where `from` names something else. */
export function retryEvent(from: string): number | null {
  return from.startsWith(FROM_EVENT) ? Number(from.slice(FROM_EVENT.length)) : null;
}

/** The beginning of a `from` that names a task. */
const FROM_TASK = 'task:';

/** Returns how a retry names a task to continue from: by its name, unless that means something else. */
export function writeRetryTask(name: string): string {
  return name === 'start' ? `${FROM_TASK}${name}` : name;
}

/** Returns the name of a task that a `from` writes as `writeRetryTask` does. */
export function readRetryTask(from: string): string {
  return from.startsWith(FROM_TASK) ? from.slice(FROM_TASK.length) : from;
}

/** The fields of a retry. */
export const RETRY_FIELDS = {
  from: z
    .string()
    .min(1)
    .max(FROM_TASK.length + 64)
    .refine((from) => !from.startsWith(FROM_EVENT) || /^event:[1-9]\d{0,8}$/.test(from), {
      message: 'must be "event:" with the number of a history event, as in "event:12"',
    })
    .default('failed')
    .describe(
      'Where to continue: `failed` (tasks that failed, were cancelled or did not start), `start`, the name of a task (it and what followed from it; of one named `start`: `task:start`), or `event:12` (the state after that history event; what was open then runs again).',
    ),
  input: JsonObjectSchema.optional().describe(
    'Another input, in place of the whole earlier one; only with from: start.',
  ),
  version: VersionSchema.optional().describe(
    'Use the newest revision with this version label; tasks that are kept must be unchanged in it.',
  ),
  reason: z
    .string()
    .max(1000)
    .refine(isStorableText, NOT_STORABLE)
    .optional()
    .describe('Why; it is stored with the new execution.'),
  plan: z.boolean().optional().describe('Only plan: answer what the retry would do, and start nothing.'),
  plan_hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the hash of a plan: 64 hexadecimal digits')
    .optional()
    .describe('The hash of a plan: start only if the retry would still do what that plan says.'),
};

/** Reports whether a request plans or starts a retry, but not both. */
export const plansOrStarts = ({ plan, plan_hash }: { plan?: unknown; plan_hash?: unknown }) =>
  plan !== true || plan_hash === undefined;

/** The refusal of a request that does both. */
export const PLAN_OR_START = {
  message: 'give either "plan" to see what the retry would do, or "plan_hash" to start what was planned',
  path: ['plan_hash'],
};

/** The body of POST /api/v1/executions/{id}/retry. */
export const RetrySchema = z.strictObject(RETRY_FIELDS).refine(plansOrStarts, PLAN_OR_START);

/** The body of a retry in an interface without plans. */
export const PlainRetrySchema = z.strictObject(RETRY_FIELDS).omit({ plan: true, plan_hash: true });

/** The body of a cancel or terminate request. */
export const ReasonSchema = z.strictObject({ reason: z.string().max(1000).optional() });

/** The body of POST /api/v1/executions/{id}/tasks/{key}/skip. */
export const SkipSchema = z.strictObject({
  output: JsonValueSchema.optional().describe('The output of the task. Defaults to null.'),
  reason: z.string().max(1000).optional(),
});
