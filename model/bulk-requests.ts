import { z } from 'zod';
import { ExecutionFilterSchema } from './execution-filter.ts';

/** The fields of the body of POST /api/v1/executions/bulk/{verb}. */
export const BULK_FIELDS = {
  ids: z
    .array(z.union([z.int(), z.string().max(200)]))
    .min(1)
    .max(10_000)
    .optional()
    .describe('Execution ids, in any of their forms.'),
  filter: ExecutionFilterSchema.refine(
    (filter) => Object.values(filter).some((value) => value !== undefined),
    'must not be empty',
  )
    .optional()
    .describe(
      'The filters of the list. Of the matching executions, open ones are cancelled, terminated or paused, paused ones are resumed, closed ones are deleted, and those that are failed, timed out, abandoned, cancelled or terminated are retried.',
    ),
  reason: z.string().max(1000).optional(),
};

/** Returns whether a body names executions in exactly one way. */
export const hasOneTarget = ({ ids, filter }: { ids?: unknown; filter?: unknown }): boolean =>
  (ids === undefined) !== (filter === undefined);

/** The message about a body that does not. */
export const ONE_TARGET = { message: 'either "ids" or "filter" is required, but not both', path: ['ids'] };
