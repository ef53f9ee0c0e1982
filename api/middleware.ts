import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { AppError, type ErrorCode } from '../model/app-error.ts';
import { MAX_DEPTH } from '../model/definition.ts';
import { jsonDepth } from '../model/json.ts';
import { type Permission, permissionsOf } from '../model/permissions.ts';
import type { PrincipalService } from '../service/principals.ts';
import type { ApiEnv } from './environment.ts';
import { readPackArchive, ZIP_TYPE } from './pack-archive.ts';
import { parseYaml, YAML_TYPE } from './yaml.ts';

/** Bytes that a body, and characters that a URL, may have (design/shapes.md). */
export const MAX_BODY = 2 * 1024 * 1024;
const MAX_URL = 8 * 1024;

/**
 * Paths that need no credentials; nothing else is open (design/shapes.md, Settings and openness). The last two have a
 * credential of their own: a sealed link, and Slack's signature.
 */
const OPEN_PATHS = /^\/(healthz|readyz|openapi\.json|docs(\/.*)?|inquiry|api\/v1\/chat\/slack\/interactions)$/;

/** Paths whose bodies are forms, which they read themselves: a page, and what Slack has signed. */
const FORM_PATHS = /^\/(inquiry|api\/v1\/chat\/slack\/interactions)$/;

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

/** Demands a principal: `Authorization: Bearer <key>` or `x-api-key`, and a tenant that agrees with it. */
export function authenticate(principals: PrincipalService): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    if (OPEN_PATHS.test(context.req.path)) return next();
    const bearer = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
    const principal = await principals.authenticate(context.req.header('x-api-key') || bearer);
    const tenant = context.req.header('x-tenant-id');
    if (tenant !== undefined && tenant !== principal.tenant && tenant !== principal.tenantRef) {
      throw new AppError('forbidden', 'x-tenant-id is not the tenant of the credentials');
    }
    context.set('principal', principal);
    return next();
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
        context.header('Retry-After', String(Math.ceil(refused.msBeforeNext / 1000)));
        throw new AppError('rate_limited', `more than ${perMinute} requests a minute`);
      }
    }
    return next();
  };
}

/** Demands a permission. Throws `forbidden`, or what a document answers instead. */
export function demand(permission: Permission, otherwise: ErrorCode = 'forbidden'): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const { roles, permissions } = context.get('principal');
    context.set('permission', permission);
    if (!permissionsOf(roles, permissions).has(permission)) {
      const message = otherwise === 'forbidden' ? `this needs the permission ${permission}` : 'there is nothing here';
      throw new AppError(otherwise, message);
    }
    return next();
  };
}

/**
 * Refuses a URL that is too long, and a body that is neither JSON nor YAML, malformed, or nested too deep. Behind it every
 * body is JSON.
 */
export const checkRequest: MiddlewareHandler<ApiEnv> = async (context, next) => {
  const { req } = context;
  if (req.url.length > MAX_URL) throw new AppError('request_invalid', `the URL has more than ${MAX_URL} characters`);
  if ((req.method !== 'POST' && req.method !== 'PUT') || FORM_PATHS.test(req.path)) return next();
  const type = req.header('content-type') ?? '';
  if (ZIP_TYPE.test(type) && req.path === PACK_IMPORT) {
    replaceBody(context, readPackArchive(new Uint8Array(await req.arrayBuffer())));
    return next();
  }
  const text = await req.text();
  if (text === '') return next();
  const yaml = YAML_TYPE.test(type);
  if (!yaml && !/^application\/json\b/i.test(type)) {
    const message = `the body must be application/json or application/yaml, not ${type || 'of no type'}`;
    throw new AppError('unsupported_media_type', message);
  }
  const value = yaml ? parseYaml(text) : parse(text);
  if (jsonDepth(value, MAX_DEPTH) > MAX_DEPTH) {
    throw new AppError('request_invalid', `the body is nested deeper than ${MAX_DEPTH} levels`);
  }
  if (yaml) replaceBody(context, value);
  return next();
};

/** Where a folder may be sent as an archive. */
const PACK_IMPORT = '/api/v1/packs/import';

function replaceBody({ req }: Context<ApiEnv>, value: unknown): void {
  const headers = new Headers(req.raw.headers);
  headers.set('content-type', 'application/json');
  headers.delete('content-length');
  req.raw = new Request(req.url, { method: req.method, headers, body: JSON.stringify(value) });
  req.bodyCache = {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('json_malformed', `the body is not JSON: ${(cause as Error).message}`, { cause });
  }
}
