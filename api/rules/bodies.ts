import { z } from '@hono/zod-openapi';
import { JsonValueSchema } from '../../model/json-value.ts';
import { eventRuleUuid } from '../../model/rule-id.ts';
import { RuleCreateSchema } from '../../model/rules/rule.ts';
import type { RuleService } from '../../service/rules/rules.ts';
import type { TriggerService } from '../../service/rules/triggers.ts';
import { IssueSchema } from '../http/errors.ts';

const JsonObjectSchema = z.record(z.string(), JsonValueSchema);
const CONTENT = RuleCreateSchema.shape;

/** The fields that a revision of a rule holds. */
const RULE_CONTENT = {
  trigger_ref: z.string().nullable(),
  type: z.string().describe('The type of the events, or a pattern; that of the trigger, if there is one.'),
  webhook: z.string().nullable(),
  when: z.string().nullable(),
  workflow: z.string().nullable(),
  action_ref: z.string().nullable(),
  version: z.string().nullable(),
  parameters: z.union([JsonObjectSchema, z.string()]),
  run_tags: z.array(z.string()),
  dedupe: CONTENT.dedupe.unwrap(),
  throttle: CONTENT.throttle.unwrap(),
  ordered: z.boolean(),
  allow_loops: z.boolean(),
};

/** A rule. */
export const EventRuleSchema = z
  .object({
    id: z.int(),
    uuid: z.uuid(),
    ref: z.string(),
    pack_ref: z.string(),
    label: z.string(),
    description: z.string().nullable(),
    tags: z.array(z.string()),
    enabled: z.boolean(),
    revision: z.int().describe('Increases by one with each change of what decides or is started.'),
    ...RULE_CONTENT,
    owner: z.string().describe('Who wrote it last; its executions are started in their name.'),
    counts: z
      .object({
        matched: z.int(),
        started: z.int(),
        suppressed: z.int(),
        failed: z.int(),
        undefined: z.int().describe('Events that do not have a path of the condition.'),
        last_match: z.iso.datetime().nullable(),
      })
      .describe('What has become of the events that it was applied to.'),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
  })
  .openapi('Rule');

/** A revision of a rule. */
export const RuleRevisionSchema = z
  .object({
    revision: z.int(),
    hash: z.string().describe('SHA-256 of the canonical JSON of what it holds.'),
    created: z.iso.datetime(),
    ...RULE_CONTENT,
  })
  .openapi('RuleRevision');

/** A trigger. */
export const TriggerSchema = z
  .object({
    id: z.int(),
    ref: z.string(),
    pack_ref: z.string(),
    label: z.string(),
    description: z.string().nullable(),
    type: z.string(),
    schema: JsonObjectSchema.nullable(),
    examples: z.array(JsonValueSchema),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
  })
  .openapi('Trigger');

const EvaluatedShape = {
  text: z.string(),
  value: JsonValueSchema.optional(),
  cut: z.literal(true).optional().describe('The value is too long: this is the beginning of its JSON.'),
  error: z
    .object({ code: z.enum(['syntax', 'undefined', 'type', 'unknown', 'limit']), message: z.string() })
    .optional(),
};

/** How a condition comes to its value. */
export const ConditionExplanationSchema = z
  .object({
    ...EvaluatedShape,
    operands: z.array(z.object(EvaluatedShape)).optional().describe('What a comparison compares.'),
    parts: z
      .array(z.record(z.string(), JsonValueSchema))
      .optional()
      .describe('The parts of `and`, `or` and `not`, each explained in the same way, and each evaluated.'),
  })
  .openapi('ConditionExplanation');

/** Why a rule starts nothing. */
const ReasonSchema = z.object({
  code: z.string(),
  message: z.string(),
  path: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
});

/** The result of a test of a rule on the newest events of its type. */
export const RecentTestResultSchema = z
  .object({
    considered: z.int().describe('How many events were tested, newest first.'),
    limited_by: z
      .enum(['size', 'time'])
      .nullable()
      .describe(
        'Why no more of them were: their payloads, or the test, took too much. Null when nothing has ended it early.',
      ),
    matched: z.array(z.int()).describe('The ids of the events that match, newest first.'),
    undefined: z.int().describe('How many do not have a path of the condition.'),
    failed: z.array(z.object({ event: z.int(), reason: ReasonSchema })),
  })
  .openapi('RecentRuleTest');

/** The result of a test of a rule on an event. */
export const RuleTestResultSchema = z
  .object({
    matched: z.boolean(),
    reason: ReasonSchema.nullable().describe('Why it starts nothing.'),
    type: z.object({ pattern: z.string(), matched: z.boolean() }),
    webhook: z.object({ name: z.string(), matched: z.boolean() }).nullable(),
    when: ConditionExplanationSchema.nullable(),
    loop: z
      .object({
        depth: z.int(),
        chain: z.array(z.int()).describe('The integer ids of these rules.'),
        suppressed: z.enum(['loop', 'too_deep']).nullable().describe('Why it starts nothing behind them.'),
      })
      .describe('The rules between the event and the outside.'),
    parameters: JsonObjectSchema.nullable(),
    would_start: z
      .object({
        workflow: z.string(),
        version: z.string().nullable(),
        revision: z.int().nullable(),
        issues: z.array(IssueSchema).describe('Why it could not be started now.'),
      })
      .nullable(),
    dedupe: z
      .object({
        key: z.string(),
        duplicate_of: z.int().nullable().describe('The enforcement that has the same key.'),
      })
      .nullable()
      .describe('Null unless a rule with `dedupe` matches.'),
    throttle: z
      .object({
        limit: z.int(),
        per: z.int(),
        policy: z.enum(['queue', 'skip']),
        taken: z.int().describe('The starts of the last `per` seconds, and those that wait, up to the limit.'),
        not_before: z.iso.datetime().nullable().describe('Until when a further match waits.'),
      })
      .nullable()
      .describe('Null unless a rule with `throttle` matches.'),
  })
  .openapi('RuleTest');

/** Makes the body of a rule. */
export function ruleBody(rule: Awaited<ReturnType<RuleService['get']>>): z.infer<typeof EventRuleSchema> {
  const { id, ref, packRef, label, description, tags, enabled, revision, content, ownerSubject, counts } = rule;
  const { lastMatch, ...sums } = counts;
  return {
    id,
    uuid: eventRuleUuid(id),
    ref,
    pack_ref: packRef,
    label,
    description,
    tags,
    enabled,
    revision,
    ...content,
    owner: ownerSubject,
    counts: { ...sums, last_match: lastMatch?.toISOString() ?? null },
    created: rule.created.toISOString(),
    updated: rule.updated.toISOString(),
  };
}

/** Makes the body of a revision. */
export function ruleRevisionBody({
  revision,
  hash,
  content,
  created,
}: Awaited<ReturnType<RuleService['revisions']>>[number]) {
  return { revision, hash, created: created.toISOString(), ...content };
}

/** Makes the body of a trigger. */
export function triggerBody(trigger: Awaited<ReturnType<TriggerService['get']>>): z.infer<typeof TriggerSchema> {
  const { id, ref, packRef, label, description, type, schema, examples, created, updated } = trigger;
  return {
    id,
    ref,
    pack_ref: packRef,
    label,
    description,
    type,
    schema,
    examples,
    created: created.toISOString(),
    updated: updated.toISOString(),
  };
}
