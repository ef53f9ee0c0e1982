import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { INQUIRY_STATUSES } from '../../model/inquiry.ts';
import { BoundToSchema, OverrideSchema, RespondSchema } from '../../model/inquiry-requests.ts';
import type { Json } from '../../model/json.ts';
import type { Answer, InquiryService } from '../../service/inquiries/inquiries.ts';
import { presentationUrl, type SignalTokenService } from '../../service/inquiries/signal-tokens.ts';
import type { Delivery, DeliveryService } from '../../service/notices/deliveries.ts';
import type { ApiEnv } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import {
  buildPagination,
  createApiRoute,
  ExecutionIdSchema,
  json,
  jsonBody,
  jsonData,
  PAGE_QUERY,
  windowOf,
} from '../http/routes.ts';
import {
  AnsweredSchema,
  answeredBody,
  buildDecisions,
  deliveryBody,
  InquiryDetailSchema,
  InquiryListSchema,
  InquiryRecordSchema,
  inquiryBody,
  viewBody,
} from './bodies.ts';

// Inquiries: the inbox, and deciding.

const IdParams = z.object({ id: z.string().max(200) });
const tags = ['inquiries'];
const base = '/api/v1/inquiries';

const listRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List inquiries, newest first',
  request: {
    query: z.strictObject({
      ...PAGE_QUERY,
      status: z
        .string()
        .max(200)
        .transform((text) => text.split(','))
        .pipe(z.array(z.enum(INQUIRY_STATUSES)))
        .optional()
        .openapi({ type: 'string', description: `Some of ${INQUIRY_STATUSES.join(', ')}, separated by commas.` }),
      assigned: z
        .literal('me')
        .optional()
        .describe('Only inquiries that the caller may decide and has not decided yet.'),
      execution: ExecutionIdSchema.optional(),
    }),
  },
  responses: {
    200: json(InquiryListSchema, 'A page of inquiries.'),
    ...errorResponses(),
  },
});
const getRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}`,
  tags,
  summary: 'Get an inquiry',
  request: { params: IdParams },
  responses: {
    200: jsonData(InquiryDetailSchema, 'The inquiry.'),
    ...errorResponses('inquiry_not_found'),
  },
});
const respondRoute = createApiRoute({
  permission: 'inquiry:respond',
  method: 'post',
  path: `${base}/{id}/respond`,
  tags,
  summary: 'Decide an inquiry',
  request: {
    params: IdParams,
    body: jsonBody(RespondSchema),
  },
  responses: {
    200: json(AnsweredSchema, 'Decided; confirmed by the execution.'),
    202: json(AnsweredSchema, 'Counted, but more people are needed; or received, but not yet processed by a worker.'),
    ...respondErrors(),
  },
});
const overrideRoute = createApiRoute({
  permission: 'inquiry:override',
  method: 'post',
  path: `${base}/{id}/override`,
  tags,
  summary: 'Override an inquiry: decide in place of the people who are asked',
  description: 'For an admin who did not start the execution. Everybody who was notified of the inquiry is informed.',
  request: {
    params: IdParams,
    body: jsonBody(OverrideSchema),
  },
  responses: {
    200: json(AnsweredSchema, 'Decided.'),
    202: json(AnsweredSchema, 'Received, but not yet processed by a worker.'),
    ...respondErrors(),
    ...errorResponses('already_decided', 'binding_changed', 'decisions_full', 'override_unsupported'),
  },
});
const tokenRoute = createApiRoute({
  permission: 'inquiry:respond',
  method: 'get',
  path: `${base}/{id}/token`,
  tags,
  summary: 'Create a token with a decision of the caller',
  description: 'Only the caller can use the token, at `/execution/{id}/signal?input=`.',
  request: {
    params: IdParams,
    query: z.strictObject({ option: z.string().min(1).max(64), bound_to: BoundToSchema.optional() }),
  },
  responses: {
    200: jsonData(
      z.object({ token: z.string(), expires_at: z.iso.datetime(), url: z.string() }),
      'The encrypted token, which nobody else can read or change.',
    ),
    ...tokenErrors(),
  },
});
const ofExecutionRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: '/api/v1/executions/{id}/inquiries',
  tags,
  summary: 'List the inquiries of an execution',
  description:
    'With all decisions: who, when, through which channel, and bound to what. Derived from the history alone.',
  request: { params: z.object({ id: ExecutionIdSchema }) },
  responses: {
    200: jsonData(z.array(InquiryRecordSchema), 'The inquiries, oldest first.'),
    ...errorResponses('execution_not_found'),
  },
});

function respondErrors() {
  return errorResponses(
    'json_malformed',
    'inquiry_not_found',
    'not_an_approver',
    'self_approval',
    'person_required',
    'already_decided',
    'already_voted',
    'decisions_full',
    'binding_changed',
    'signing_key_missing',
    'inquiry_expired',
    'inquiry_withdrawn',
    'option_unknown',
    'response_invalid',
  );
}

function tokenErrors() {
  return errorResponses(
    'inquiry_not_found',
    'not_an_approver',
    'self_approval',
    'already_decided',
    'person_required',
    'binding_changed',
    'inquiry_expired',
    'inquiry_withdrawn',
    'option_unknown',
  );
}

/** Registers the routes for inquiries. `publicUrl` is the URL at which people reach the API, if known. */
export function inquiryRoutes(
  inquiries: InquiryService,
  deliveries: DeliveryService,
  tokens: SignalTokenService,
  publicUrl: string | undefined,
) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const { status, assigned, execution, ...page } = context.req.valid('query');
    const filter = { statuses: status, assigned: assigned === 'me', execution };
    const { rows, total } = await inquiries.list(context.get('principal'), filter, windowOf(page));
    const data = rows.map(({ n, workflowId, ref, owner, inquiry }) =>
      inquiryBody({ n, workflowId, ref, owner }, inquiry),
    );
    return context.json({ data, pagination: buildPagination(total, page) }, 200);
  });

  router.openapi(getRoute, async (context) => {
    const view = await inquiries.get(context.get('principal'), context.req.valid('param').id);
    const delivery = await deliveries.ofInquiry(view.execution, view.inquiry);
    return context.json({ data: { ...viewBody(view), delivery: delivery.map(deliveryBody) } }, 200);
  });

  router.openapi(respondRoute, async (context) => {
    const { comment = null, ...said } = context.req.valid('json');
    const answer = answerOf(context, { ...said, comment });
    const answered = await inquiries.respond(context.get('principal'), context.req.valid('param').id, answer);
    return context.json(answeredBody(answered), answered.result === 'decided' ? 200 : 202);
  });

  router.openapi(overrideRoute, async (context) => {
    const { reason, ...said } = context.req.valid('json');
    const answer = answerOf(context, { ...said, comment: reason });
    const answered = await inquiries.override(context.get('principal'), context.req.valid('param').id, answer);
    return context.json(answeredBody(answered), answered.result === 'decided' ? 200 : 202);
  });

  router.openapi(tokenRoute, async (context) => {
    const { option, bound_to: boundTo } = context.req.valid('query');
    const { id } = context.req.valid('param');
    const issued = await tokens.issueDecision(context.get('principal'), id, { option, boundTo });
    const url = presentationUrl(publicUrl ?? new URL(context.req.url).origin, issued);
    return context.json({ data: { token: issued.token, expires_at: issued.expiresAt.toISOString(), url } }, 200);
  });

  router.openapi(ofExecutionRoute, async (context) => {
    const views = await inquiries.ofExecution(context.get('principal'), context.req.valid('param').id);
    const told =
      views[0] === undefined ? new Map<string, Delivery[]>() : await deliveries.ofExecution(views[0].execution);
    const data = views.map((view) => ({
      ...viewBody(view),
      delivery: (told.get(view.inquiry.key) ?? []).map(deliveryBody),
      decisions: buildDecisions(view),
    }));
    return context.json({ data }, 200);
  });

  return router;
}

/** Reads the decision of the caller; the service writes it to the audit log. */
function answerOf(
  context: Context<ApiEnv>,
  said: { option: string; response?: Json | undefined; comment: string | null; bound_to?: string | undefined },
): Answer {
  context.set('audited', true);
  const { option, response = null, comment, bound_to: boundTo } = said;
  return { option, response, comment, boundTo, channel: 'api', requestId: context.get('requestId') };
}
