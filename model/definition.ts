import { z } from 'zod';
import type { Issue } from './issue.ts';
import { jsonDepth, MAX_DEPTH } from './json.ts';
import { JsonValueSchema } from './json-value.ts';
import { MAX_CONCURRENCY, MAX_SECONDS, RESERVED_NAMES } from './words.ts';
import { convertIssues } from './zod-issues.ts';

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const REF = /^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/;
const SEMANTIC_VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

const NameSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(IDENTIFIER, 'must be letters, digits and underscores, not starting with a digit')
  .refine((name) => !RESERVED_NAMES.has(name) && !name.startsWith('__'), 'is a reserved name');

/** The ref of an action or a workflow: `pack.name`. */
export const RefSchema = z.string().max(200).regex(REF, 'must be pack.name in lower case, as in "slack.post_message"');

/** The ref of a pack. */
export const PackRefSchema = z
  .string()
  .max(64)
  .regex(/^[a-z0-9_-]+$/, 'must be lower-case letters, digits, _ and -');

/** A semantic version (semver.org, 2.0.0). */
export const VersionSchema = z.string().max(64).regex(SEMANTIC_VERSION, 'must be a semantic version, as in "1.0.0"');

const TargetsSchema = z
  .union([z.string().min(1).max(64), z.array(z.string().min(1).max(64)).max(1000)])
  .describe('The next tasks: a name or a list of names; or one of the words noop, continue, fail.');

const ConditionSchema = z
  .string()
  .min(1)
  .max(100_000)
  .describe('An expression, with or without {{ }}, that is true or false.');

const PublishSchema = z
  .record(NameSchema, JsonValueSchema)
  .describe('Name → value or template: variables of the branch, set in order; each can use the ones before it.');

const RetrySchema = z
  .strictObject({
    count: z.int().min(0).max(100).describe('Extra attempts after the first.'),
    delay: z.number().min(0).max(MAX_SECONDS).optional().describe('Seconds between attempts. Defaults to 0.'),
    backoff: z.enum(['constant', 'exponential']).optional().describe('How the delay grows. Defaults to constant.'),
    factor: z
      .number()
      .min(1)
      .max(100)
      .optional()
      .describe('The factor by which an exponential delay grows. Defaults to 2.'),
    max_delay: z.number().positive().max(MAX_SECONDS).optional().describe('The longest exponential delay, in seconds.'),
    when: ConditionSchema.optional().describe(
      'Whether to retry, given the failure. By default every failure is retried.',
    ),
  })
  .describe('Further attempts of a failed task.');

const NextSchema = z
  .strictObject({
    when: ConditionSchema.optional().describe(
      'When the transition fires. By default it fires whenever the task has ended.',
    ),
    publish: PublishSchema.optional(),
    do: TargetsSchema.optional().describe('The next tasks, or one of the words noop, continue, fail, retry.'),
  })
  .describe('A transition: what follows when the task has ended.');

/** One task of a definition. */
export const TaskSchema = z.strictObject({
  name: NameSchema.describe('Unique in the definition.'),
  action: RefSchema.describe('The action that the task runs.'),
  input: JsonValueSchema.optional().describe('Any JSON, with templates in its strings.'),
  on_success: TargetsSchema.optional(),
  on_failure: TargetsSchema.optional(),
  on_complete: TargetsSchema.optional(),
  next: z
    .array(NextSchema)
    .max(1000)
    .optional()
    .describe('Transitions with conditions; cannot be combined with on_success, on_failure or on_complete.'),
  publish: PublishSchema.optional().describe('Variables that are set on success, before any transition.'),
  retry: RetrySchema.optional(),
  timeout: z.number().positive().max(MAX_SECONDS).optional().describe('Seconds for each attempt.'),
  delay: z
    .union([z.number().min(0).max(MAX_SECONDS), z.string().min(1).max(100_000)])
    .optional()
    .describe('Seconds (a number or a template) before the task starts.'),
  join: z
    .union([z.literal('all'), z.int().min(1).max(1000)])
    .optional()
    .describe('Waits until all preceding tasks, or this many of them, have arrived.'),
  with_items: z
    .union([z.string().min(1).max(100_000), z.array(JsonValueSchema).max(100_000)])
    .optional()
    .describe('A list, or a template that evaluates to one: the task runs once for each `item`.'),
  concurrency: z
    .union([z.int().min(1).max(MAX_CONCURRENCY), z.string().min(1).max(100_000)])
    .optional()
    .describe(`How many items run at once (a number or a template), at most ${MAX_CONCURRENCY}. Defaults to 100.`),
  on_item_failure: z
    .enum(['stop', 'finish'])
    .optional()
    .describe('Whether to start no more items after one has failed (`stop`, the default), or to run all (`finish`).'),
});

const ConcurrencyKeySchema = z
  .strictObject({
    key: z.string().min(1).max(100_000).describe('A string, or a template that can use the parameters.'),
    limit: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('How many runs of the workflow with the same key may run at once. Defaults to 1.'),
    policy: z
      .enum(['queue', 'skip', 'cancel_previous', 'fail'])
      .optional()
      .describe('What happens to a run that exceeds the limit. Defaults to `queue`.'),
  })
  .describe('Limits how many runs with the same key run at once.');

/** A workflow definition. */
export const DefinitionSchema = z.strictObject({
  tasks: z.array(TaskSchema).min(1).max(1000),
  start: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(1000)
    .optional()
    .describe('The entry tasks, if they are ambiguous.'),
  when: ConditionSchema.optional().describe('A condition on the parameters: if false, the run is closed as skipped.'),
  variables: z.record(NameSchema, JsonValueSchema).optional().describe('Evaluated in order when a run starts.'),
  output: JsonValueSchema.optional().describe('Name → template, or one template: the output of the run.'),
  timeout: z.number().positive().max(MAX_SECONDS).optional().describe('Seconds for the whole run.'),
  on_cancel: z
    .union([z.string().min(1).max(64), z.array(z.string().min(1).max(64)).min(1).max(1000)])
    .optional()
    .describe('The tasks that clean up after a cancel request or the timeout of the run.'),
  concurrency_key: ConcurrencyKeySchema.optional(),
  on_failure: RefSchema.optional().describe('The workflow that is started when a run fails.'),
});

/** A task as its author wrote it. */
export type Task = z.infer<typeof TaskSchema>;

/** A definition as its author wrote it. */
export type Definition = z.infer<typeof DefinitionSchema>;

/** Parses a definition strictly. Returns the definition, or every issue, with pointers below `base`. */
export function parseDefinition(value: unknown, base: string): { definition: Definition } | { issues: Issue[] } {
  if (jsonDepth(value, MAX_DEPTH) > MAX_DEPTH) {
    return {
      issues: [{ code: 'too_deep', path: base, message: `must not be nested deeper than ${MAX_DEPTH} levels` }],
    };
  }
  const parsed = DefinitionSchema.safeParse(value);
  if (!parsed.success) return { issues: convertIssues(parsed.error, DefinitionSchema, value, base) };
  return { definition: parsed.data };
}
