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

// The bodies of decisions by people.

const InstantSchema = z.iso.datetime();

const VoteSchema = z.object({
  by: z.string(),
  on_behalf_of: z.string().nullable().describe('Who has delegated the decision to this person.'),
  option: z.string(),
  outcome: z.enum(['approve', 'deny']),
  response: JsonValueSchema,
  comment: z.string().nullable(),
  channel: z.enum(CHANNELS).describe('Through what it came.'),
  at: InstantSchema,
  bound_to: z.string().nullable(),
  override: z.boolean().describe('An admin decided in place of everybody who was asked.'),
  verified: z
    .boolean()
    .nullable()
    .describe(
      'Whether the run has verified the signature of Fermata on it; null: by an older version, which asks for none.',
    ),
  carried_from: z.int().optional().describe('The execution in which it was made, where a retry has kept it.'),
});
const INQUIRY = {
  id: z.string().describe('The integer of the task execution; an item has [index] behind it.'),
  execution: z.int(),
  workflow_id: z.string(),
  action_ref: z.string().describe('The workflow that asks.'),
  requested_by: z.string().nullable().describe('Who started the run.'),
  task: z.string(),
  prompt: z.string().nullable(),
  details: z.string().nullable().describe('Markdown.'),
  options: z.array(
    z.object({
      ref: z.string(),
      label: z.string(),
      style: z.enum(['primary', 'danger', 'default']),
      outcome: z.enum(['approve', 'deny']),
      form: z.enum(['required', 'none']).describe('Whether the form must come with it; where not, it may be left out.'),
    }),
  ),
  approvers: z.array(z.string()),
  groups: z.array(z.string()),
  escalation: z
    .array(
      z.object({
        after: z.number().describe('Seconds since the question was asked.'),
        approvers: z.array(z.string()),
        groups: z.array(z.string()),
        reason: z.string().nullable(),
        at: InstantSchema.nullable().describe('When these people were added; null: not yet.'),
      }),
    )
    .describe('Who else is asked while nobody has decided; whoever was added stands in approvers and groups.'),
  delegable: z.boolean().describe('Whether somebody who is asked may name another person to decide on their behalf.'),
  delegations: z
    .array(z.object({ by: z.string(), to: z.string(), reason: z.string().nullable(), at: InstantSchema }))
    .describe('Who has delegated their decision to whom: `to` decides on behalf of `by`, who no longer does.'),
  quorum: z.int(),
  deny_quorum: z.int(),
  response_schema: z.record(z.string(), JsonValueSchema).nullable(),
  status: z.enum(INQUIRY_STATUSES),
  votes: z.array(VoteSchema),
  bound_to: z
    .string()
    .describe('Hash of what a decision is about: the run, its code and parameters, what is asked, what approval runs.'),
  will_run: z
    .array(z.object({ task: z.string(), action: z.string(), input: JsonValueSchema, rendered: z.boolean() }))
    .describe('What approval runs next; with its input as written where it is not known yet.'),
  created: InstantSchema,
  expires_at: InstantSchema.nullable(),
  decided_at: InstantSchema.nullable(),
};
const DeliverySchema = z
  .object({
    channel: z.enum(NOTICE_CHANNELS),
    target: z.string().describe('A chat channel, an address, or the origin of a URL.'),
    event: z.enum(NOTICE_KINDS),
    number: z.int().describe('Of its kind, from 1.'),
    state: z
      .enum(DELIVERY_STATES)
      .describe('superseded: a later event says more; not_set_up: the channel has no connection or settings.'),
    attempts: z.int(),
    error: z.string().nullable(),
    next_at: InstantSchema.nullable().describe('When it is tried next.'),
    delivered_at: InstantSchema.nullable(),
  })
  .openapi('Delivery');
const DELIVERED = { delivery: z.array(DeliverySchema).describe('What was told to whom, in order.') };
/** An inquiry, as lists have it. */
export const InquirySchema = z.object(INQUIRY).openapi('Inquiry');
/** An inquiry, with who was told of it. */
export const InquiryDetailSchema = z.object({ ...INQUIRY, ...DELIVERED }).openapi('InquiryDetail');
/** An inquiry of one execution, with every decision that came. */
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
              'false: the run refused it as a statement, and `id` and `by` are what it said of itself; null: it asks for none.',
            ),
          result: z.enum(['decided', 'counted', 'refused']),
          reason: z.string().nullable().describe('Why it does not count.'),
        }),
      )
      .describe('Every decision that the run has taken, in order.'),
  })
  .openapi('InquiryRecord');
/** What has become of an answer. */
export const AnsweredSchema = z.object({ data: InquirySchema, result: z.enum(['decided', 'counted', 'received']) });

/** Returns the body that answers a decision. */
export function answeredBody({ result, view }: Answered): z.infer<typeof AnsweredSchema> {
  return { data: viewBody(view), result };
}

/** Returns the body of an inquiry that was read with its run. */
export function viewBody({ n, execution, inquiry }: InquiryView): z.infer<typeof InquirySchema> {
  const { workflowId, memo, workflowType } = execution;
  return inquiryBody({ n, workflowId, ref: memo?.ref ?? workflowType, owner: memo?.owner ?? null }, inquiry);
}

/** The body of an inquiry (design/shapes.md, Inquiries). */
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
    will_run: plan,
    created,
    expires_at,
    decided_at,
  };
}

/** Returns the body of a delivery. */
export function deliveryBody({ nextAt, deliveredAt, ...delivery }: Delivery): z.infer<typeof DeliverySchema> {
  return {
    ...delivery,
    next_at: nextAt?.toISOString() ?? null,
    delivered_at: deliveredAt?.toISOString() ?? null,
  };
}

/** Returns every decision that an inquiry was sent, counted or not, in the order in which the run took them. */
export function decisionsOf({ execution, inquiry }: InquiryView): z.infer<typeof InquiryRecordSchema>['decisions'] {
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
