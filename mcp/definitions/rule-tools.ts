import { z } from 'zod';
import { AppError } from '../../model/app-error.ts';
import { JsonObjectSchema } from '../../model/request-fields.ts';
import { RuleCreateSchema } from '../../model/rules/rule.ts';
import { MadeUpEventSchema } from '../../model/rules/rule-test.ts';
import type { RuleTest } from '../../service/rules/rule-trials.ts';
import type { ToolServices } from '../services.ts';
import type { Tool } from '../tool.ts';

const RuleShape = z.object({
  ref: z.string(),
  label: z.string(),
  description: z.string().nullable(),
  enabled: z.boolean(),
  revision: z.number(),
  type: z.string().describe('The type of the events, or a pattern.'),
  triggerRef: z.string().nullable(),
  webhook: z.string().nullable(),
  when: z.string().nullable(),
  workflow: z.string().nullable(),
  actionRef: z.string().nullable(),
  parameters: z.any(),
  owner: z.string().describe('Its executions are started in their name.'),
  counts: z.object({
    matched: z.number(),
    started: z.number(),
    suppressed: z.number(),
    failed: z.number(),
    undefined: z.number().describe('Events that do not have a path of the condition.'),
  }),
});
const ListInput = z.strictObject({
  packRef: z.string().max(64).optional(),
  type: z.string().max(200).optional().describe('The type or pattern, as it is written in the rules.'),
  workflow: z.string().max(200).optional().describe('The workflow that they start.'),
  enabled: z.boolean().optional(),
  search: z.string().max(200).optional().describe('Text in ref, label or description.'),
  page: z.int().min(1).max(1_000_000).default(1),
  perPage: z.int().min(1).max(100).default(20),
});
const ListSchema = z.object({ data: z.array(RuleShape), total: z.number() });
const WrittenSchema = RuleShape.extend({
  warnings: z.array(z.object({ code: z.string(), path: z.string(), message: z.string() })),
});
const TestInput = z.strictObject({
  ref: z.string().max(200).optional().describe('The ref of a stored rule; alternatively, pass a rule.'),
  rule: JsonObjectSchema.optional().describe('A rule that need not be stored, as create_rule takes it.'),
  event: MadeUpEventSchema,
});
const TestSchema = z.object({
  matched: z.boolean(),
  reason: z.any().describe('Why it starts nothing; null if it starts something.'),
  type: z.object({ pattern: z.string(), matched: z.boolean() }),
  webhook: z.object({ name: z.string(), matched: z.boolean() }).nullable(),
  when: z.any().describe('The condition with the values of all its parts; null without one.'),
  loop: z.any().describe('The rules between the event and the outside, and whether it starts nothing for that.'),
  parameters: z.any(),
  wouldStart: z.any(),
  throttle: z.any().describe('The starts that count against its throttle now; null without one.'),
  dedupe: z.any().describe('The key, and the enforcement that has it already; null without one.'),
});

/** Creates the tools for rules. */
export function ruleTools({ rules, ruleTests }: Pick<ToolServices, 'rules' | 'ruleTests'>) {
  const list: Tool<typeof ListInput, typeof ListSchema> = {
    name: 'list_rules',
    description: 'List rules: which events start which workflows.',
    permission: 'workflow:read',
    effect: 'reads',
    input: ListInput,
    output: ListSchema,
    async run(principal, { page, perPage, ...filter }) {
      const window = { offset: (page - 1) * perPage, limit: perPage };
      const { rows, total } = await rules.list(principal, filter, window);
      return { data: rows.map(shapeOf), total };
    },
  };

  const create: Tool<typeof RuleCreateSchema, typeof WrittenSchema> = {
    name: 'create_rule',
    description: 'Store a new rule, which starts a workflow in your name for each event that matches. Test it first.',
    permission: 'workflow:write',
    effect: 'changes',
    idempotent: true,
    input: RuleCreateSchema,
    output: WrittenSchema,
    async run(principal, body) {
      const { rule, warnings } = await rules.create(principal, body);
      return { ...shapeOf(rule), warnings };
    },
  };

  const test: Tool<typeof TestInput, typeof TestSchema> = {
    name: 'test_rule',
    description:
      'Test a rule on an event that you make up: whether it matches, the value of each part of its condition, and what it would start. Starts nothing.',
    permission: 'workflow:read',
    effect: 'reads',
    input: TestInput,
    output: TestSchema,
    async run(principal, { ref, rule, event }) {
      if ((ref === undefined) === (rule === undefined)) {
        throw new AppError('request_invalid', 'pass either "ref" or "rule"');
      }
      const tested =
        ref === undefined
          ? await ruleTests.testUnsaved(principal, rule, { event })
          : await ruleTests.testStored(principal, ref, { event });
      // One event was tested.
      const { would_start: wouldStart, ...result } = tested as RuleTest;
      return { ...result, wouldStart };
    },
  };

  return [list, create, test] as const;
}

type Rule = Awaited<ReturnType<ToolServices['rules']['get']>>;

function shapeOf(rule: Rule): z.infer<typeof RuleShape> {
  const { ref, label, description, enabled, revision, content, ownerSubject: owner } = rule;
  const { type, trigger_ref: triggerRef, webhook, when, workflow, action_ref: actionRef, parameters } = content;
  const { lastMatch: _, ...counts } = rule.counts;
  return {
    ref,
    label,
    description,
    enabled,
    revision,
    type,
    triggerRef,
    webhook,
    when,
    workflow,
    actionRef,
    parameters,
    owner,
    counts,
  };
}
