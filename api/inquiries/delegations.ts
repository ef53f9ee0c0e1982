import { z } from '@hono/zod-openapi';
import { DelegateSchema, WithdrawSchema } from '../../model/requests.ts';
import type { DelegationService } from '../../service/inquiries/delegations.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, json } from '../http/routes.ts';
import { InquirySchema, viewBody } from './bodies.ts';

const DelegatedSchema = z.object({ data: InquirySchema, result: z.enum(['delegated', 'received']) });

const delegateRoute = createApiRoute({
  permission: 'inquiry:respond',
  method: 'post',
  path: '/api/v1/inquiries/{id}/delegate',
  tags: ['inquiries'],
  summary: 'Have another person decide on behalf of the caller',
  description: 'For somebody who is asked, where the question is `delegable`. The caller no longer decides it then.',
  request: {
    params: z.object({ id: z.string().max(200) }),
    body: { required: true, content: { 'application/json': { schema: DelegateSchema } } },
  },
  responses: {
    200: json(DelegatedSchema, 'The other person decides: the word of the run itself.'),
    202: json(DelegatedSchema, 'Received, and no worker has taken it yet.'),
    ...errorResponses(
      ...(['request_invalid', 'json_malformed', 'unsupported_media_type', 'body_too_large'] as const),
      ...(['inquiry_not_found', 'inquiry_expired', 'inquiry_withdrawn', 'decisions_full'] as const),
      ...(['person_required', 'not_an_approver', 'self_approval'] as const),
      ...(['already_decided', 'already_voted', 'not_delegable', 'signing_key_missing'] as const),
      ...(['delegate_unsuitable', 'response_invalid'] as const),
    ),
  },
});

const withdrawRoute = createApiRoute({
  permission: 'inquiry:respond',
  method: 'post',
  path: '/api/v1/inquiries/{id}/delegate/withdraw',
  tags: ['inquiries'],
  summary: 'Take back a delegation of the caller',
  description: 'As long as the other person has not decided. The caller decides again then.',
  request: {
    params: z.object({ id: z.string().max(200) }),
    body: { required: true, content: { 'application/json': { schema: WithdrawSchema } } },
  },
  responses: {
    200: json(DelegatedSchema, 'The caller decides again: the word of the run itself.'),
    202: json(DelegatedSchema, 'Received, and no worker has taken it yet.'),
    ...errorResponses(
      ...(['request_invalid', 'json_malformed', 'unsupported_media_type', 'body_too_large'] as const),
      ...(['inquiry_not_found', 'inquiry_expired', 'inquiry_withdrawn', 'not_an_approver'] as const),
      ...(['person_required', 'already_decided', 'already_voted', 'not_delegable'] as const),
      ...(['signing_key_missing', 'response_invalid'] as const),
    ),
  },
});

/** The routes of delegations. */
export function delegationRoutes(delegations: DelegationService) {
  const router = createRouter();
  router.openapi(
    delegateRoute,
    async (context) => {
      const { to, reason = null } = context.req.valid('json');
      const { id } = context.req.valid('param');
      context.set('audited', true);
      const request = { to, reason, requestId: context.get('requestId') };
      const { result, view } = await delegations.delegate(context.get('principal'), id, request);
      return context.json({ data: viewBody(view), result }, result === 'delegated' ? 200 : 202);
    },
    refuse(delegateRoute),
  );

  router.openapi(
    withdrawRoute,
    async (context) => {
      const { reason = null } = context.req.valid('json');
      const { id } = context.req.valid('param');
      context.set('audited', true);
      const request = { reason, requestId: context.get('requestId') };
      const { result, view } = await delegations.withdraw(context.get('principal'), id, request);
      return context.json({ data: viewBody(view), result }, result === 'delegated' ? 200 : 202);
    },
    refuse(withdrawRoute),
  );
  return router;
}
