import { z } from '@hono/zod-openapi';
import { integerId, parseExecutionId } from '../model/execution-id.ts';
import { CHANNELS, type Inquiry, NOTICE_CHANNELS } from '../model/inquiry.ts';
import { compareText } from '../model/json.ts';
import { JsonValueSchema } from '../model/json-value.ts';
import { BoundToSchema, OverrideSchema, RespondSchema } from '../model/requests.ts';
import type { Delivery, DeliveryService } from '../service/deliveries.ts';
import type { Answered, InquiryService, InquiryView } from '../service/inquiries.ts';
import { inquiryId } from '../service/inquiry-ids.ts';
import { presentationUrl, type SignalTokenService } from '../service/signal-tokens.ts';
import { createRouter, refuse } from './environment.ts';
import { errorResponses } from './errors.ts';
import { createApiRoute, json, PAGE_QUERY, PaginationSchema, paginationOf, windowOf } from './routes.ts';

// Decisions by people (design/inquiries.md): the inbox, and what becomes of an answer.

const InstantSchema = z.iso.datetime();
const STATUSES = ['pending', 'approved', 'denied', 'expired', 'cancelled'] as const;

const VoteSchema = z.object({
  by: z.string(),
  option: z.string(),
  outcome: z.enum(['approve', 'deny']),
  response: JsonValueSchema,
  comment: z.string().nullable(),
  channel: z.enum(CHANNELS).describe('Through what it came.'),
  at: InstantSchema,
  bound_to: z.string().nullable(),
  override: z.boolean().describe('An admin decided in place of everybody who was asked.'),
  verified: z
    .literal(true)
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
  quorum: z.int(),
  deny_quorum: z.int(),
  response_schema: z.record(z.string(), JsonValueSchema).nullable(),
  status: z.enum(STATUSES),
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
    event: z.enum(['opened', 'voted', 'changed', 'reminded', 'decided', 'expired', 'withdrawn']),
    number: z.int().describe('Of its kind, from 1.'),
    state: z
      .enum(['pending', 'delivered', 'retrying', 'superseded', 'not_set_up', 'given_up'])
      .describe('superseded: a later event says more; not_set_up: the channel has no connection or settings.'),
    attempts: z.int(),
    error: z.string().nullable(),
    next_at: InstantSchema.nullable().describe('When it is tried next.'),
    delivered_at: InstantSchema.nullable(),
  })
  .openapi('Delivery');
