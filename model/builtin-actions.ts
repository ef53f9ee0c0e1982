import { z } from 'zod';
import { BigNumbers, HttpInputSchema } from './http-input.ts';
import type { Json } from './json.ts';
import { JsonValueSchema } from './json-value.ts';
import { MAIL_FIELDS } from './mail.ts';
import { SIGNAL_NAME } from './signal.ts';
import { MAX_SECONDS } from './words.ts';

const JsonObject = z.record(z.string(), JsonValueSchema);
const Connection = z.string().optional().describe('The name of the connection. Defaults to "default".');

const FailInputSchema = z.strictObject({
  message: z.string(),
  type: z.string().default('action_error'),
  details: JsonValueSchema.optional(),
});

const LogInputSchema = z.strictObject({
  message: z.string(),
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  data: JsonValueSchema.optional(),
});

const Name = z.string().min(1).max(200);

const InquiryOption = z.strictObject({
  ref: z.string().min(1).max(64),
  label: z.string().min(1).max(75).optional().describe('The label of the button.'),
  style: z.enum(['primary', 'danger', 'default']).optional(),
  outcome: z.enum(['approve', 'deny']),
  form: z
    .enum(['required', 'none'])
    .optional()
    .describe(
      'Whether the form is required with this option. Defaults to `required` for approving and `none` for denying options.',
    ),
});

const InquiryNotifySchema = z.strictObject({
  slack: z.strictObject({ channel: z.string().min(1).max(200) }).optional(),
  teams: z
    .strictObject({ channel: z.string().min(1).max(200).describe('The id of the channel: 19:…@thread.tacv2') })
    .optional(),
  email: z
    .array(z.email().meta({ 'x-expected': 'an email address' }))
    .min(1)
    .max(50)
    .optional(),
  webhook: z.url({ protocol: /^https?$/ }).optional(),
});

const InquiryInputSchema = z.strictObject({
  prompt: z.string().max(3_000).optional().describe('The question, in one line.'),
  details: z.string().max(20_000).optional().describe('Background information, shown as text with its line breaks.'),
  approvers: z.array(Name).max(200).optional().describe('The people who may decide: subjects or aliases.'),
  groups: z.array(Name).max(200).optional().describe('The groups whose members may decide.'),
  options: z
    .array(InquiryOption)
    .min(1)
    .max(10)
    .optional()
    .describe('The options to choose from. Defaults to approve and deny.'),
  quorum: z.int().min(1).max(100).optional().describe('How many people must approve. Defaults to 1.'),
  deny_quorum: z.int().min(1).max(100).optional().describe('How many people must deny. Defaults to 1.'),
  response_schema: JsonObject.optional().describe('JSON Schema of the form that is filled in with a decision.'),
  timeout: z
    .number()
    .positive()
    .max(MAX_SECONDS)
    .optional()
    .describe('Seconds until the inquiry expires. By default it never expires.'),
  remind_every: z.number().min(60).max(MAX_SECONDS).optional().describe('Seconds between reminders.'),
  allow_self: z.boolean().optional().describe('Whether the person who started the run may decide. Defaults to false.'),
  notify: InquiryNotifySchema.optional().describe('Where people are notified.'),
  escalate: z
    .array(
      z.strictObject({
        after: z.number().positive().max(MAX_SECONDS).describe('Seconds after the question was asked.'),
        approvers: z.array(Name).max(200).optional(),
        groups: z.array(Name).max(200).optional(),
        notify: InquiryNotifySchema.optional(),
        reason: z.string().max(1_000).optional().describe('The reason that is shown to the people who are notified.'),
      }),
    )
    .max(5)
    .optional()
    .describe(
      'Who else is asked and notified if nobody decides in time. People who were asked before can still decide.',
    ),
  delegable: z
    .boolean()
    .optional()
    .describe('Whether people who are asked may delegate their decision. Defaults to false.'),
  bind: z.boolean().optional().describe('Whether a decision is valid only for what was shown. Defaults to true.'),
});

const DelayInputSchema = z.strictObject({
  seconds: z.number().min(0).max(MAX_SECONDS).optional(),
  until: z.iso
    .datetime({ offset: true })
    .meta({ 'x-expected': 'a date and time in ISO 8601 with a time zone, such as 2026-11-01T03:00:00Z' })
    .optional()
    .describe('ISO 8601 with a time zone.'),
});

const WaitSignalInputSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(200)
    .regex(SIGNAL_NAME)
    .meta({ 'x-expected': 'a name that does not begin with two underscores' })
    .describe('Must not begin with two underscores.'),
  timeout: z
    .number()
    .positive()
    .max(MAX_SECONDS)
    .optional()
    .describe('Seconds. Without it the task waits indefinitely.'),
});

/** The input of `email.send`. */
export const EmailInputSchema = z.strictObject({ ...MAIL_FIELDS, connection: Connection });

/** The input of `slack.post_message`. */
export const SlackMessageInputSchema = z.strictObject({
  channel: z.string(),
  message: z.string(),
  blocks: z.array(JsonValueSchema).optional(),
  thread_ts: z.string().optional(),
  connection: Connection,
});

/** The input of `jira.create_issue`. */
export const JiraIssueInputSchema = z.strictObject({
  project: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  issue_type: z.string().default('Task'),
  fields: JsonObject.optional(),
  connection: Connection,
});

/** The input of `pagerduty.create_incident`. */
export const IncidentInputSchema = z.strictObject({
  summary: z.string(),
  severity: z.enum(['critical', 'error', 'warning', 'info']).default('error'),
  source: z.string().optional(),
  dedup_key: z.string().optional(),
  details: JsonValueSchema.optional(),
  connection: Connection,
});

/** The input of `database.query`. */
export const QueryInputSchema = z.strictObject({
  sql: z.string(),
  params: z.array(JsonValueSchema).max(65_535).optional(),
  max_rows: z.int().min(1).max(10_000).default(1000),
  big_numbers: BigNumbers,
  connection: Connection,
});

/** The input of `database.insert`. */
export const InsertInputSchema = z.strictObject({
  table: z.string(),
  data: z.union([JsonObject, z.array(JsonObject)]),
  returning: z.array(z.string()).optional(),
  big_numbers: BigNumbers,
  connection: Connection,
});

/** The input of `s3.upload`. */
export const UploadInputSchema = z.strictObject({
  bucket: z.string().min(3).max(255),
  key: z.string().min(1).max(1024),
  data: JsonValueSchema.describe('A string is stored as text, `{ "base64": … }` as bytes, any other value as JSON.'),
  content_type: z.string().optional(),
  connection: Connection,
});

/** The input of `aws.deploy`. */
export const DeployInputSchema = z.strictObject({
  application: z.string(),
  deployment_group: z.string(),
  revision: JsonObject.optional().describe(
    'A CodeDeploy RevisionLocation. Defaults to the last revision of the deployment group.',
  ),
  description: z.string().max(200).optional(),
  wait: z.boolean().default(true).describe('Whether to wait until the deployment has ended.'),
  connection: Connection,
});

/**
 * A built-in action, and the part of Fermata that runs it: a worker, the workflow itself without adding to the history (`inline`), or the
 * interpreter, which waits for time (`timer`), for a signal, or for people (`inquiry`).
 */
export interface BuiltinAction {
  ref: string;
  label: string;
  description: string;
  runs: 'worker' | 'inline' | 'timer' | 'signal' | 'inquiry';
  param: z.ZodType;
  out?: z.ZodType;
}

const action = (
  ref: string,
  label: string,
  description: string,
  param: z.ZodType,
  out?: z.ZodType,
  runs: BuiltinAction['runs'] = 'worker',
): BuiltinAction => ({ ref, label, description, runs, param, ...(out === undefined ? {} : { out }) });

