import type { Context, MiddlewareHandler } from 'hono';
import { AppError } from '../../../model/app-error.ts';
import { hasPermission } from '../../../model/permissions.ts';
import type { Principal } from '../../../model/principal.ts';
import type { PrincipalService } from '../../../service/access/principals.ts';
import { type BrowserSession, isCsrfToken, type SessionService } from '../../../service/access/sessions.ts';
import { UNKNOWN_OWNER, workFor } from '../../../service/starts/work-owner.ts';
import type { ApiEnv } from '../environment.ts';
import { type AddressGuard, addressOf } from './addresses.ts';
import { isOwnOrigin } from './origins.ts';
import type { SessionCookie } from './session-cookie.ts';

/**
 * Paths that need no credentials. The last two have other credentials: a link or the cookie of its page, and the
 * signature of a chat service.
 */
const OPEN_PATHS =
  /^\/(healthz|readyz|openapi\.json|docs(\/.*)?|\.well-known\/fermata-keys\.json|inquiry(\/[^/]+)?|api\/v1\/chat\/[a-z]+\/[a-z]+)$/;

/** Sign-in, which takes a credential in its body, and sign-out. */
const SESSION_ROUTE = /^\/api\/v1\/session\/?$/;

/** Paths at which a session counts: not the Management API, where GET changes things, MCP, the codec, and the metrics. */
const SESSION_PATHS = /^\/api\/v1\/(?!execution(\/|$))/;

/** Methods that change nothing below `SESSION_PATHS`. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** The dependencies of authentication. */
export interface AuthenticationOptions {
  principals: PrincipalService;
  sessions: SessionService;
  cookie: SessionCookie;
  /** Limits requests by address; null disables that. */
  guard: AddressGuard | null;
  /** The URL at which people reach the API, if known. */
  publicUrl: string | undefined;
}

/**
 * Authenticates the caller by `Authorization: Bearer <key>` or `x-api-key`, or, without either, by the cookie of a session, and checks
 * that `x-tenant-id` agrees. A request by cookie that changes something needs the session's `x-csrf-token`; one for a WebSocket must
 * come from a page of our own.
 */
export function authenticate(options: AuthenticationOptions): MiddlewareHandler<ApiEnv> {
  const { principals, sessions, cookie, guard, publicUrl } = options;

  return async (context, next) => {
    if (isSignIn(context)) return signIn(context, next);
    const isOpen = OPEN_PATHS.test(context.req.path);
    const credentials = credentialsIn(context);
    const sealed = isOpen || credentials !== undefined ? undefined : sessionIn(context);
    // A session that is asked for without a cookie is no wrong one.
    const shown = credentials ?? (sealed || undefined);
    if (isOpen || shown === undefined) await guard?.countAnonymous(addressOf(context));
    if (isOpen) return workFor(UNKNOWN_OWNER, next);
    const find = (used: boolean) =>
      workFor(UNKNOWN_OWNER, () =>
        sealed === undefined ? principals.authenticate(credentials) : findBySession(context, sealed, used),
      );
    const principal = await lookUp(context, shown, () => find(isUse(context)));
    demandTenant(context, principal);
    context.set('principal', principal);
    context.set('holds', () => stillHolds(context, () => find(false)));
    return workFor(principal.tenant, next);
  };

  /** Has the route, which reads the credentials, try them within the limits of the address. */
  async function signIn(context: Context<ApiEnv>, next: () => Promise<void>): Promise<void> {
    await guard?.countAnonymous(addressOf(context));
    context.set('signIn', (shown, open) => (guard === null ? open() : guard.signIn(addressOf(context), shown, open)));
    return workFor(UNKNOWN_OWNER, next);
  }

  /** Returns the cookie of a session where it counts; empty where a session is asked for and there is none. */
  function sessionIn(context: Context<ApiEnv>): string | undefined {
    const { path } = context.req;
    if (!SESSION_PATHS.test(path)) return undefined;
    return cookie.read(context) ?? (SESSION_ROUTE.test(path) ? '' : undefined);
  }

  async function findBySession(context: Context<ApiEnv>, sealed: string, used: boolean): Promise<Principal> {
    const session = await sessions.find(sealed, { used });
    demandOwnPage(context, session, publicUrl);
    context.set('session', session);
    return session.principal;
  }

  function lookUp<T>(context: Context<ApiEnv>, shown: string | undefined, find: () => Promise<T>): Promise<T> {
    return guard === null || shown === undefined ? find() : guard.lookUp(addressOf(context), shown, find);
  }
}

function isSignIn({ req }: Context<ApiEnv>): boolean {
  return req.method === 'POST' && SESSION_ROUTE.test(req.path);
}

function credentialsIn({ req }: Context<ApiEnv>): string | undefined {
  return req.header('x-api-key') || /^Bearer (.+)$/i.exec(req.header('authorization') ?? '')?.[1];
}

/**
 * Reports whether a request counts as use of a session: not if it opens a stream, which browsers open again by themselves, or says with
 * `x-background: 1` that a page sends it by itself.
 */
function isUse({ req }: Context<ApiEnv>): boolean {
  const isStream = isUpgrade(req.header('upgrade')) || req.header('accept')?.includes('text/event-stream') === true;
  return !isStream && req.header('x-background') !== '1';
}

function isUpgrade(header: string | undefined): boolean {
  return header?.toLowerCase() === 'websocket';
}

function demandTenant({ req }: Context<ApiEnv>, { tenant, tenantRef }: Principal): void {
  const wanted = req.header('x-tenant-id');
  if (wanted !== undefined && wanted !== tenant && wanted !== tenantRef) {
    throw new AppError('forbidden', 'x-tenant-id does not match the tenant of the credentials');
  }
}

/** Throws for a request by cookie that a page of another site may have caused. */
function demandOwnPage({ req }: Context<ApiEnv>, session: BrowserSession, publicUrl: string | undefined): void {
  if (!SAFE_METHODS.includes(req.method) && !isCsrfToken(session, req.header('x-csrf-token'))) {
    throw new AppError('csrf_invalid', 'x-csrf-token must have the `csrf` of GET /api/v1/session');
  }
  const origin = req.header('origin') ?? '';
  if (isUpgrade(req.header('upgrade')) && ![req.url, publicUrl ?? req.url].some((url) => isOwnOrigin(url, origin))) {
    throw new AppError('forbidden', 'a WebSocket of a session must be opened by a page of this host');
  }
}

/** Reports whether credentials are still valid and grant the permission of the route. */
async function stillHolds(context: Context<ApiEnv>, find: () => Promise<Principal>): Promise<boolean> {
  try {
    const now = await find();
    const permission = context.get('permission');
    return permission === undefined || hasPermission(now, permission);
  } catch (error) {
    return !(error instanceof AppError && error.status === 401);
  }
}
