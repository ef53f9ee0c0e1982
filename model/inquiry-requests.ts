import { z } from 'zod';
import { JsonValueSchema } from './json-value.ts';

/** The digest of everything that a decision is about, as it was shown. */
export const BoundToSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe(
    'The `bound_to` of the inquiry that was shown: the decision is valid for nothing else. Defaults to the current one.',
  );

/** The body of POST /api/v1/inquiries/{id}/respond. */
export const RespondSchema = z.strictObject({
  option: z.string().min(1).max(64).describe('The ref of the chosen option.'),
  response: JsonValueSchema.optional().describe('The values of the form. Defaults to null.'),
  comment: z.string().max(4_000).optional(),
  bound_to: BoundToSchema.optional(),
});

/** The body of POST /api/v1/inquiries/{id}/override. */
export const OverrideSchema = RespondSchema.omit({ comment: true }).extend({
  reason: z.string().min(1).max(4_000).describe('Why the people who are asked do not decide; it is shown to them.'),
});

/** The body of POST /api/v1/inquiries/{id}/delegate. */
export const DelegateSchema = z.strictObject({
  to: z.string().min(1).max(200).describe('The person who decides instead: a subject or an alias.'),
  reason: z.string().max(4_000).optional().describe('The reason, which is shown to that person.'),
});

/** The body of POST /api/v1/inquiries/{id}/delegate/withdraw. */
export const WithdrawSchema = DelegateSchema.pick({ reason: true });
