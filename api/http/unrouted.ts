import type { Hono, NotFoundHandler } from 'hono';
import { AppError } from '../../model/app-error.ts';
import type { ApiEnv } from './environment.ts';
import { answerError } from './errors.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Responds to requests that match no route: OPTIONS with the methods of the path, `method_not_allowed` with the same in
 * `Allow` if the path has other methods, else `not_found`.
 */
export function answerUnrouted(app: Hono<ApiEnv>): NotFoundHandler<ApiEnv> {
  return (context) => {
    const { method, path } = context.req;
    const allowed = allowedAt(app, path);
    if (allowed.length === 0) return answerError(context, new AppError('not_found', `${method} ${path} not found`));
    context.header('allow', allowed.join(', '));
    if (method === 'OPTIONS') return context.body(null, 204);
    return answerError(
      context,
      new AppError('method_not_allowed', `${path} does not support ${method}: use ${allowed.join(', ')}`),
    );
  };
}

/** Returns the methods that a path supports. Middleware, which is registered for all methods, does not count. */
function allowedAt(app: Hono<ApiEnv>, path: string): string[] {
  const own = METHODS.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  if (own.length === 0) return [];
  return own.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).concat('OPTIONS');
}
