import { z } from '@hono/zod-openapi';
import { DelegateSchema, WithdrawSchema } from '../../model/inquiry-requests.ts';
import type { DelegationService } from '../../service/inquiries/delegations.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json, jsonBody } from '../http/routes.ts';
import { InquirySchema, viewBody } from './bodies.ts';

const DelegatedSchema = z.object({ data: InquirySchema, result: z.enum(['delegated', 'received']) });

const delegateRoute = createApiRoute({
  permission: 'inquiry:respond',
  method: 'post',
  path: '/api/v1/inquiries/{id}/delegate',
  tags: ['inquiries'],
  summary: 'Delegate the decision of the caller',
  description: 'For a person who is asked, if the inquiry is `delegable`. The caller can then no longer decide it.',
  request: {
    params: z.object({ id: z.string().max(200) }),
    body: jsonBody(DelegateSchema),
  },
  responses: {
    200: json(DelegatedSchema, 'The other person decides; confirmed by the execution.'),
    202: json(DelegatedSchema, 'Received, but not yet processed by a worker.'),
    ...errorResponses(
      'json_malformed',
      'inquiry_not_found',
      'inquiry_expired',
      'inquiry_withdrawn',
      'decisions_full',
      'person_required',
      'not_an_approver',
      'self_approval',
      'already_decided',
      'already_voted',
      'not_delegable',
      'signing_key_missing',
      'delegate_unsuitable',
      'response_invalid',
    ),
  },
});

const withdrawRoute = createApiRoute({
  permission: 'inquiry:respond',
  method: 'post',
  path: '/api/v1/inquiries/{id}/delegate/withdraw',
  tags: ['inquiries'],
  summary: 'Withdraw a delegation of the caller',
  description: 'Only while the other person has not decided. The caller can then decide again.',
  request: {
    params: z.object({ id: z.string().max(200) }),
    body: jsonBody(WithdrawSchema),
  },
  responses: {
    200: json(DelegatedSchema, 'The caller decides again; confirmed by the execution.'),
    202: json(DelegatedSchema, 'Received, but not yet processed by a worker.'),
    ...errorResponses(
      'json_malformed',
      'inquiry_not_found',
      'inquiry_expired',
      'inquiry_withdrawn',
      'not_an_approver',
      'person_required',
      'already_decided',
      'already_voted',
      'not_delegable',
      'signing_key_missing',
      'response_invalid',
    ),
  },
});

/** Registers the routes for delegations. */
export function delegationRoutes(delegations: DelegationService) {
  const router = createRouter();
  router.openapi(delegateRoute, async (context) => {
    const { to, reason = null } = context.req.valid('json');
    const { id } = context.req.valid('param');
    context.set('audited', true);
    const request = { to, reason, requestId: context.get('requestId') };
    const { result, view } = await delegations.delegate(context.get('principal'), id, request);
    return context.json({ data: viewBody(view), result }, result === 'delegated' ? 200 : 202);
  });

  router.openapi(withdrawRoute, async (context) => {
    const { reason = null } = context.req.valid('json');
    const { id } = context.req.valid('param');
    context.set('audited', true);
    const request = { reason, requestId: context.get('requestId') };
    const { result, view } = await delegations.withdraw(context.get('principal'), id, request);
    return context.json({ data: viewBody(view), result }, result === 'delegated' ? 200 : 202);
  });
  return router;
}
