import { z } from 'zod';
import { BigNumbers, HttpInputSchema } from './http-input.ts';
import type { Json } from './json.ts';
import { JsonValueSchema } from './json-value.ts';
import { MAIL_FIELDS } from './mail.ts';
import { SIGNAL_NAME } from './signal.ts';
import { MAX_SECONDS } from './words.ts';

const JsonObject = z.record(z.string(), JsonValueSchema);
const Connection = z.string().optional().describe('Name of the connection; "default" is used unless it is given.');

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
  label: z.string().min(1).max(75).optional().describe('What the button says.'),
  style: z.enum(['primary', 'danger', 'default']).optional(),
  outcome: z.enum(['approve', 'deny']),
  form: z
    .enum(['required', 'none'])
    .optional()
    .describe('Whether the form must come with it: required unless given where it approves, none where it denies.'),
});

const InquiryNotifySchema = z.strictObject({
  slack: z.strictObject({ channel: z.string().min(1).max(200) }).optional(),
  teams: z
    .strictObject({ channel: z.string().min(1).max(200).describe('Id of the channel: 19:…@thread.tacv2') })
    .optional(),
  email: z.array(z.email()).min(1).max(50).optional(),
  webhook: z.url({ protocol: /^https?$/ }).optional(),
});

const InquiryInputSchema = z.strictObject({
  prompt: z.string().max(3_000).optional().describe('What is asked, in a line.'),
  details: z.string().max(20_000).optional().describe('What there is to know, in Markdown.'),
  approvers: z.array(Name).max(200).optional().describe('Who may decide: subjects, or other names of people.'),
  groups: z.array(Name).max(200).optional().describe('Whose members may decide.'),
  options: z.array(InquiryOption).min(1).max(10).optional().describe('What is offered; approve and deny unless given.'),
  quorum: z.int().min(1).max(100).optional().describe('People who must approve; 1 unless given.'),
  deny_quorum: z.int().min(1).max(100).optional().describe('People who must deny; 1 unless given.'),
  response_schema: JsonObject.optional().describe('JSON Schema of the form that comes with a decision.'),
  timeout: z.number().positive().max(MAX_SECONDS).optional().describe('Seconds until it expires; never unless given.'),
  remind_every: z.number().min(60).max(MAX_SECONDS).optional().describe('Seconds between reminders.'),
  allow_self: z.boolean().optional().describe('Whether who started the run may decide; not unless given.'),
  notify: InquiryNotifySchema.optional().describe('Where to ask.'),
  escalate: z
    .array(
      z.strictObject({
        after: z.number().positive().max(MAX_SECONDS).describe('Seconds since the question was asked.'),
        approvers: z.array(Name).max(200).optional(),
        groups: z.array(Name).max(200).optional(),
        notify: InquiryNotifySchema.optional(),
        reason: z.string().max(1_000).optional().describe('What those who are told read first.'),
      }),
    )
    .max(5)
    .optional()
    .describe('Who else is asked, and told, while nobody has decided; who was asked stays asked.'),
  delegable: z
    .boolean()
    .optional()
    .describe('Whether somebody who is asked may name another person to decide on their behalf; not unless given.'),
  bind: z.boolean().optional().describe('Whether a decision holds only for what was shown; it does unless given.'),
});

const DelayInputSchema = z.strictObject({
  seconds: z.number().min(0).max(MAX_SECONDS).optional(),
  until: z.iso.datetime({ offset: true }).optional().describe('ISO 8601 with a time zone.'),
});

const WaitSignalInputSchema = z.strictObject({
  name: z.string().min(1).max(200).regex(SIGNAL_NAME).describe('Must not begin with two underscores.'),
  timeout: z.number().positive().max(MAX_SECONDS).optional().describe('Seconds; without it the task waits for ever.'),
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
  data: JsonValueSchema.describe('Text as it is, `{ "base64": … }` as bytes, anything else as JSON.'),
  content_type: z.string().optional(),
  connection: Connection,
});

/** The input of `aws.deploy`. */
export const DeployInputSchema = z.strictObject({
  application: z.string(),
  deployment_group: z.string(),
  revision: JsonObject.optional().describe("CodeDeploy's RevisionLocation; the group's last one unless given."),
  description: z.string().max(200).optional(),
  wait: z.boolean().default(true).describe('Whether the task ends when the deployment does, or once it is begun.'),
  connection: Connection,
});

/**
 * An action that comes with Fermata, and what runs it: a worker, the workflow itself at no cost in history (`inline`),
 * or the engine, which waits for time (`timer`), for a signal, or for people (`inquiry`).
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

/** Every built-in action (design/shapes.md, Actions). */
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
    'Gives back its rendered `data`, or its whole input when there is none.',
    JsonValueSchema,
    undefined,
    'inline',
  ),
  action('core.noop', 'No operation', 'Does nothing and gives null.', JsonValueSchema, z.null(), 'inline'),
  action('core.fail', 'Fail', 'Fails on purpose.', FailInputSchema, undefined, 'inline'),
  action('core.log', 'Log', 'Writes an entry into the log of the execution.', LogInputSchema, z.null(), 'inline'),
  action(
    'core.delay',
    'Delay',
    'Waits for some seconds, or until a time.',
    DelayInputSchema,
    z.strictObject({ waited_ms: z.number() }),
    'timer',
  ),
  action(
    'core.inquiry',
    'Inquiry',
    'Asks people and waits for their decision. Denied and expired are failures.',
    InquiryInputSchema,
    z.strictObject({
      outcome: z.literal('approve'),
      option: z.string(),
      response: JsonValueSchema.describe('The last approving response.'),
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
    'Waits for a message and gives its payload.',
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
    'Inserts one row or several.',
    InsertInputSchema,
    z.strictObject({ row_count: z.int(), rows: z.array(JsonValueSchema) }),
  ),
  action(
    's3.upload',
    'Upload',
    'Stores an object in a bucket.',
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

/** Actions of workers that may be issued again: what they are asked twice, they do once. */
export const IDEMPOTENT = new Map<string, true | 'by_method'>([
  ['core.http', 'by_method'],
  ['pagerduty.create_incident', true],
  ['s3.upload', true],
  ['aws.deploy', true],
]);

/** The JSON Schema (2020-12) of what an action takes, or undefined where it takes anything. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, Json> | undefined {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  // Zod's output is JSON; its type is wider only because it also describes schemas read from elsewhere.
  return Object.keys(rest).length === 0 ? undefined : (rest as Record<string, Json>);
}
