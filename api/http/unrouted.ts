import type { Hono, NotFoundHandler } from 'hono';
import { AppError } from '../../model/app-error.ts';
import type { ApiEnv } from './environment.ts';
import { answerError } from './errors.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Answers what no route of the app takes: OPTIONS with the methods of the path, `method_not_allowed` with the same in `Allow` where the
 * path has others, else `not_found`.
 */
export function answerUnrouted(app: Hono<ApiEnv>): NotFoundHandler<ApiEnv> {
  return (context) => {
    const { method, path } = context.req;
    const allowed = allowedAt(app, path);
    if (allowed.length === 0)
      return answerError(context, new AppError('not_found', `there is nothing at ${method} ${path}`));
    context.header('allow', allowed.join(', '));
    if (method === 'OPTIONS') return context.body(null, 204);
    return answerError(
      context,
      new AppError('method_not_allowed', `${path} takes ${allowed.join(', ')}, not ${method}`),
    );
  };
}

/** The methods that a path takes; none where no route has it. What is registered for all methods is no route. */
function allowedAt(app: Hono<ApiEnv>, path: string): string[] {
  const own = METHODS.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  if (own.length === 0) return [];
  return own.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).concat('OPTIONS');
}