/** Every built-in action. */
export const BUILTIN_ACTIONS: readonly BuiltinAction[] = [
  action(
    'core.http',
    'HTTP request',
    'Calls a URL. A status outside `expect` fails with `http_error`.',
    HttpInputSchema,
    z.strictObject({
      status_code: z.int(),
      headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
      encoding: z.enum(['json', 'text', 'base64', 'none']),
      body: JsonValueSchema,
      duration_ms: z.number(),
    }),
  ),
  action(
    'core.transform',
    'Transform',
    'Returns its rendered `data`, or its whole input if there is no `data`.',
    JsonValueSchema,
    undefined,
    'inline',
  ),
  action('core.noop', 'No operation', 'Does nothing and returns null.', JsonValueSchema, z.null(), 'inline'),
  action('core.fail', 'Fail', 'Fails on purpose.', FailInputSchema, undefined, 'inline'),
  action('core.log', 'Log', 'Writes an entry to the log of the execution.', LogInputSchema, z.null(), 'inline'),
  action(
    'core.delay',
    'Delay',
    'Waits for a number of seconds, or until a point in time.',
    DelayInputSchema,
    z.strictObject({ waited_ms: z.number() }),
    'timer',
  ),
  action(
    'core.inquiry',
    'Inquiry',
    'Asks people and waits for their decision. The task fails if they deny or nobody decides in time.',
    InquiryInputSchema,
    z.strictObject({
      outcome: z.literal('approve'),
      option: z.string(),
      response: JsonValueSchema.describe('The response of the last approval.'),
      responses: z.array(z.strictObject({ by: z.string(), response: JsonValueSchema })),
      decided_by: z.array(z.string()),
      decided_at: z.iso.datetime(),
      comment: z.string().nullable(),
      override: z.literal(true).optional(),
    }),
    'inquiry',
  ),
  action(
    'core.wait_signal',
    'Wait for a signal',
    'Waits for a signal and returns its payload.',
    WaitSignalInputSchema,
    undefined,
    'signal',
  ),
  action(
    'email.send',
    'Send e-mail',
    'Sends a message by SMTP.',
    EmailInputSchema,
    z.strictObject({ message_id: z.string(), accepted: z.array(z.string()), rejected: z.array(z.string()) }),
  ),
  action(
    'slack.post_message',
    'Post a message',
    'Posts a message to a Slack channel.',
    SlackMessageInputSchema,
    z.strictObject({ ok: z.boolean(), channel: z.string(), ts: z.string() }),
  ),
  action(
    'jira.create_issue',
    'Create an issue',
    'Creates a Jira issue.',
    JiraIssueInputSchema,
    z.strictObject({ id: z.string(), key: z.string(), url: z.string() }),
  ),
  action(
    'pagerduty.create_incident',
    'Create an incident',
    'Sends a trigger event to PagerDuty (Events API v2).',
    IncidentInputSchema,
    z.strictObject({ status: z.string(), dedup_key: z.string() }),
  ),
  action(
    'database.query',
    'Query',
    'Runs one SQL statement with bound parameters.',
    QueryInputSchema,
    z.strictObject({ rows: z.array(JsonValueSchema), row_count: z.int(), truncated: z.boolean() }),
  ),
  action(
    'database.insert',
    'Insert',
    'Inserts one or more rows.',
    InsertInputSchema,
    z.strictObject({ row_count: z.int(), rows: z.array(JsonValueSchema) }),
  ),
  action(
    's3.upload',
    'Upload',
    'Uploads an object to a bucket.',
    UploadInputSchema,
    z.strictObject({ bucket: z.string(), key: z.string(), etag: z.string(), version_id: z.string().nullable() }),
  ),
  action(
    'aws.deploy',
    'Deploy',
    'Starts a CodeDeploy deployment and waits for it.',
    DeployInputSchema,
    z.strictObject({ deployment_id: z.string(), status: z.string() }),
  ),
];

/** Actions of workers that may be issued again, because a repetition has no further effect. */
export const IDEMPOTENT = new Map<string, true | 'by_method'>([
  ['core.http', 'by_method'],
  ['pagerduty.create_incident', true],
  ['s3.upload', true],
  ['aws.deploy', true],
]);

/** Returns the JSON Schema (2020-12) of the input of an action; undefined when it takes any input. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, Json> | undefined {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  // Zod's output is JSON; its type is wider only because it also describes schemas read from elsewhere.
  return Object.keys(rest).length === 0 ? undefined : (rest as Record<string, Json>);
}

/** The packs of the built-in actions, which every tenant has. */
export const BUILTIN_PACKS: readonly { ref: string; label: string }[] = [
  ...new Set(BUILTIN_ACTIONS.map(({ ref }) => ref.split('.')[0]!)),
].map((ref) => ({ ref, label: ref[0]!.toUpperCase() + ref.slice(1) }));
