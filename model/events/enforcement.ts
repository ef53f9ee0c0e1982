import { z } from 'zod';
import { JsonValueSchema } from '../json-value.ts';
import { ENFORCEMENT_STATUSES } from './states.ts';

/** Why a match starts nothing on purpose, and why one cannot be started. */
export const SUPPRESSED_REASONS = [
  'duplicate',
  'throttled',
  'loop',
  'too_deep',
  'rule_disabled',
  'rule_deleted',
] as const;
export const FAILED_REASONS = [
  'template_error',
  'condition_not_boolean',
  'input_invalid',
  'workflow_not_found',
  'workflow_disabled',
  'sub_workflow_invalid',
  'definition_outdated',
  'permission_missing',
  'task_queue_forbidden',
  'concurrency_conflict',
  'not_authentic',
  'starters_unknown',
  'too_large',
  'internal',
] as const;

/** The code of a reason. */
export type ReasonCode = (typeof SUPPRESSED_REASONS)[number] | (typeof FAILED_REASONS)[number];

/** Why an enforcement is suppressed or has failed; `path` points into the rule, line and column into a template. */
export const EnforcementReasonSchema = z.object({
  code: z.enum([...SUPPRESSED_REASONS, ...FAILED_REASONS]),
  message: z.string(),
  path: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
});

/** Why an enforcement is suppressed or has failed. */
export type EnforcementReason = z.infer<typeof EnforcementReasonSchema>;

/** An enforcement as lists show it. */
export const EnforcementSummarySchema = z.object({
  id: z.int(),
  rule: z.int().describe('The integer id of the rule.'),
  rule_ref: z.string(),
  rule_revision: z.int(),
  event: z.int(),
  event_type: z.string(),
  trigger_ref: z.string().nullable(),
  status: z.enum(ENFORCEMENT_STATUSES),
  reason: EnforcementReasonSchema.nullable(),
  workflow: z.string().describe('The ref of the workflow or action that it starts.'),
  execution: z.int().nullable().describe('The id of the execution that it has started.'),
  duplicate_of: z.int().nullable().describe('The enforcement whose key it repeats.'),
  not_before: z.iso.datetime().nullable().describe('When it is tried next, where that is put off.'),
  attempts: z.int().describe('How often its start has failed for reasons of Fermata itself.'),
  created: z.iso.datetime(),
  updated: z.iso.datetime(),
  started: z.iso.datetime().nullable(),
});

/** An enforcement with what its rule makes of its event. */
export const EnforcementSchema = EnforcementSummarySchema.extend({
  parameters: z
    .record(z.string(), JsonValueSchema)
    .nullable()
    .describe('Rendered anew from the revision and the event; null where that is impossible.'),
  executions: z.array(z.int()).describe('The execution that it has started, and its retries.'),
});

/** An enforcement as lists show it. */
export type EnforcementSummary = z.infer<typeof EnforcementSummarySchema>;

/** An enforcement with what its rule makes of its event. */
export type EnforcementDetails = z.infer<typeof EnforcementSchema>;