const DELIVERED = { delivery: z.array(DeliverySchema).describe('What was told to whom, in order.') };
const InquirySchema = z.object(INQUIRY).openapi('Inquiry');
const InquiryDetailSchema = z.object({ ...INQUIRY, ...DELIVERED }).openapi('InquiryDetail');
const InquiryRecordSchema = z
  .object({
    ...INQUIRY,
    ...DELIVERED,
    decisions: z
      .array(
        z.object({
          ...{ id: z.string().nullable(), by: z.string().nullable(), channel: z.enum(CHANNELS).nullable() },
          ...{ option: z.string().nullable(), at: InstantSchema.nullable() },
          ...{ comment: z.string().nullable(), bound_to: z.string().nullable(), taken: InstantSchema },
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
const AnsweredSchema = z.object({ data: InquirySchema, result: z.enum(['decided', 'counted', 'received']) });

const IdParams = z.object({ id: z.string().max(200) });
const tags = ['inquiries'];
const base = '/api/v1/inquiries';

const listRoute = createApiRoute({
  permission: 'execution:read',
  ...{ method: 'get', path: base, tags, summary: 'List inquiries, newest first' },
  request: {
    query: z.strictObject({
      ...PAGE_QUERY,
      status: z.enum(STATUSES).optional(),
      assigned: z.literal('me').optional().describe('Those that the caller may decide, and has not yet.'),
      execution: z.string().max(100).optional().describe('Id of a run, in any spelling.'),
    }),
  },
  responses: {
    200: json(
      z.object({
        data: z.array(InquirySchema),
        pagination: PaginationSchema,
      }),
      'A page of inquiries.',
    ),
    ...errorResponses('request_invalid'),
  },
});
const getRoute = createApiRoute({
  permission: 'execution:read',
  ...{ method: 'get', path: `${base}/{id}`, tags, summary: 'Get an inquiry' },
  request: { params: IdParams },
  responses: {
    200: json(z.object({ data: InquiryDetailSchema }), 'The inquiry.'),
    ...errorResponses('inquiry_not_found'),
  },
});
const respondRoute = createApiRoute({
  permission: 'inquiry:respond',
  ...{ method: 'post', path: `${base}/{id}/respond`, tags, summary: 'Decide' },
  request: {
    params: IdParams,
    body: { required: true, content: { 'application/json': { schema: RespondSchema } } },
  },
  responses: {
    200: json(AnsweredSchema, 'Decided: the word of the run itself.'),
    202: json(AnsweredSchema, 'Counted, and more people are needed; or received, and no worker has taken it yet.'),
    ...respondErrors(),
  },
});
const overrideRoute = createApiRoute({
  permission: 'inquiry:override',
  ...{ method: 'post', path: `${base}/{id}/override`, tags, summary: 'Decide in place of everybody who is asked' },
  description: 'For an admin who is no starter of the run. Everybody who was told of the question hears of it.',
  request: {
    params: IdParams,
    body: { required: true, content: { 'application/json': { schema: OverrideSchema } } },
  },
  responses: {
    200: json(AnsweredSchema, 'Decided.'),
    202: json(AnsweredSchema, 'Received, and no worker has taken it yet.'),
    ...respondErrors(),
    ...errorResponses('already_decided', 'binding_changed', 'decisions_full', 'override_unsupported'),
  },
});
const tokenRoute = createApiRoute({
  permission: 'inquiry:respond',
  ...{ method: 'get', path: `${base}/{id}/token`, tags, summary: "Get a token that holds the caller's own decision" },
  description: 'Whoever presents it must be its owner; document 002 tells where (`/execution/{id}/signal?input=`).',
  request: {
    params: IdParams,
    query: z.strictObject({ option: z.string().min(1).max(64), bound_to: BoundToSchema.optional() }),
  },
  responses: {
    200: json(
      z.object({ data: z.object({ token: z.string(), expires_at: InstantSchema, url: z.string() }) }),
      'Sealed: nobody reads or changes it.',
    ),
    ...tokenErrors(),
  },
});
const ofExecutionRoute = createApiRoute({
  permission: 'execution:read',
  ...{ method: 'get', path: '/api/v1/executions/{id}/inquiries', tags, summary: 'What an execution has asked' },
  description: 'With every decision: who, when, through what, and what it was bound to; from history alone.',
  request: { params: z.object({ id: z.string().max(100) }) },
  responses: {
    200: json(z.object({ data: z.array(InquiryRecordSchema) }), 'In order.'),
    ...errorResponses('execution_not_found'),
  },
});

function respondErrors() {
  return errorResponses(
    ...(['request_invalid', 'json_malformed', 'inquiry_not_found', 'not_an_approver', 'self_approval'] as const),
    ...([
      'person_required',
      'already_decided',
      'already_voted',
      'decisions_full',
      'binding_changed',
      'signing_key_missing',
      'inquiry_expired',
      'inquiry_withdrawn',
    ] as const),
    ...(['option_unknown', 'response_invalid', 'body_too_large', 'unsupported_media_type'] as const),
  );
}

function tokenErrors() {
  return errorResponses(
    ...(['request_invalid', 'inquiry_not_found', 'not_an_approver', 'self_approval', 'already_decided'] as const),
    ...(['person_required', 'binding_changed'] as const),
    ...(['inquiry_expired', 'inquiry_withdrawn', 'option_unknown'] as const),
  );
}

/** The routes of inquiries; `publicUrl` is where people reach the API, where it is known. */
export function inquiryRoutes(
  inquiries: InquiryService,
  deliveries: DeliveryService,
  tokens: SignalTokenService,
  publicUrl: string | undefined,
) {
  const router = createRouter();

  router.openapi(
    listRoute,
    async (context) => {
      const { status, assigned, execution, ...page } = context.req.valid('query');
      const run = execution === undefined ? undefined : (parseExecutionId(execution)?.n ?? -1);
      const filter = { status, assigned: assigned === 'me', n: run };
      const { rows, total } = await inquiries.list(context.get('principal'), filter, windowOf(page));
      const data = rows.map(({ n, workflowId, ref, owner, inquiry }) =>
        inquiryBody({ n, workflowId, ref, owner }, inquiry),
      );
      return context.json({ data, pagination: paginationOf(total, page) }, 200);
    },
    refuse(listRoute),
  );

  router.openapi(
    getRoute,
    async (context) => {
      const view = await inquiries.get(context.get('principal'), context.req.valid('param').id);
      const delivery = await deliveries.ofInquiry(view.execution, view.inquiry);
      return context.json({ data: { ...viewBody(view), delivery: delivery.map(deliveryBody) } }, 200);
    },
    refuse(getRoute),
  );

  router.openapi(
    respondRoute,
    async (context) => {
      const { option, response = null, comment = null, bound_to: boundTo } = context.req.valid('json');
      const requestId = context.get('requestId');
      const answer = { option, response, comment, boundTo, channel: 'api' as const, requestId };
      context.set('audited', true);
      const answered = await inquiries.respond(context.get('principal'), context.req.valid('param').id, answer);
      const body = answeredBody(answered);
      return answered.result === 'decided' ? context.json(body, 200) : context.json(body, 202);
    },
    refuse(respondRoute),
  );

  router.openapi(
    overrideRoute,
    async (context) => {
      const { option, response = null, reason: comment, bound_to: boundTo } = context.req.valid('json');
      const requestId = context.get('requestId');
      const answer = { option, response, comment, boundTo, channel: 'api' as const, requestId };
      context.set('audited', true);
      const answered = await inquiries.override(context.get('principal'), context.req.valid('param').id, answer);
      const body = answeredBody(answered);
      return answered.result === 'decided' ? context.json(body, 200) : context.json(body, 202);
    },
    refuse(overrideRoute),
  );

  router.openapi(
    tokenRoute,
    async (context) => {
      const { option, bound_to: boundTo } = context.req.valid('query');
      const { id } = context.req.valid('param');
      const issued = await tokens.issueDecision(context.get('principal'), id, { option, boundTo });
      const url = presentationUrl(publicUrl ?? new URL(context.req.url).origin, issued);
      return context.json({ data: { token: issued.token, expires_at: issued.expiresAt.toISOString(), url } }, 200);
    },
    refuse(tokenRoute),
  );

  router.openapi(
    ofExecutionRoute,
    async (context) => {
      const views = await inquiries.ofExecution(context.get('principal'), context.req.valid('param').id);
      const told =
        views[0] === undefined ? new Map<string, Delivery[]>() : await deliveries.ofExecution(views[0].execution);
      const data = views.map((view) => ({
        ...viewBody(view),
        delivery: (told.get(view.inquiry.key) ?? []).map(deliveryBody),
        decisions: decisionsOf(view),
      }));
      return context.json({ data }, 200);
    },
    refuse(ofExecutionRoute),
  );

  return router;
}

function answeredBody({ result, view }: Answered): z.infer<typeof AnsweredSchema> {
  return { data: viewBody(view), result };
}

function viewBody({ n, execution, inquiry }: InquiryView): z.infer<typeof InquirySchema> {
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
    ...{ id: inquiryId(n, inquiry), execution: integerId(n), workflow_id: workflowId },
    ...{ action_ref: ref, requested_by: owner, task, prompt, details, approvers, groups },
    options: options.map(({ form = 'required', ...option }) => ({ ...option, form })),
    escalation: escalate.map(({ after, approvers: people, groups: members, reason }, index) => ({
      ...{ after, approvers: people, groups: members, reason, at: escalated[index] ?? null },
    })),
    ...{ quorum, deny_quorum, response_schema, status },
    votes: votes.map(({ id: _, override = false, proof, ...vote }) => ({
      ...{ ...vote, override, verified: proof === undefined ? null : true },
    })),
    ...{ bound_to, will_run: plan, created, expires_at, decided_at },
  };
}

function deliveryBody({ nextAt, deliveredAt, ...delivery }: Delivery): z.infer<typeof DeliverySchema> {
  return {
    ...delivery,
    next_at: nextAt?.toISOString() ?? null,
    delivered_at: deliveredAt?.toISOString() ?? null,
  };
}

function decisionsOf({ execution, inquiry }: InquiryView): z.infer<typeof InquiryRecordSchema>['decisions'] {
  const taken = inquiry.decisions.map(({ decision, verdict, verified = null, taken: at }) => {
    const { id, by, channel, option, comment, bound_to, override = false } = decision;
    const reason = verdict.result === 'refused' ? verdict.reason : null;
    const said = { id, by, channel, option, at: decision.at, comment, bound_to, override };
    return { ...said, taken: at, verified, result: verdict.result, reason };
  });
  const refusals = execution.statements?.refusals ?? [];
  const refused = refusals.filter(({ claims }) => claims.inquiry === inquiry.key);
  const unverified = refused.map(({ claims: { id, subject: by }, reason, taken: at }) => ({
    ...{ id, by, channel: null, option: null, at: null, comment: null, bound_to: null, override: false },
    ...{ taken: at, verified: false, result: 'refused' as const, reason },
  }));
  return [...taken, ...unverified].sort((a, b) => compareText(a.taken, b.taken));
}
