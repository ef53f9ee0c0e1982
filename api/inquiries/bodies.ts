import { z } from '@hono/zod-openapi';
import { heldDelegations } from '../../model/delegation.ts';
import { integerId } from '../../model/execution-id.ts';
import { CHANNELS, INQUIRY_STATUSES, type Inquiry, NOTICE_CHANNELS } from '../../model/inquiry.ts';
import { inquiryId } from '../../model/inquiry-id.ts';
import { compareText } from '../../model/json.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import { DELIVERY_STATES, NOTICE_KINDS } from '../../model/notice.ts';
import type { Answered, InquiryView } from '../../service/inquiries/inquiries.ts';
import type { Delivery } from '../../service/notices/deliveries.ts';
import { PaginationSchema } from '../http/routes.ts';

// Response bodies for inquiries: schemas, and the pure functions that build them.

const InstantSchema = z.iso.datetime();

const VoteSchema = z.object({
  by: z.string(),
  on_behalf_of: z.string().nullable().describe('The person on whose behalf this person decides.'),
  option: z.string(),
  outcome: z.enum(['approve', 'deny']),
  response: JsonValueSchema,
  comment: z.string().nullable(),
  channel: z.enum(CHANNELS).describe('The channel through which the decision was made.'),
  at: InstantSchema,
  bound_to: z.string().nullable(),
  override: z.boolean().describe('Whether an admin decided in place of the people who were asked.'),
  verified: z
    .boolean()
    .nullable()
    .describe(
      'Whether the execution has verified the signature of the decision; null for older executions, which do not verify signatures.',
    ),
  carried_from: z.int().optional().describe('The execution in which the decision was made, if a retry has kept it.'),
});
const INQUIRY = {
  id: z.string().describe('The integer id of the task execution; for an item, followed by [index].'),
  execution: z.int(),
  workflow_id: z.string(),
  action_ref: z.string().describe('The ref of the workflow that asks.'),
  requested_by: z.string().nullable().describe('The subject who started the execution.'),
  task: z.string(),
  prompt: z.string().nullable(),
  details: z.string().nullable().describe('Text.'),
  options: z.array(
    z.object({
      ref: z.string(),
      label: z.string(),
      style: z.enum(['primary', 'danger', 'default']),
      outcome: z.enum(['approve', 'deny']),
      form: z.enum(['required', 'none']).describe('Whether the form is required with this option.'),
    }),
  ),
  approvers: z.array(z.string()),
  groups: z.array(z.string()),
  escalation: z
    .array(
      z.object({
        after: z.number().describe('Seconds after the question was asked.'),
        approvers: z.array(z.string()),
        groups: z.array(z.string()),
        reason: z.string().nullable(),
        at: InstantSchema.nullable().describe('When these people were added; null if they have not been added yet.'),
      }),
    )
    .describe(
      'Who else is asked if nobody decides in time; people who have been added are also in `approvers` and `groups`.',
    ),
  delegable: z.boolean().describe('Whether people who are asked may delegate their decision.'),
  delegations: z
    .array(z.object({ by: z.string(), to: z.string(), reason: z.string().nullable(), at: InstantSchema }))
    .describe('The delegations: `to` decides on behalf of `by`, who no longer decides.'),
  quorum: z.int(),
  deny_quorum: z.int(),
  response_schema: z.record(z.string(), JsonValueSchema).nullable(),
  status: z.enum(INQUIRY_STATUSES),
  votes: z.array(VoteSchema),
  bound_to: z
    .string()
    .describe(
      'Hash of what is decided: the execution, its definition and parameters, the question, and what approval runs.',
    ),
  bind: z
    .boolean()
    .describe(
      'Whether a decision on another version is refused; if false, it counts for whatever approval runs by then.',
    ),
  will_run: z
    .array(z.object({ task: z.string(), action: z.string(), input: JsonValueSchema, rendered: z.boolean() }))
    .describe('The tasks that run next after approval; an input that is not known yet is given as written.'),
  created: InstantSchema,
  expires_at: InstantSchema.nullable(),
  decided_at: InstantSchema.nullable(),
};
const DeliverySchema = z
  .object({
    channel: z.enum(NOTICE_CHANNELS),
    target: z.string().describe('A chat channel, an e-mail address, or the origin of a URL.'),
    event: z.enum(NOTICE_KINDS),
    number: z.int().describe('The number among events of the same kind, from 1.'),
    state: z
      .enum(DELIVERY_STATES)
      .describe('`superseded`: replaced by a later event; `not_set_up`: the channel has no connection or settings.'),
    attempts: z.int(),
    error: z.string().nullable(),
    next_at: InstantSchema.nullable().describe('The time of the next attempt.'),
    delivered_at: InstantSchema.nullable(),
  })
  .openapi('Delivery');
