import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { AppError, type ErrorCode } from '../../model/app-error.ts';
import { hasPermission, type Permission } from '../../model/permissions.ts';
import type { PrincipalService } from '../../service/access/principals.ts';
import { createInFlight } from '../../service/starts/in-flight.ts';
import { workFor } from '../../service/starts/work-owner.ts';
import { type AddressGuard, addressOf } from './addresses.ts';
import type { ApiEnv } from './environment.ts';

/** Characters that a URL may have. */
const MAX_URL = 8 * 1024;

/**
 * Paths that need no credentials; nothing else is open (design/shapes.md, Settings and openness). The last two have a
 * credential of their own: a sealed link or the cookie of its page, and what a chat service signs its requests with.
 */
const OPEN_PATHS =
  /^\/(healthz|readyz|openapi\.json|docs(\/.*)?|\.well-known\/fermata-keys\.json|inquiry(\/[^/]+)?|api\/v1\/chat\/[a-z]+\/[a-z]+)$/;

/** Who a request is worked for as long as it is unknown who asks. */
const NOBODY = 'nobody';

/** Hears of every request, once its answer begins. */
export type RequestObserver = (request: { method: string; route: string; status: number; seconds: number }) => void;

/** Tells an observer of requests, by the path of their route: ids would be as many as there are executions. */
export function observeRequests(observe: RequestObserver): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const started = performance.now();
    await next();
    const seconds = (performance.now() - started) / 1000;
    observe({ method: context.req.method, route: routePath(context, -1), status: context.res.status, seconds });
  };
}

/**
 * Demands a principal: `Authorization: Bearer <key>` or `x-api-key`, and a tenant that agrees with it. The guard bounds what
 * an address asks without one; null: nothing does.
 */
export function authenticate(principals: PrincipalService, guard: AddressGuard | null): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const open = OPEN_PATHS.test(context.req.path);
    const bearer = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
    const credentials = context.req.header('x-api-key') || bearer;
    if (open || credentials === undefined) await guard?.countAnonymous(addressOf(context));
    if (open) return workFor(NOBODY, next);
    const find = () => workFor(NOBODY, () => principals.authenticate(credentials));
    const principal = await (guard === null || credentials === undefined
      ? find()
      : guard.lookUp(addressOf(context), credentials, find));
    const tenant = context.req.header('x-tenant-id');
    if (tenant !== undefined && tenant !== principal.tenant && tenant !== principal.tenantRef) {
      throw new AppError('forbidden', 'x-tenant-id is not the tenant of the credentials');
    }
    context.set('principal', principal);
    context.set('holds', () =>
      find().then(
        (now) => {
          const permission = context.get('permission');
          return permission === undefined || hasPermission(now, permission);
        },
        (error: unknown) => !(error instanceof AppError && error.code === 'unauthenticated'),
      ),
    );
    return workFor(principal.tenant, next);
  };
}

/** Bounds how often a principal may ask: `rate_limited` with Retry-After beyond it. No limit below one a minute. */
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
        throw new AppError('rate_limited', `more than ${perMinute} requests a minute`, { retryAfter });
      }
    }
    return next();
  };
}

/** Requests that a tenant may have in flight at once. */
const MAX_IN_FLIGHT = 100;

/**
 * Bounds the requests of a tenant that are in flight: `busy` beyond it. A request is in flight until its answer begins, so that open
 * streams do not count, and a start that awaits its run does.
 */
export function limitInFlight(): MiddlewareHandler<ApiEnv> {
  const enter = createInFlight(MAX_IN_FLIGHT);
  return async (context, next) => {
    const principal = context.get('principal') as ApiEnv['Variables']['principal'] | undefined;
    if (principal === undefined) return next();
    const leave = enter(principal.tenant);
    if (leave === null) {
      throw new AppError('busy', `this tenant has ${MAX_IN_FLIGHT} requests in flight, which is the most it may have`);
    }
    try {
      return await next();
    } finally {
      leave();
    }
  };
}

/** Demands a permission. Throws `forbidden`, or what a document answers instead. */
export function demand(permission: Permission, otherwise: ErrorCode = 'forbidden'): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    context.set('permission', permission);
    if (hasPermission(context.get('principal'), permission)) return next();
    if (otherwise !== 'forbidden') throw new AppError(otherwise, 'there is nothing here');
    throw new AppError('forbidden', `this needs the permission ${permission}`, { details: { permission } });
  };
}

/** Keeps answers out of caches, but those whose route says for how long they hold. */
export const forbidStoring: MiddlewareHandler<ApiEnv> = async (context, next) => {
  await next();
  const { headers, ok } = context.res;
  if (!ok || !headers.get('cache-control')?.includes('max-age')) headers.set('cache-control', 'no-store');
};

/** Refuses a URL that is too long, whoever sends it. */
export const checkUrl: MiddlewareHandler<ApiEnv> = (context, next) => {
  if (context.req.url.length > MAX_URL) {
    throw new AppError('request_invalid', `the URL has more than ${MAX_URL} characters`);
  }
  return next();
};
