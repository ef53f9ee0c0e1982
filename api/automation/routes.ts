import { z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { AppError } from '../../model/app-error.ts';
import { PlainRetrySchema } from '../../model/execution-requests.ts';
import type { Principal } from '../../model/principal.ts';
import { MAX_ROW_ID } from '../../model/request-fields.ts';
import { parseRuleUuid } from '../../model/rule-id.ts';
import type { DefinitionService } from '../../service/definitions/definitions.ts';
import type { Causes } from '../../service/events/causes.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import type { ExecutionView } from '../../service/executions/reader.ts';
import type { RetryService } from '../../service/executions/retries.ts';
import { type ExecutionLists, statusesMeant } from '../../service/index/lists.ts';
import type { RuleService } from '../../service/rules/rules.ts';
import { RETRY_ERRORS } from '../executions/controls.ts';
import type { ApiEnv, ErrorForm } from '../http/environment.ts';
import { errorResponsesIn } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { countPages, createApiRoute, IdempotencyHeaders, json, jsonData, optionalJsonBody } from '../http/routes.ts';
import { wholeNumberOr } from '../http/whole-number.ts';
import {
  AUTOMATION,
  AutomationErrorSchema,
  AutomationExecutionSchema,
  automationExecutionBody,
  automationSummaryBody,
  PagingSchema,
  RuleSchema,
  SummarySchema,
} from './bodies.ts';

// The Automation API. A rule is what has started an execution for an event, or else its workflow definition, under a UUID.

/** An integer id that no rule has. */
const NO_RULE = 0;

const UuidParams = z.object({ id: z.uuid() });
const tags = ['automation'];
const errors = (...codes: Parameters<typeof errorResponsesIn> extends [unknown, ...infer Codes] ? Codes : never) =>
  errorResponsesIn(AutomationErrorSchema, ...codes);

const getRoute = createApiRoute({
  permission: 'automation:read',
  method: 'get',
  path: `${AUTOMATION}/executions/{id}`,
  tags,
  summary: 'Get an automation execution',
  request: { params: UuidParams },
  responses: {
    200: jsonData(AutomationExecutionSchema, 'The execution.'),
    ...errors('execution_not_found'),
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
      status: z.string().max(64).optional().describe('A status, by the name that any of the APIs gives it.'),
      automation_rule_id: z.uuid().optional(),
    }),
  },
  responses: {
    200: json(z.object({ data: z.array(SummarySchema), pagination: PagingSchema }), 'A page of executions.'),
    ...errors('status_invalid'),
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
    200: jsonData(RuleSchema, 'The rule, workflow definition or action.'),
    ...errors('workflow_not_found', 'rule_not_found'),
  },
});

const retryRoute = createApiRoute({
  permission: 'automation:execute',
  method: 'post',
  path: `${AUTOMATION}/executions/{id}/retry`,
  tags,
  summary: 'Retry an automation execution',
  request: {
    params: UuidParams,
    headers: IdempotencyHeaders,
    body: optionalJsonBody(PlainRetrySchema),
  },
  responses: {
    201: jsonData(AutomationExecutionSchema, 'The new execution.'),
    ...errors(...RETRY_ERRORS, 'idempotency_mismatch'),
  },
});

const writeError: ErrorForm = ({ code, message, issues, details }, requestId) => ({
  error: { code, message, details: { request_id: requestId, ...details, ...(issues === undefined ? {} : { issues }) } },
});

/** Makes errors below the Automation API take its form. */
export const answerInAutomationForm: MiddlewareHandler<ApiEnv> = async (context, next) => {
  context.set('errorForm', writeError);
  return next();
};

/** The services of the Automation API. */
export interface AutomationServices {
  service: ExecutionService;
  lists: ExecutionLists;
  definitions: DefinitionService;
  retries: RetryService;
  causes: Causes;
  rules: Pick<RuleService, 'getById'>;
}

