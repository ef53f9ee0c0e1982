import { z } from 'zod';
import { RefSchema } from '../definition.ts';

/** The most rules that a replay names. */
const MAX_RULES = 100;

/** The body of POST /api/v1/events/{id}/replay. */
export const ReplayRequestSchema = z.strictObject({
  rules: z
    .array(RefSchema)
    .min(1)
    .max(MAX_RULES)
    .optional()
    .describe('The rules that alone may match, by their refs. All enabled ones unless given.'),
  reason: z.string().min(1).max(1_000).optional().describe('Stored in the audit log.'),
});

/** A parsed request to replay an event. */
export type ReplayRequest = z.infer<typeof ReplayRequestSchema>;

/** Reports whether a rule is applied to an event; `asked` has the integer ids of the rules that alone are, null for all. */
export function isAsked(asked: readonly number[] | null, rule: number): boolean {
  return asked === null || asked.includes(rule);
}
