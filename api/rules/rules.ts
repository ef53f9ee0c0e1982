import { type RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { capIssues, type Issue } from '../../model/issue.ts';
import type { Principal } from '../../model/principal.ts';
import { RuleCreateSchema, RuleUpdateSchema } from '../../model/rules/rule.ts';
import { entityTag } from '../../service/definitions/contents.ts';
import type { RuleService, WrittenRule } from '../../service/rules/rules.ts';
import type { ApiEnv } from '../http/environment.ts';
import { errorResponses, IssueSchema } from '../http/errors.ts';
import { createRouter, refuseShape } from '../http/router.ts';
import {
  buildPageMeta,
  createApiRoute,
  json,
  jsonData,
  jsonOrYaml,
  jsonPage,
  PAGE_QUERY,
  SuccessSchema,
  windowOf,
} from '../http/routes.ts';
import { EventRuleSchema, RuleRevisionSchema, ruleBody, ruleRevisionBody } from './bodies.ts';

// Rules: which events start what.

const WrittenSchema = z
  .object({ data: EventRuleSchema, message: z.string(), warnings: z.array(IssueSchema).optional() })
  .openapi('RuleWritten');
const RefParams = z.object({ ref: z.string().max(200) });
const tags = ['rules'];
const base = '/api/v1/rules';
const needs = 'Requires `execution:execute`, too: the rule starts executions in the name of the caller.';

const listRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List rules',
  request: {
    query: z.strictObject({
      ...PAGE_QUERY,
      pack_ref: z.string().max(64).optional(),
      type: z.string().max(200).optional().describe('The type or pattern of the rule, as it is written there.'),
      trigger_ref: z.string().max(200).optional(),
      workflow: z.string().max(200).optional(),
      enabled: z.enum(['true', 'false']).optional(),
      tags: z.string().max(1000).optional().describe('Comma-separated; matches rules with any of the tags.'),
      search: z.string().max(200).optional().describe('Text in the ref, label or description; case-insensitive.'),
    }),
  },
  responses: { 200: jsonPage(EventRuleSchema, 'A page of rules, in order of ref.'), ...errorResponses() },
});
const getRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: `${base}/{ref}`,
  tags,
  summary: 'Get a rule',
  request: { params: RefParams },
  responses: { 200: jsonData(EventRuleSchema, 'The rule, with an ETag.'), ...errorResponses('rule_not_found') },
});
const revisionsRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'get',
  path: `${base}/{ref}/revisions`,
  tags,
  summary: 'List the revisions of a rule',
  request: { params: RefParams },
  responses: { 200: jsonData(z.array(RuleRevisionSchema), 'Newest first.'), ...errorResponses('rule_not_found') },
});
const validateRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'post',
  path: `${base}/validate`,
  tags,
  summary: 'Validate a rule without storing it',
  request: { body: { required: true, content: jsonOrYaml(z.record(z.string(), z.unknown())) } },
  responses: {
    200: jsonData(
      z
        .object({ valid: z.boolean(), issues: z.array(IssueSchema), warnings: z.array(IssueSchema) })
        .openapi('RuleValidation'),
      'The issues and warnings.',
    ),
    ...errorResponses('json_malformed', 'yaml_malformed'),
  },
});
const createRuleRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'post',
  path: base,
  tags,
  summary: 'Create a rule',
  description: needs,
  request: { body: { required: true, content: jsonOrYaml(RuleCreateSchema) } },
  responses: {
    201: json(WrittenSchema, 'Created.'),
    ...errorResponses('rule_invalid', 'json_malformed', 'yaml_malformed', 'permission_missing', 'rule_exists'),
  },
});
const updateRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'put',
  path: `${base}/{ref}`,
  tags,
  summary: 'Update a rule',
  description: `What decides about events or is started becomes a new revision. ${needs}`,
  request: {
    params: RefParams,
    headers: z.object({
      'if-match': z.string().max(100).optional().describe('The ETag of the rule that the update is based on.'),
    }),
    body: { required: true, content: jsonOrYaml(RuleUpdateSchema) },
  },
  responses: {
    200: json(WrittenSchema, 'Updated.'),
    ...errorResponses('rule_invalid', 'json_malformed', 'yaml_malformed', 'permission_missing'),
    ...errorResponses('rule_not_found', 'precondition_failed'),
  },
});
const deleteRoute = createApiRoute({
  permission: 'workflow:write',
  method: 'delete',
  path: `${base}/{ref}`,
  tags,
  summary: 'Delete a rule',
  request: { params: RefParams },
  responses: { 200: json(SuccessSchema, 'Deleted, with all revisions.'), ...errorResponses('rule_not_found') },
});

