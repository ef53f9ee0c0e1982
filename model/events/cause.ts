import { z } from 'zod';

/** The cause of a run: a rule that started it for an event. Fermata alone writes it. */
export const CauseSchema = z.object({
  by: z.literal('rule'),
  event: z.int(),
  event_type: z.string(),
  rule: z.int().describe('The integer id of the rule.'),
  rule_ref: z.string(),
  enforcement: z.int(),
  webhook: z.string().nullable().describe('The name of the webhook through which the event came.'),
  depth: z.int().describe('The number of rules between the event and the outside.'),
});

/** The cause of a run. */
export type Cause = z.infer<typeof CauseSchema>;

/** Returns what began the run of an enforcement. */
export function buildCause(enforcement: {
  id: number;
  event: number;
  eventType: string;
  rule: number;
  ruleRef: string;
  webhook: string | null;
  depth: number;
}): Cause {
  const { id, event, eventType, rule, ruleRef, webhook, depth } = enforcement;
  return { by: 'rule', event, event_type: eventType, rule, rule_ref: ruleRef, enforcement: id, webhook, depth };
}
