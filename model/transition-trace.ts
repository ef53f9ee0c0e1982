import { z } from 'zod';
import { SHOWN_PATHS } from './preview.ts';
import { PreviewSchema } from './preview-schema.ts';

/** A decision of a run about a transition of a visit that had ended. */
export const TransitionTraceSchema = z.object({
  from: z.string().describe('The key of the visit that had ended.'),
  index: z.int().describe('The place of the transition among those of its task, from 0.'),
  on: z.enum(['success', 'failure', 'complete']),
  when: z.string().nullable().describe('The condition; null if there is none.'),
  to: z.array(z.string()).describe('The tasks that it leads to, and its words `noop`, `fail` and `retry`.'),
  value: z.boolean().nullable().describe('The value of the condition; null if it was not evaluated.'),
  error: z.string().nullable().describe('Why the condition could not be evaluated.'),
  fired: z.boolean(),
  reason: z
    .enum(['fired', 'other_outcome', 'false', 'retry_limit', 'error'])
    .describe('Why it fired or not: `other_outcome` stands for `on`, `false` and `error` for the condition.'),
  read: z
    .array(
      z.object({
        path: z.string().describe('A path of the condition, such as `total` or `result().body.id`.'),
        value: PreviewSchema.nullable().describe('Its value; null: there was none.'),
      }),
    )
    .optional()
    .describe(
      `The first ${SHOWN_PATHS} paths that the condition names, whether or not their values decided it, if it was evaluated; without values that are too large. Absent where the execution hides values.`,
    ),
});
export type TransitionTrace = z.infer<typeof TransitionTraceSchema>;