/** Registers the routes for rules. */
export function ruleRoutes(rules: RuleService) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const {
      pack_ref,
      type,
      trigger_ref,
      workflow,
      enabled,
      tags: wanted,
      search,
      ...query
    } = context.req.valid('query');
    const filter = {
      packRef: pack_ref,
      type,
      trigger: trigger_ref,
      workflow,
      enabled: enabled === undefined ? undefined : enabled === 'true',
      tags: wanted?.split(',').filter((tag) => tag !== ''),
      search,
    };
    const { rows, total } = await rules.list(context.get('principal'), filter, windowOf(query));
    return context.json({ data: rows.map(ruleBody), meta: buildPageMeta(total, query) }, 200);
  });

  router.openapi(getRoute, async (context) => {
    const rule = await rules.get(context.get('principal'), context.req.valid('param').ref);
    context.header('ETag', entityTag(rule));
    return context.json({ data: ruleBody(rule) }, 200);
  });

  router.openapi(revisionsRoute, async (context) => {
    const found = await rules.revisions(context.get('principal'), context.req.valid('param').ref);
    return context.json({ data: found.map(ruleRevisionBody) }, 200);
  });

  router.openapi(validateRoute, async (context) => {
    const { issues, warnings } = await rules.validate(context.get('principal'), context.req.valid('json'));
    const all = capIssues([...warnings, ...(context.get('bodyWarnings') ?? [])]);
    return context.json({ data: { valid: issues.length === 0, issues, warnings: all } }, 200);
  });

  router.openapi(
    createRuleRoute,
    async (context) => {
      const written = await rules.create(context.get('principal'), context.req.valid('json'));
      context.header('Location', `${base}/${written.rule.ref}`);
      context.header('ETag', entityTag(written.rule));
      return context.json(writtenBody(written, 'Rule created successfully', context.get('bodyWarnings')), 201);
    },
    refuseRule(createRuleRoute, (principal, body) => rules.create(principal, body)),
  );

  router.openapi(
    updateRoute,
    async (context) => {
      const { ref } = context.req.valid('param');
      const tag = context.req.valid('header')['if-match'];
      // `*` only requires that the rule exists.
      const wanted = tag === '*' ? undefined : tag;
      const written = await rules.update(context.get('principal'), ref, context.req.valid('json'), wanted);
      context.header('ETag', entityTag(written.rule));
      return context.json(writtenBody(written, 'Rule updated successfully', context.get('bodyWarnings')), 200);
    },
    refuseRule(updateRoute, (principal, body, ref) => rules.update(principal, ref, body)),
  );

  router.openapi(deleteRoute, async (context) => {
    const { ref } = context.req.valid('param');
    await rules.remove(context.get('principal'), ref);
    return context.json({ success: true as const, message: `Rule '${ref}' deleted successfully` }, 200);
  });

  return router;
}

/**
 * Returns the hook of a route that takes a rule: `attempt` refuses a body whose shape is wrong with everything else that is wrong with
 * the rule.
 */
function refuseRule(
  route: RouteConfig,
  attempt: (principal: Principal, body: unknown, ref: string) => Promise<unknown>,
) {
  const otherwise = refuseShape(route);
  type Result = Parameters<typeof otherwise>[0];
  async function refuse(result: Result, context: Context<ApiEnv>): Promise<never> {
    if (!result.success && result.target === 'json') {
      await attempt(context.get('principal'), await context.req.json(), context.req.param('ref') ?? '');
    }
    return (await otherwise(result, context)) as never; // a result without success is refused
  }
  return (result: Result, context: Context<ApiEnv>): Promise<never> | undefined =>
    result.success ? undefined : refuse(result, context);
}

function writtenBody(
  { rule, warnings: found }: WrittenRule,
  message: string,
  ofBody: readonly Issue[] = [],
): z.infer<typeof WrittenSchema> {
  const warnings = capIssues([...found, ...ofBody]);
  return { data: ruleBody(rule), message, ...(warnings.length === 0 ? {} : { warnings }) };
}
