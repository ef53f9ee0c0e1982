import { z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { AppError } from '../../model/app-error.ts';
import { uuidOf } from '../../model/execution-id.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import { RetrySchema } from '../../model/requests.ts';
import { parseRuleUuid, ruleUuid } from '../../model/rule-id.ts';
import { AUTOMATION_WORDS, automationWord, EXECUTION_STATUSES, type ExecutionStatus } from '../../model/status.ts';
import type { DefinitionService } from '../../service/definitions/definitions.ts';
import { automationOf } from '../../service/executions/automation.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import { type ExecutionLists, type ExecutionPage, statusesMeant } from '../../service/executions/lists.ts';
import type { ExecutionView } from '../../service/executions/reader.ts';
import type { RetryService } from '../../service/executions/retries.ts';
import { RETRY_ERRORS } from '../executions/controls.ts';
import { type ApiEnv, createRouter, refuse } from '../http/environment.ts';
import { type ErrorForm, errorResponsesIn } from '../http/errors.ts';
import { createApiRoute, IdempotencyHeaders, json, pagesOf } from '../http/routes.ts';
import { wholeNumberOr } from '../http/whole-number.ts';

// Document 001: automation executions. A rule is a workflow definition under its UUID (design/api.md).

/** Where this document's routes stand. */
export const AUTOMATION = '/api/v1/automation';

const InstantSchema = z.iso.datetime();
const LinkSchema = z.object({ href: z.string(), method: z.string() });
const count = () => z.int().min(0);

const ErrorSchema = z
  .object({
    error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), JsonValueSchema) }),
  })
  .openapi('AutomationError');

const SUMMARY = {
  execution_id: z.uuid(),
  automation_rule_id: z.uuid(),
  status: z.enum(AUTOMATION_WORDS),
  state: z.enum(EXECUTION_STATUSES).describe('How it stands, in more words than `status`.'),
  started_at: InstantSchema,
  completed_at: InstantSchema.nullable(),
  duration_ms: z.number().min(0).nullable(),
  error_message: z.string().nullable(),
  tenant: z.uuid(),
};
const SummarySchema = z
  .object({ ...SUMMARY, _links: z.object({ self: LinkSchema, rule: LinkSchema }) })
  .openapi('AutomationExecutionSummary');
const ExecutionSchema = z
  .object({
    ...SUMMARY,
    trigger_data: JsonValueSchema.describe('The input of the run.'),
    actions_total: count().describe('Tasks that are planned; one with items counts as one.'),
    actions_successful: count(),
    actions_failed: count(),
    error_stack: z.string().nullable(),
    failed_action_index: z.int().nullable(),
    execution_context: z.record(z.string(), JsonValueSchema).describe('The variables of the run.'),
    logs: z.array(
      z.object({
        timestamp: InstantSchema,
        level: z.enum(['debug', 'info', 'warn', 'error']),
        message: z.string(),
        action_index: z.int().optional(),
        metadata: z.record(z.string(), JsonValueSchema).optional(),
      }),
    ),
    _links: z.object({ self: LinkSchema, collection: LinkSchema, rule: LinkSchema, retry: LinkSchema.optional() }),
  })
  .openapi('AutomationExecution');
const PagingSchema = z.object({
  page: z.int(),
  limit: z.int(),
  total: z.int(),
  totalPages: z.int(),
  hasNext: z.boolean(),
  hasPrev: z.boolean(),
});
const RuleSchema = z
  .object({
    automation_rule_id: z.uuid(),
    ref: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    version: z.string().nullable(),
    enabled: z.boolean(),
    _links: z.object({ self: LinkSchema, collection: LinkSchema }),
  })
  .openapi('AutomationRule');

const UuidParams = z.object({ id: z.uuid() });
const tags = ['automation'];
const errors = (...codes: Parameters<typeof errorResponsesIn> extends [unknown, ...infer Codes] ? Codes : never) =>
  errorResponsesIn(ErrorSchema, ...codes);

const getRoute = createApiRoute({
  permission: 'automation:read',
  method: 'get',
  path: `${AUTOMATION}/executions/{id}`,
  tags,
  summary: 'Get an automation execution',
  request: { params: UuidParams },
  responses: {
    200: json(z.object({ data: ExecutionSchema }), 'The execution.'),
    ...errors('request_invalid', 'execution_not_found'),
  },
});
const listRoute = createApiRoute({
  permission: 'automation:read',
  method: 'get',
  path: `${AUTOMATION}/executions`,
  tags,
  summary: 'List automation executions, newest first',
  request: {
    query: z.strictObject({
      page: wholeNumberOr(1, 1, 1_000_000),
      limit: wholeNumberOr(20, 1, 250),
      status: z.string().max(64).optional().describe('A status, in the words of any of the APIs.'),
    }),
  },
  responses: {
    200: json(z.object({ data: z.array(SummarySchema), pagination: PagingSchema }), 'A page of executions.'),
    ...errors('request_invalid', 'status_invalid'),
  },
});
const ruleRoute = createApiRoute({
  permission: 'automation:read',
  method: 'get',
  path: `${AUTOMATION}/rules/{id}`,
  tags,
  summary: 'Get the rule of an automation execution',
  request: { params: UuidParams },
  responses: {
    200: json(z.object({ data: RuleSchema }), 'The workflow definition, or the action.'),
    ...errors('request_invalid', 'workflow_not_found'),
  },
});

const retryRoute = createApiRoute({
  permission: 'automation:execute',
  method: 'post',
  path: `${AUTOMATION}/executions/{id}/retry`,
  tags,
  summary: 'Try an automation execution again',
  request: {
    params: UuidParams,
    headers: IdempotencyHeaders,
    body: { content: { 'application/json': { schema: RetrySchema } } },
  },
  responses: {
    201: json(z.object({ data: ExecutionSchema }), 'The new execution.'),
    ...errors(...RETRY_ERRORS, 'idempotency_mismatch'),
  },
});

