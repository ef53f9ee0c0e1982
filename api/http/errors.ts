import { z } from '@hono/zod-openapi';
import type { Context, ErrorHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { routePath } from 'hono/route';
import { AppError, ERROR_STATUS, type ErrorCode } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import { PERMISSIONS } from '../../model/permissions.ts';
import { refusalOf } from '../../service/outages.ts';
import type { ApiEnv } from './environment.ts';

/** One thing that is wrong with a request, or doubtful about it. */
export const IssueSchema = z
  .object({
    code: z.string(),
    path: z.string().describe('JSON pointer from the root of the request body.'),
    message: z.string(),
    line: z.int().optional().describe('Line inside a template.'),
    column: z.int().optional(),
  })
  .openapi('Issue');

/** What programs may want to know of an error besides its code. */
const ErrorDetailsSchema = z.object({
  permission: z.enum(PERMISSIONS).optional().describe('The permission that the caller lacks.'),
});

/** The body of every error. */
export const ErrorSchema = z
  .object({
    error: z.string(),
    status: z.int(),
    code: z.string().describe('Stable: made for programs.'),
    issues: z.array(IssueSchema).optional(),
    details: ErrorDetailsSchema.optional(),
    request_id: z.string(),
  })
  .openapi('Error');

/** How a dialect writes an error that is not written as document 000 does. */
export type ErrorForm = (error: AppError, requestId: string) => Record<string, unknown>;

/** The error answers of a route, for its OpenAPI description; every route may also answer 400, 401, 403, 422, 429, 500 and 503. */
export function errorResponses(...codes: ErrorCode[]) {
  return errorResponsesIn(ErrorSchema, ...codes);
}

/** The same, in a dialect's own form. */
export function errorResponsesIn(schema: z.ZodType, ...codes: ErrorCode[]) {
  const always: ErrorCode[] = [
    ...(['request_invalid', 'unauthenticated', 'forbidden', 'rate_limited'] as const),
    ...(['work_exceeded', 'internal', 'busy', 'temporal_unavailable', 'database_unavailable'] as const),
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

/** Seconds after which a request that was refused as `busy` may be sent again. */
const RETRY_AFTER = '5';

/** Turns what was thrown into an answer: the one place where errors become HTTP. */
export function createErrorHandler(log: Logger): ErrorHandler<ApiEnv> {
  return (thrown, context) => {
    const error = appErrorOf(thrown);
    const requestId = context.get('requestId');
    // A path may name people, and hold what opens a page.
    const route = routePath(context, -1);
    if (error.status >= 500 && error.code !== 'busy')
      log.error({ err: thrown, request_id: requestId, route }, error.message);
    if (error.code === 'busy') context.header('retry-after', RETRY_AFTER);
    if (error.retryAfter !== undefined) context.header('retry-after', String(error.retryAfter));
    return answerError(context, error);
  };
}

/** Answers with an error, in the form of the API that the path belongs to. */
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
    return new AppError('json_malformed', 'the body is not JSON', { cause: thrown });
  }
  return refusalOf(thrown, 'something went wrong here; the log has it under this request id');
}
