import { z } from 'zod';
import { PackRefSchema, RefSchema, VersionSchema } from '../definition.ts';
import type { JsonObject } from '../json.ts';
import { JsonObjectSchema, LabelSchema, TagSchema } from '../request-fields.ts';
import { EventPatternSchema } from './patterns.ts';

/** The longest window in which a key starts once, and the longest span of a throttle: a week, in seconds. */
const MAX_WINDOW = 604_800;

const TemplateSchema = z.string().min(1).max(100_000);

/** The name of a webhook. */
export const WebhookNameSchema = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'must be letters, digits, _ and -');

/** Further matches with the same key start nothing for a while. */
const DedupeSchema = z.strictObject({
  key: TemplateSchema.describe('A text with templates over `event` and `rule`.'),
  window: z.int().min(1).max(MAX_WINDOW).default(3600).describe('Seconds from the first match with the key.'),
});

/** At most so many starts in any span of time. */
const ThrottleSchema = z.strictObject({
  limit: z.int().min(1).max(10_000),
  per: z.int().min(1).max(MAX_WINDOW).describe('Seconds.'),
  policy: z.enum(['queue', 'skip']).default('queue').describe('Whether further matches wait or start nothing.'),
});

/** The fields of a rule that decide about events or say what is started; a change of one makes a revision. */
const CONTENT = {
  trigger_ref: RefSchema.nullable().optional().describe('The trigger whose events are meant, instead of `type`.'),
  type: EventPatternSchema.nullable()
    .optional()
    .describe('The type of the events, or a pattern whose last segment is `*`.'),
  webhook: WebhookNameSchema.nullable().optional().describe('Only events that came in by this webhook.'),
  when: TemplateSchema.nullable()
    .optional()
    .describe('A condition over `event` and `rule`; a path that is absent means no match.'),
  workflow: RefSchema.nullable().optional().describe('The workflow to start.'),
  action_ref: RefSchema.nullable().optional().describe('The action to start, instead of `workflow`.'),
  version: VersionSchema.nullable().optional().describe('Use the newest revision of the workflow with this label.'),
  parameters: z
    .union([JsonObjectSchema, TemplateSchema])
    .optional()
    .describe('The input: an object with templates, or one template that evaluates to an object. Defaults to {}.'),
  run_tags: z.array(TagSchema).max(100).optional().describe('Tags of the executions that it starts.'),
  dedupe: DedupeSchema.nullable().optional(),
  throttle: ThrottleSchema.nullable().optional(),
  ordered: z.boolean().optional().describe('Whether executions are started in the order of the events.'),
  allow_loops: z.boolean().optional().describe('Whether it may be started by the executions that it began.'),
};

/** The body of POST /api/v1/rules. */
export const RuleCreateSchema = z.strictObject({
  ref: RefSchema.describe('`pack.name`, where `pack` is the ref of the pack.'),
  pack_ref: PackRefSchema,
  label: LabelSchema,
  description: z.string().max(10_000).nullable().optional(),
  tags: z.array(TagSchema).max(100).optional(),
  enabled: z.boolean().optional().describe('Whether it starts anything. Defaults to true.'),
  ...CONTENT,
});

/** The body of PUT /api/v1/rules/{ref}: every field may be left out, and stays as it is then. */
export const RuleUpdateSchema = RuleCreateSchema.omit({ ref: true, pack_ref: true }).partial();

/** A parsed body for a new rule. */
export type RuleCreate = z.infer<typeof RuleCreateSchema>;

/** The content of a revision of a rule: everything that decides about events or says what is started. */
export interface RuleContent {
  trigger_ref: string | null;
  /** The type of the events, or a pattern; that of the trigger, if the rule names one. */
  type: string;
  webhook: string | null;
  when: string | null;
  /** The ref of a workflow; null: `action_ref` is given. */
  workflow: string | null;
  action_ref: string | null;
  version: string | null;
  parameters: JsonObject | string;
  run_tags: string[];
  dedupe: z.infer<typeof DedupeSchema> | null;
  throttle: Throttle | null;
  ordered: boolean;
  allow_loops: boolean;
}

/** At most so many starts in any span of seconds. */
export type Throttle = z.infer<typeof ThrottleSchema>;

/** Returns the ref of the workflow or action that a rule starts. */
export function startedRef({ workflow, action_ref }: Pick<RuleContent, 'workflow' | 'action_ref'>): string {
  return workflow ?? action_ref ?? '';
}

/** The name of a rule at one of its revisions, as its templates see it by the name `rule`. */
export interface RuleName {
  ref: string;
  revision: number;
}