const writeError: ErrorForm = ({ code, message, issues, details }, requestId) => ({
  error: { code, message, details: { request_id: requestId, ...details, ...(issues === undefined ? {} : { issues }) } },
});

/** Has every error below this document's routes written in its form. */
export const answerInAutomationForm: MiddlewareHandler<ApiEnv> = async (context, next) => {
  context.set('errorForm', writeError);
  return next();
};

/** Document 001's routes. */
export function automationRoutes(
  service: ExecutionService,
  lists: ExecutionLists,
  definitions: DefinitionService,
  retries: RetryService,
) {
  const router = createRouter();

  router.openapi(
    retryRoute,
    async (context) => {
      const { id } = context.req.valid('param');
      const principal = context.get('principal');
      const { from = 'failed', ...rest } = context.req.valid('json') ?? {};
      const idempotencyKey = context.req.valid('header')['idempotency-key'];
      const started = await retries.retry(principal, id, { from, ...rest, idempotencyKey });
      return context.json({ data: executionBody(started, principal.tenant) }, 201);
    },
    refuse(retryRoute),
  );

  router.openapi(
    getRoute,
    async (context) => {
      const { id } = context.req.valid('param');
      const found = await service.get(context.get('principal'), id);
      return context.json({ data: executionBody(found, context.get('principal').tenant) }, 200);
    },
    refuse(getRoute),
  );

  router.openapi(
    listRoute,
    async (context) => {
      const { page, limit, status } = context.req.valid('query');
      const statuses = status === undefined ? undefined : statusesMeant(status, 'automation');
      const principal = context.get('principal');
      const { rows, total } = await lists.list(principal, { statuses }, { offset: (page - 1) * limit, limit });
      const totalPages = pagesOf(total, limit);
      const pagination = { page, limit, total, totalPages, hasNext: page < totalPages, hasPrev: page > 1 };
      return context.json({ data: rows.map((row) => summaryBody(row, principal.tenant)), pagination }, 200);
    },
    refuse(listRoute),
  );

  router.openapi(
    ruleRoute,
    async (context) => {
      const { id } = context.req.valid('param');
      const rule = parseRuleUuid(id);
      if (rule === undefined) throw new AppError('workflow_not_found', `Rule with ID ${id} not found`);
      const collection = { href: `${AUTOMATION}/executions`, method: 'GET' };
      const links = { self: { href: `${AUTOMATION}/rules/${id}`, method: 'GET' }, collection };
      const common = { automation_rule_id: id, _links: links };
      if ('action' in rule) {
        const { action: ref } = rule;
        const data = { ...common, ref, name: ref, description: null, version: null, enabled: true };
        return context.json({ data }, 200);
      }
      const stored = await definitions.getById(context.get('principal'), rule.definition);
      const { ref, label, description, version, enabled } = stored;
      return context.json({ data: { ...common, ref, name: label, description, version, enabled } }, 200);
    },
    refuse(ruleRoute),
  );

  return router;
}

/** What both bodies have, from what the run and its row have alike. */
function common(
  n: number,
  tenant: string,
  {
    definition,
    ref,
    status,
    created,
    closed,
    error,
  }: {
    definition: number | null;
    ref: string;
    status: ExecutionStatus;
    created: string;
    closed: string | null;
    error: string | null;
  },
) {
  const id = uuidOf(n);
  const rule = ruleUuid(definition === null ? { action: ref } : { definition });
  return {
    execution_id: id,
    automation_rule_id: rule,
    status: automationWord(status),
    state: status,
    started_at: created,
    completed_at: closed,
    duration_ms: closed === null ? null : Date.parse(closed) - Date.parse(created),
    error_message: error,
    tenant,
    _links: {
      self: { href: `${AUTOMATION}/executions/${id}`, method: 'GET' },
      rule: { href: `${AUTOMATION}/rules/${rule}`, method: 'GET' },
    },
  };
}

function summaryBody(row: ExecutionPage['rows'][number], tenant: string): z.infer<typeof SummarySchema> {
  const { n, definition, ref, status, created, closed, error } = row;
  const times = { created: created.toISOString(), closed: closed?.toISOString() ?? null };
  return common(n, tenant, { definition, ref, status, ...times, error });
}

function executionBody({ n, execution }: ExecutionView, tenant: string): z.infer<typeof ExecutionSchema> {
  const { memo, workflowType, status, created, closed, failure, input, variables } = execution;
  const definition = memo?.definition_id ?? null;
  const ref = memo?.ref ?? workflowType;
  const { _links, ...summary } = common(n, tenant, {
    definition,
    ref,
    status,
    created,
    closed,
    error: failure?.message ?? null,
  });
  const { total, successful, failed, failedIndex, logs } = automationOf(execution);
  return {
    ...summary,
    trigger_data: input,
    actions_total: total,
    actions_successful: successful,
    actions_failed: failed,
    // Nothing that Fermata runs has a stack that would tell about the definition.
    error_stack: null,
    failed_action_index: failedIndex,
    execution_context: variables,
    logs: logs.map(({ timestamp, level, message, index, metadata }) => ({
      timestamp,
      level,
      message,
      ...(index === null ? {} : { action_index: index }),
      ...(metadata === null ? {} : { metadata }),
    })),
    _links: {
      ..._links,
      collection: { href: `${AUTOMATION}/executions`, method: 'GET' },
      ...(automationWord(status) === 'failed'
        ? { retry: { href: `${AUTOMATION}/executions/${summary.execution_id}/retry`, method: 'POST' } }
        : {}),
    },
  };
}
