import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { AppError } from '../../model/app-error.ts';
import type { ApiEnv } from './environment.ts';

/** Paths whose pages and clients have rules of their own about who may ask from where. */
const OWN_RULES = /^\/(inquiry|codec)(\/|$)/;

/**
 * Lets pages of some origins call the API from a browser (CORS). They send a key or a token in a header, as every client does: there
 * is no cookie to send along. Stands before authentication, since a browser asks what it may before it says who asks.
 */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler<ApiEnv> {
  const allow = cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowHeaders: [
      ...['authorization', 'x-api-key', 'x-tenant-id', 'content-type', 'idempotency-key', 'if-match', 'last-event-id'],
      ...['mcp-protocol-version', 'mcp-session-id'],
    ],
    exposeHeaders: ['etag', 'location', 'retry-after', 'x-request-id', 'allow'],
    maxAge: 600,
  });
  return (context, next) => (OWN_RULES.test(context.req.path) ? next() : allow(context, next));
}

/** Where a server may be asked from by a browser. */
export interface OwnPlaces {
  /** The address that it listens on. */
  host: string;
  /** Where people reach it; undefined: unknown. */
  publicUrl: string | undefined;
  /** Origins of pages that may call it. */
  origins: readonly string[];
}

const LOOPBACK = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Refuses with `forbidden` what a page of a foreign site sends by way of somebody's browser, also under a name that it has had
 * resolved to this machine (DNS rebinding). A request with an `Origin` must name a page of the server's own, or one of `origins`. A server
 * that listens on this machine only must be called by a name of this machine, or by its public one.
 */
export function demandOwnPlace({ host, publicUrl, origins }: OwnPlaces): MiddlewareHandler<ApiEnv> {
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).hostname;
  const isOwn = (name: string) => LOOPBACK.test(name) || name === publicHost || name === host;
  const local = LOOPBACK.test(host) || host === '::1';
  return (context, next) => {
    const called = new URL(context.req.url).hostname;
    if (local && !isOwn(called)) throw new AppError('forbidden', `this server is not called ${called}`);
    const origin = context.req.header('origin');
    if (
      origin !== undefined &&
      !origins.includes(origin) &&
      !(URL.canParse(origin) && isOwn(new URL(origin).hostname))
    ) {
      throw new AppError(
        'forbidden',
        `pages of ${origin} may not call this: FERMATA_CORS_ORIGINS names those that may`,
      );
    }
    return next();
  };
}
