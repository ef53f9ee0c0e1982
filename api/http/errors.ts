import { z } from '@hono/zod-openapi';
import type { Context, ErrorHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { AppError, ERROR_STATUS, type ErrorCode } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import { PERMISSIONS } from '../../model/permissions.ts';
import { PLAN_PARTS, RetryPlanSchema } from '../../model/retry-plan.ts';
import { toAppError } from '../../service/background/outages.ts';
import type { ApiEnv, ErrorForm } from './environment.ts';
import { routeOf } from './middleware.ts';

/** One issue or warning about a request. */
export const IssueSchema = z
  .object({
    code: z.string(),
    path: z.string().describe('JSON pointer into the request body.'),
    message: z.string(),
    line: z.int().optional().describe('Line within a template.'),
    column: z.int().optional(),
    omitted: z.int().optional().describe('With `more_issues`: how many issues are not listed.'),
  })
  .openapi('Issue');

/** The plan of a retry. */
export const PlanSchema = z.object(RetryPlanSchema.shape).openapi('RetryPlan');

/** Details of an error for programs. */
const ErrorDetailsSchema = z.object({
  permission: z.enum(PERMISSIONS).optional().describe('The permission that the caller does not have.'),
  plan: PlanSchema.optional().describe('With `plan_stale`: the plan as it is now.'),
  changed: z
    .array(z.enum(PLAN_PARTS))
    .optional()
    .describe('With `plan_stale`: what has changed since; empty if the request itself is another one.'),
});

/** The body of every error. */
export const ErrorSchema = z
  .object({
    error: z.string(),
    status: z.int(),
    code: z.string().describe('A stable code for programs.'),
    issues: z.array(IssueSchema).optional(),
    details: ErrorDetailsSchema.optional(),
    request_id: z.string(),
  })
  .openapi('Error');

/**
 * Describes the error responses of a route for OpenAPI. Every route may also return 400, 401, 403, 422, 429, 500 and
 * 503.
 */
export function errorResponses(...codes: ErrorCode[]) {
  return errorResponsesIn(ErrorSchema, ...codes);
}

/** Describes error responses with another schema. */
export function errorResponsesIn(schema: z.ZodType, ...codes: ErrorCode[]) {
  const always: ErrorCode[] = [
    'request_invalid',
    'unauthenticated',
    'forbidden',
    'rate_limited',
    'work_exceeded',
    'internal',
    'busy',
    'temporal_unavailable',
    'database_unavailable',
  ];
  const all = new Set([...codes, ...always]);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of all) {
    const status = ERROR_STATUS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, named]) => [
      status,
      { description: named.join(', '), content: { 'application/json': { schema } } },
    ]),
  );
}

/** The Retry-After of `busy`, in seconds. */
const RETRY_AFTER = '5';

/** Creates the handler that turns errors into HTTP responses; the only place where that happens. */
export function createErrorHandler(log: Logger): ErrorHandler<ApiEnv> {
  return (thrown, context) => {
    const error = appErrorOf(thrown);
    const requestId = context.get('requestId');
    // Paths can contain names of people and tokens, so only the route is logged.
    const route = routeOf(context);
    if (error.status >= 500 && error.code !== 'busy')
      log.error({ err: thrown, request_id: requestId, route }, error.message);
    if (error.code === 'busy') context.header('retry-after', RETRY_AFTER);
    if (error.retryAfter !== undefined) context.header('retry-after', String(error.retryAfter));
    return answerError(context, error);
  };
}

/** Responds with an error, in the form of the API to which the path belongs. */
export function answerError(context: Context<ApiEnv>, error: AppError): Response {
  const form: ErrorForm = context.get('errorForm') ?? errorBody;
  return context.json(form(error, context.get('requestId')), error.status);
}

function errorBody(error: AppError, requestId: string): z.infer<typeof ErrorSchema> {
  const { message, status, code, issues, details } = error;
  return {
    error: message,
    status,
    code,
    ...(issues === undefined ? {} : { issues }),
    ...(details === undefined ? {} : { details }),
    request_id: requestId,
  };
}

function appErrorOf(thrown: Error): AppError {
  if (thrown instanceof HTTPException && thrown.status === 400) {
    return new AppError('json_malformed', 'the body is not valid JSON', { cause: thrown });
  }
  return toAppError(thrown, 'internal error: the log has details under this request_id');
}
