import type { Context, MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { AppError } from '../../../model/app-error.ts';
import type { ApiEnv } from '../environment.ts';

/** Paths with their own rules for origins. */
const OWN_RULES = /^\/(inquiry|codec)(\/|$)/;

/**
 * Allows pages of the given origins to call the API from a browser (CORS). They send a key or token in a header, as all
 * clients do; the cookies of sessions and of pages are not sent for them. Must come before authentication, since preflight requests carry no credentials.
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

/** The names and origins by which browsers may call a server. */
export interface OwnPlaces {
  /** The address on which the server listens. */
  host: string;
  /** The URL at which people reach it; undefined if unknown. */
  publicUrl: string | undefined;
  /** Other origins that may call it. */
  origins: readonly string[];
}

const LOOPBACK = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Refuses requests that a page of another site sends through a browser, also after DNS rebinding, with `forbidden`. An
 * `Origin` must be the server's own or one of `origins`. A server that listens only on this machine must be addressed
 * by a name of this machine or its public name.
 */
export function demandOwnPlace({ host, publicUrl, origins }: OwnPlaces): MiddlewareHandler<ApiEnv> {
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).hostname;
  const isOwn = (name: string) => LOOPBACK.test(name) || name === publicHost || name === host;
  const local = LOOPBACK.test(host) || host === '::1';
  return (context, next) => {
    const called = new URL(context.req.url).hostname;
    if (local && !isOwn(called))
      throw new AppError('forbidden', `unknown host "${called}": this server does not have that name`);
    const origin = context.req.header('origin');
    if (
      origin !== undefined &&
      !origins.includes(origin) &&
      !(URL.canParse(origin) && isOwn(new URL(origin).hostname))
    ) {
      throw new AppError(
        'forbidden',
        `requests from ${origin} are not allowed: add the origin to FERMATA_CORS_ORIGINS`,
      );
    }
    return next();
  };
}

/** Reports whether a browser has sent a request over https, also to a proxy in front of this process. */
export function isSecure({ req }: Context<ApiEnv>): boolean {
  // Each proxy of a row may add its own; the first one is what the browser used.
  const [forwarded] = (req.header('x-forwarded-proto') ?? '').split(',');
  return new URL(req.url).protocol === 'https:' || forwarded?.trim() === 'https';
}

/** Throws `forbidden` for a request that a page of another site has sent, whatever cookies a browser adds to it. */
export function demandSameSite({ req }: Context<ApiEnv>): void {
  const site = req.header('sec-fetch-site');
  const origin = req.header('origin');
  const isForeign = site !== undefined ? site !== 'same-origin' : origin !== undefined && !isOwnOrigin(req.url, origin);
  if (isForeign) throw new AppError('forbidden', 'this request was sent from another site');
}

/** Reports whether an `Origin` is the host of a URL. */
export function isOwnOrigin(url: string, origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(url).host;
}

/** The addresses by which this machine reaches itself. */
const OWN_ADDRESS = /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/i;

/** Reports whether a request was sent by this machine to itself, without a proxy, and to a name that is its own. */
export function isLocal({ req, env }: Context<ApiEnv>): boolean {
  const isProxied = ['forwarded', 'x-forwarded-for', 'x-forwarded-host'].some((name) => req.header(name) !== undefined);
  const sender = env?.incoming?.socket?.remoteAddress ?? '';
  return !isProxied && OWN_ADDRESS.test(sender) && LOOPBACK.test(new URL(req.url).hostname);
}
