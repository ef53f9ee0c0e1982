import { z } from 'zod';
import { InstantSchema } from './instant.ts';
import { MAX_ROW_ID } from './request-fields.ts';
import { isStorableText, NOT_STORABLE } from './text.ts';

// The filters of lists, exports and bulk jobs of executions (Executions API).

const Instant = InstantSchema.transform((text) => new Date(text));

/** The beginning and the end of a period. */
export const RANGE_FILTERS = {
  created_after: Instant.optional().describe('ISO 8601 with a time zone: created at or after this time.'),
  created_before: Instant.optional().describe('ISO 8601 with a time zone: created before this time.'),
};

/** The filters that are text in every place. */
export const TEXT_FILTER_NAMES = {
  status: z.string().max(64).optional().describe('A status, by the name that any of the APIs gives it.'),
  action_ref: z
    .string()
    .min(1)
    .max(200)
    .refine(isStorableText, NOT_STORABLE)
    .optional()
    .describe("The ref of the execution or of one of its tasks' actions; * is a wildcard."),
  pack_name: z.string().min(1).max(64).refine(isStorableText, NOT_STORABLE).optional(),
  result_contains: z.string().min(1).max(1000).optional().describe('Text anywhere in the result; case-insensitive.'),
  error: z
    .string()
    .regex(/^[\da-f]{16}$/, 'must be the `fingerprint` of an error')
    .optional()
    .describe('The `fingerprint` of the error, as `GET /executions/errors` lists it.'),
  search: z.string().min(1).max(200).optional().describe('An id in any of its forms, or part of a `workflow_id`.'),
};

/** The id of an execution in any spelling, as text. */
const IdText = z.string().min(1).max(200);

const PARENT = 'Id in any form of the run that has started them.';

/** The filter by a parent, as in a query. */
export const PARENT_FILTER = { parent: IdText.optional().describe(PARENT) };

/** The filters by what began a run, as in a query. */
export const CAUSE_FILTERS = {
  rule: z
    .string()
    .min(1)
    .max(200)
    .refine(isStorableText, NOT_STORABLE)
    .optional()
    .describe('The ref or the integer id of the rule that has started it.'),
};

/** The filters of a bulk job. */
export const ExecutionFilterSchema = z.strictObject({
  ...TEXT_FILTER_NAMES,
  enforcement: z.int().min(0).optional(),
  event: z.int().min(1).optional().describe('The id of the event for which a rule has started it.'),
  ...CAUSE_FILTERS,
  parent: z
    .union([z.int().min(0), IdText])
    .optional()
    .describe(PARENT),
  executor: z.int().min(0).max(MAX_ROW_ID).optional().describe('The integer id of the principal that started it.'),
  ...RANGE_FILTERS,
});

/** The given filters; an execution must match all of them. */
export type ExecutionFilterRequest = z.output<typeof ExecutionFilterSchema>;