const DELIVERED = { delivery: z.array(DeliverySchema).describe('The notices that were sent, oldest first.') };
/** An inquiry in a list. */
export const InquirySchema = z.object(INQUIRY).openapi('Inquiry');
/** A page of inquiries. */
export const InquiryListSchema = z.object({ data: z.array(InquirySchema), pagination: PaginationSchema });
/** An inquiry with its notices. */
export const InquiryDetailSchema = z.object({ ...INQUIRY, ...DELIVERED }).openapi('InquiryDetail');
/** An inquiry of one execution, with all decisions that it received. */
export const InquiryRecordSchema = z
  .object({
    ...INQUIRY,
    ...DELIVERED,
    decisions: z
      .array(
        z.object({
          id: z.string().nullable(),
          by: z.string().nullable(),
          channel: z.enum(CHANNELS).nullable(),
          option: z.string().nullable(),
          at: InstantSchema.nullable(),
          comment: z.string().nullable(),
          bound_to: z.string().nullable(),
          taken: InstantSchema,
          override: z.boolean(),
          verified: z
            .boolean()
            .nullable()
            .describe(
              'Whether the signature was verified; if false, `id` and `by` are unverified claims; null for executions that do not verify signatures.',
            ),
          result: z.enum(['decided', 'counted', 'refused']),
          reason: z.string().nullable().describe('Why the decision does not count.'),
        }),
      )
      .describe('All decisions that the execution has received, oldest first.'),
  })
  .openapi('InquiryRecord');
/** The result of a decision. */
export const AnsweredSchema = z.object({ data: InquirySchema, result: z.enum(['decided', 'counted', 'received']) });

/** Builds the response to a decision. */
export function answeredBody({ result, view }: Answered): z.infer<typeof AnsweredSchema> {
  return { data: viewBody(view), result };
}

/** Builds the body of an inquiry that was read with its execution. */
export function viewBody({ n, execution, inquiry }: InquiryView): z.infer<typeof InquirySchema> {
  const { workflowId, memo, workflowType } = execution;
  return inquiryBody({ n, workflowId, ref: memo?.ref ?? workflowType, owner: memo?.owner ?? null }, inquiry);
}

/** Builds the body of an inquiry. */
export function inquiryBody(
  { n, workflowId, ref, owner }: { n: number; workflowId: string; ref: string; owner: string | null },
  inquiry: Inquiry,
): z.infer<typeof InquirySchema> {
  const { request, task, status, votes, bound_to, plan, created, expires_at, decided_at, escalated = [] } = inquiry;
  const { prompt, details, options, approvers, groups, quorum, deny_quorum, response_schema, escalate = [] } = request;
  return {
    id: inquiryId(n, inquiry),
    execution: integerId(n),
    workflow_id: workflowId,
    action_ref: ref,
    requested_by: owner,
    task,
    prompt,
    details,
    approvers,
    groups,
    options: options.map(({ form = 'required', ...option }) => ({ ...option, form })),
    escalation: escalate.map(({ after, approvers: people, groups: members, reason }, index) => ({
      after,
      approvers: people,
      groups: members,
      reason,
      at: escalated[index] ?? null,
    })),
    quorum,
    deny_quorum,
    response_schema,
    status,
    delegable: request.delegable === true,
    delegations: heldDelegations(inquiry).map(({ by, to, reason, at }) => ({ by, to, reason, at })),
    votes: votes.map(({ id: _, override = false, on_behalf_of = null, proof, ...vote }) => ({
      ...vote,
      on_behalf_of,
      override,
      verified: proof === undefined ? null : true,
    })),
    bound_to,
    bind: request.bind,
    will_run: plan,
    created,
    expires_at,
    decided_at,
  };
}

/** Builds the body of a delivery. */
export function deliveryBody({ nextAt, deliveredAt, ...delivery }: Delivery): z.infer<typeof DeliverySchema> {
  return {
    ...delivery,
    next_at: nextAt?.toISOString() ?? null,
    delivered_at: deliveredAt?.toISOString() ?? null,
  };
}

/**
 * Builds the bodies of all decisions that an inquiry received, counted or not, in the order in which the execution
 * processed them.
 */
export function buildDecisions({ execution, inquiry }: InquiryView): z.infer<typeof InquiryRecordSchema>['decisions'] {
  const taken = inquiry.decisions.map(({ decision, verdict, verified = null, taken: at }) => {
    const { id, by, channel, option, comment, bound_to, override = false } = decision;
    const reason = verdict.result === 'refused' ? verdict.reason : null;
    const said = { id, by, channel, option, at: decision.at, comment, bound_to, override };
    return { ...said, taken: at, verified, result: verdict.result, reason };
  });
  const refusals = execution.statements?.refusals ?? [];
  const refused = refusals.filter(({ claims }) => claims.inquiry === inquiry.key);
  const unverified = refused.map(({ claims: { id, subject: by }, reason, taken: at }) => ({
    id,
    by,
    channel: null,
    option: null,
    at: null,
    comment: null,
    bound_to: null,
    override: false,
    taken: at,
    verified: false,
    result: 'refused' as const,
    reason,
  }));
  return [...taken, ...unverified].sort((a, b) => compareText(a.taken, b.taken));
}
