import { OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi';
import type { Context, Hono } from 'hono';
import { AppError } from '../../model/app-error.ts';
import { andMore, capIssues, fillsAnswer, type Issue } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import { namedByRef } from '../../model/pack-issues.ts';
import type { Principal } from '../../model/principal.ts';
import { convertIssues } from '../../model/zod-issues.ts';
import type { ApiEnv } from './environment.ts';

/** Some routes of the API, described or not. */
export type Router = Hono<ApiEnv>;

/**
 * Creates a router whose routes refuse requests that do not match their schemas: all issues at once, with pointers. A
 * path may end with a slash.
 */
export function createRouter(): OpenAPIHono<ApiEnv> {
  const router = new OpenAPIHono<ApiEnv>({ strict: false });
  const { openapi } = router;
  // A route without a hook gets the usual one, whatever the types of its request are.
  router.openapi = ((route: RouteConfig, handler: never, hook: never = refuseShape(route) as never) =>
    openapi(route, handler, hook)) as typeof openapi;
  return router;
}

type ValidationResult = { success: true } | { success: false; error: z.ZodError; target: string };

/** Finds what else is wrong with a body whose shape is wrong. */
type FindMore = (principal: Principal, body: unknown) => Promise<Issue[]>;

/** Returns the hook of a route: it refuses a request that does not match its schemas, with what `findMore` finds too. */
export function refuseShape(route: RouteConfig, findMore?: FindMore) {
  return (result: ValidationResult, context: Context<ApiEnv>): Promise<never> | undefined =>
    result.success ? undefined : reject(route, result, context, findMore);
}

async function reject(
  route: RouteConfig,
  { error, target }: Extract<ValidationResult, { success: false }>,
  context: Context<ApiEnv>,
  findMore: FindMore = async () => [],
): Promise<never> {
  const { schema, value } = await parsedBy(route, target, context);
  const found = convertIssues(error, schema, value);
  const more = target === 'json' && !fillsAnswer(found) ? await findMore(context.get('principal'), value) : [];
  const issues = namedByRef([...found, ...more], value as Json | undefined);
  const inDefinition = issues.some(({ path }) => /^\/(definition|param_schema|out_schema)(\/|$)/.test(path));
  const [first] = issues;
  const text = `${first?.path || 'the request'} ${first?.message}${andMore(issues)}`;
  throw new AppError(inDefinition ? 'definition_invalid' : 'request_invalid', text, { issues: capIssues(issues) });
}

async function parsedBy(
  route: RouteConfig,
  target: string,
  context: Context<ApiEnv>,
): Promise<{ schema: z.ZodType; value: unknown }> {
  const { request } = route;
  if (target === 'json') {
    // Every body is described by a zod schema, never by a reference.
    const content = request?.body?.content['application/json'] as { schema: z.ZodType };
    return { schema: content.schema, value: await context.req.json().catch(() => undefined) };
  }
  if (target === 'query') return { schema: request?.query as z.ZodType, value: context.req.query() };
  return { schema: request?.params as z.ZodType, value: context.req.param() };
}
