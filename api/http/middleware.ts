import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { AppError, type ErrorCode } from '../../model/app-error.ts';
import { hasPermission, type Permission } from '../../model/permissions.ts';
import { decodeEscapes } from '../../model/text.ts';
import { createInFlight } from '../../service/starts/in-flight.ts';
import type { ApiEnv, RequestObserver } from './environment.ts';

/** The maximum length of a URL, in characters. */
const MAX_URL = 8 * 1024;

/** Notes which route answers: a path can match several, as `/executions/bulk/cancel` matches `/executions/{id}/cancel`. */
export function noteRoute(path: string): MiddlewareHandler<ApiEnv> {
  const route = path.replaceAll(/\{(\w+)\}/g, ':$1');
  return (context, next) => {
    context.set('route', route);
    return next();
  };
}

/** Returns the path of the route that answers a request, with `:name` for each parameter. */
export function routeOf(context: Context<ApiEnv>): string {
  return context.get('route') ?? routePath(context, -1);
}

/** Reports requests to an observer, by route, since paths with ids would be unbounded. */
export function observeRequests(observe: RequestObserver): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const started = performance.now();
    await next();
    const seconds = (performance.now() - started) / 1000;
    observe({ method: context.req.method, route: routeOf(context), status: context.res.status, seconds });
  };
}

/**
 * Limits the requests of a principal per minute: `rate_limited` with Retry-After beyond it. A limit below 1 disables
 * this.
 */
export function limitRate(perMinute: number): MiddlewareHandler<ApiEnv> {
  if (perMinute < 1) return (_, next) => next();
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return async (context, next) => {
    const principal = context.get('principal') as ApiEnv['Variables']['principal'] | undefined;
    if (principal !== undefined) {
      const refused = await limiter.consume(principal.id).then(
        () => null,
        (result: RateLimiterRes) => result,
      );
      if (refused !== null) {
        const retryAfter = Math.ceil(refused.msBeforeNext / 1000);
        throw new AppError('rate_limited', `more than ${perMinute} requests per minute`, { retryAfter });
      }
    }
    return next();
  };
}

/** The maximum number of requests in progress for one tenant: of those that post events, and of all others. */
const MAX_IN_FLIGHT = 100;

/** Where events are posted, and the seconds after which one that is refused may be posted again. */
const EVENTS = /^\/api\/v1\/events\/?$/;
const RETRY_AFTER = 1;

/**
 * Limits the requests of a tenant that are in progress: `busy` beyond it. A request is in progress until its response
 * begins, so open streams do not count, but a start that waits for its execution does. Requests that post events are counted apart, so that
 * a storm of them keeps nobody else out, and are `rate_limited` with Retry-After.
 */
export function limitInFlight(): MiddlewareHandler<ApiEnv> {
  const enter = createInFlight(MAX_IN_FLIGHT);
  const enterEvents = createInFlight(MAX_IN_FLIGHT);
  return async (context, next) => {
    const principal = context.get('principal') as ApiEnv['Variables']['principal'] | undefined;
    if (principal === undefined) return next();
    const postsEvents = context.req.method === 'POST' && EVENTS.test(context.req.path);
    const leave = (postsEvents ? enterEvents : enter)(principal.tenant);
    if (leave === null) throw tooMany(postsEvents);
    try {
      return await next();
    } finally {
      leave();
    }
  };
}

function tooMany(postsEvents: boolean): AppError {
  const most = 'in progress, the most that are allowed at once';
  if (!postsEvents) return new AppError('busy', `this tenant has ${MAX_IN_FLIGHT} requests ${most}`);
  const message = `this tenant has ${MAX_IN_FLIGHT} requests with events ${most}`;
  return new AppError('rate_limited', message, { retryAfter: RETRY_AFTER });
}

/** Requires a permission. Throws `forbidden`, or the code that an API uses instead. */
export function demand(permission: Permission, otherwise: ErrorCode = 'forbidden'): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    context.set('permission', permission);
    if (hasPermission(context.get('principal'), permission)) return next();
    if (otherwise !== 'forbidden') throw new AppError(otherwise, 'not found');
    throw new AppError('forbidden', `the permission "${permission}" is required`, { details: { permission } });
  };
}

/** Keeps responses out of caches, except those whose route sets a lifetime, or has clients ask whether they have changed. */
export const forbidStoring: MiddlewareHandler<ApiEnv> = async (context, next) => {
  await next();
  const { headers, ok, status } = context.res;
  const mayStore = (ok || status === 304) && /max-age|private, no-cache/.test(headers.get('cache-control') ?? '');
  if (!mayStore) headers.set('cache-control', 'no-store');
};

/** Refuses URLs that are too long, and those whose query has percent-escapes that are not UTF-8: it would be taken for something else. */
export const checkUrl: MiddlewareHandler<ApiEnv> = (context, next) => {
  const { url } = context.req;
  if (url.length > MAX_URL) {
    throw new AppError('request_invalid', `the URL must not have more than ${MAX_URL} characters`);
  }
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  if (decodeEscapes(query) === null) {
    throw new AppError('request_invalid', 'the query has a percent-escape that is not UTF-8');
  }
  return next();
};