/** Registers the routes of the Automation API. */
export function automationRoutes({ service, lists, definitions, retries, causes, rules }: AutomationServices) {
  const router = createRouter();

  async function bodyOf(principal: Principal, view: ExecutionView) {
    const { cause } = view.execution.memo ?? {};
    const data = cause === undefined ? undefined : await causes.dataOf(principal, cause);
    return automationExecutionBody(view, principal.tenant, data);
  }

  router.openapi(retryRoute, async (context) => {
    const { id } = context.req.valid('param');
    const principal = context.get('principal');
    const { from = 'failed', ...rest } = context.req.valid('json') ?? {};
    const idempotencyKey = context.req.valid('header')['idempotency-key'];
    const started = await retries.retry(principal, id, { from, ...rest, idempotencyKey });
    const data = await bodyOf(principal, started);
    context.set('made', `${AUTOMATION}/executions/${data.execution_id}`);
    return context.json({ data }, 201);
  });

  router.openapi(getRoute, async (context) => {
    const { id } = context.req.valid('param');
    const principal = context.get('principal');
    return context.json({ data: await bodyOf(principal, await service.get(principal, id)) }, 200);
  });

  router.openapi(listRoute, async (context) => {
    const { page, limit, status, automation_rule_id: rule } = context.req.valid('query');
    const statuses = status === undefined ? undefined : statusesMeant(status, 'automation');
    const principal = context.get('principal');
    const filter = { statuses, ...(rule === undefined ? {} : filterByRule(rule)) };
    const { rows, total } = await lists.list(principal, filter, { offset: (page - 1) * limit, limit });
    const found = await causes.find(
      principal,
      rows.map(({ enforcement }) => enforcement),
    );
    const totalPages = countPages(total, limit);
    const pagination = { page, limit, total, totalPages, hasNext: page < totalPages, hasPrev: page > 1 };
    return context.json(
      { data: rows.map((row) => automationSummaryBody(row, principal.tenant, found)), pagination },
      200,
    );
  });

  router.openapi(ruleRoute, async (context) => {
    const { id } = context.req.valid('param');
    const rule = parseRuleUuid(id);
    if (rule === undefined) throw new AppError('workflow_not_found', `Rule with ID ${id} not found`);
    const collection = { href: `${AUTOMATION}/executions`, method: 'GET' };
    const links = { self: { href: `${AUTOMATION}/rules/${id}`, method: 'GET' }, collection };
    const common = { automation_rule_id: id, _links: links };
    if ('action' in rule) {
      const { action: ref } = rule;
      const data = {
        ...common,
        kind: 'action',
        ref,
        name: ref,
        description: null,
        version: null,
        enabled: true,
      } as const;
      return context.json({ data }, 200);
    }
    const principal = context.get('principal');
    if ('eventRule' in rule) {
      const { ref, label, description, revision, enabled } = await rules.getById(principal, rule.eventRule);
      const version = String(revision);
      return context.json({ data: { ...common, kind: 'rule', ref, name: label, description, version, enabled } }, 200);
    }
    const stored = await definitions.getById(principal, rule.definition);
    const { ref, label, description, version, enabled } = stored;
    return context.json(
      { data: { ...common, kind: 'workflow', ref, name: label, description, version, enabled } },
      200,
    );
  });

  return router;
}

/** Returns the filter that matches the runs of a rule; a UUID that no rule has matches none. */
function filterByRule(uuid: string): Parameters<ExecutionLists['list']>[1] {
  const rule = parseRuleUuid(uuid);
  if (rule === undefined) return { rule: NO_RULE };
  if ('eventRule' in rule) return { rule: boundedId(rule.eventRule) };
  return { ...('action' in rule ? { ref: rule.action } : { definition: boundedId(rule.definition) }), caused: false };
}

/** Returns an integer id that the database can have. */
function boundedId(id: number): number {
  return id <= MAX_ROW_ID ? id : NO_RULE;
}
