import { z } from 'zod';
import { AppError } from '../model/app-error.ts';
import { heldDelegations } from '../model/delegation.ts';
import { integerId } from '../model/execution-id.ts';
import { INQUIRY_STATUSES, type Inquiry } from '../model/inquiry.ts';
import { inquiryId } from '../model/inquiry-id.ts';
import { JsonValueSchema } from '../model/json-value.ts';
import type { InquiryView } from '../service/inquiries/inquiries.ts';
import type { ToolServices } from './services.ts';
import type { Tool } from './tool.ts';

const InquirySchema = z.object({
  id: z.string(),
  executionId: z.number(),
  workflow: z.string(),
  requestedBy: z.string().nullable(),
  task: z.string(),
  status: z.enum(INQUIRY_STATUSES),
  prompt: z.string().nullable(),
  details: z.string().nullable(),
  options: z.array(z.object({ ref: z.string(), label: z.string(), outcome: z.string(), form: z.string() })),
  responseSchema: z.record(z.string(), JsonValueSchema).nullable(),
  quorum: z.number(),
  votes: z.array(
    z.object({
      by: z.string(),
      option: z.string(),
      comment: z.string().nullable(),
      at: z.string(),
      override: z.boolean().describe('Whether an admin decided in place of the people who were asked.'),
      onBehalfOf: z.string().nullable().describe('The person on whose behalf this person decides.'),
    }),
  ),
  delegable: z.boolean(),
  delegations: z.array(z.object({ by: z.string(), to: z.string(), reason: z.string().nullable(), at: z.string() })),
  willRun: z.array(z.object({ task: z.string(), action: z.string(), input: JsonValueSchema, rendered: z.boolean() })),
  boundTo: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  decidedAt: z.string().nullable(),
});
const ListInput = z.strictObject({
  status: z.enum(INQUIRY_STATUSES).optional(),
  assigned: z.boolean().optional().describe('Only inquiries that you may decide and have not decided yet.'),
  executionId: z.union([z.number(), z.string()]).optional(),
  page: z.int().min(1).max(1_000_000).default(1),
  perPage: z.int().min(1).max(100).default(20),
});
const ListSchema = z.object({ data: z.array(InquirySchema), total: z.number() });
const AnswerInput = z.strictObject({
  id: z.string().max(200).describe('The id of the inquiry.'),
  option: z.string().min(1).max(64).describe('The ref of one of its options.'),
  response: JsonValueSchema.optional().describe('The values of its form.'),
  comment: z.string().max(4_000).optional(),
  boundTo: z
    .string()
    .max(64)
    .optional()
    .describe('The boundTo of the inquiry that was read: the decision is valid for nothing else.'),
});
const AnsweredSchema = z.object({
  result: z.enum(['decided', 'counted', 'received']).describe('`received`: not yet processed by a worker.'),
  inquiry: InquirySchema,
});
const DelegateInput = z.strictObject({
  id: z.string().max(200).describe('The id of the inquiry.'),
  to: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('The person who decides instead: a subject or an alias. Required, except to withdraw.'),
  withdraw: z.boolean().optional().describe('Withdraw your delegation, as long as the other person has not decided.'),
  reason: z.string().max(4_000).optional(),
});
const DelegatedSchema = z.object({
  result: z.enum(['delegated', 'received']).describe('`received`: not yet processed by a worker.'),
  inquiry: InquirySchema,
});

/** Creates the tools for inquiries; the caller decides as its principal. */
export function inquiryTools({ inquiries, delegations }: Pick<ToolServices, 'inquiries' | 'delegations'>) {
  const list: Tool<typeof ListInput, typeof ListSchema> = {
    name: 'list_inquiries',
    description: 'List inquiries, newest first.',
    permission: 'execution:read',
    effect: 'reads',
    input: ListInput,
    output: ListSchema,
    async run(principal, { status, assigned = false, executionId, page, perPage }) {
      const execution = executionId === undefined ? undefined : String(executionId);
      const window = { offset: (page - 1) * perPage, limit: perPage };
      const { rows, total } = await inquiries.list(
        principal,
        { statuses: status && [status], assigned, execution },
        window,
      );
      return { data: rows.map(({ n: of, ref, owner, inquiry }) => body({ n: of, ref, owner }, inquiry)), total };
    },
  };

  const answer: Tool<typeof AnswerInput, typeof AnsweredSchema> = {
    name: 'answer_inquiry',
    description:
      'Decide an inquiry as yourself. Only people who are asked may decide, and nobody may decide about an execution that they started.',
    permission: 'inquiry:respond',
    effect: 'destroys',
    idempotent: true,
    audited: true,
    input: AnswerInput,
    output: AnsweredSchema,
    async run(principal, { id, option, response = null, comment = null, boundTo }) {
      const given = { option, response, comment, boundTo, channel: 'mcp' as const };
      const { result, view } = await inquiries.respond(principal, id, given);
      return { result, inquiry: viewBody(view) };
    },
  };

  const delegate: Tool<typeof DelegateInput, typeof DelegatedSchema> = {
    name: 'delegate_inquiry',
    description:
      'Delegate your decision about an inquiry to another person, or withdraw the delegation. After delegating you can no longer decide.',
    permission: 'inquiry:respond',
    effect: 'changes',
    idempotent: true,
    audited: true,
    input: DelegateInput,
    output: DelegatedSchema,
    async run(principal, { id, to, withdraw = false, reason = null }) {
      if (withdraw === (to !== undefined)) {
        throw new AppError('request_invalid', 'pass either "to", or "withdraw": true');
      }
      const { result, view } =
        to === undefined
          ? await delegations.withdraw(principal, id, { reason })
          : await delegations.delegate(principal, id, { to, reason });
      return { result, inquiry: viewBody(view) };
    },
  };

  return [list, answer, delegate] as const;
}

function viewBody({ n, execution, inquiry }: InquiryView): z.infer<typeof InquirySchema> {
  const { memo, workflowType } = execution;
  return body({ n, ref: memo?.ref ?? workflowType, owner: memo?.owner ?? null }, inquiry);
}

function body(
  { n, ref, owner }: { n: number; ref: string; owner: string | null },
  inquiry: Inquiry,
): z.infer<typeof InquirySchema> {
  const { task, status, request, votes, plan, bound_to, created, expires_at, decided_at } = inquiry;
  const { prompt, details, options, response_schema, quorum } = request;
  return {
    id: inquiryId(n, inquiry),
    executionId: integerId(n),
    workflow: ref,
    requestedBy: owner,
    task,
    status,
    prompt,
    details,
    options: options.map(({ ref: of, label, outcome, form = 'required' }) => ({ ref: of, label, outcome, form })),
    responseSchema: response_schema,
    quorum,
    willRun: plan,
    boundTo: bound_to,
    votes: votes.map(({ by, option, comment, at, override = false, on_behalf_of: onBehalfOf = null }) => {
      return { by, option, comment, at, override, onBehalfOf };
    }),
    delegable: request.delegable === true,
    delegations: heldDelegations(inquiry).map(({ by, to, reason, at }) => ({ by, to, reason, at })),
    createdAt: created,
    expiresAt: expires_at,
    decidedAt: decided_at,
  };
}
