import { createRoute, z } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { AppError } from '../../model/app-error.ts';
import { expandPermissions, PERMISSIONS } from '../../model/permissions.ts';
import { PRINCIPAL_KINDS, type Principal } from '../../model/principal.ts';
import { type BrowserSession, SESSION_PATH, type SessionService, type SignIn } from '../../service/access/sessions.ts';
import { takeBody } from '../http/body.ts';
import { demandSameSite, isLocal } from '../http/callers/origins.ts';
import { createSessionCookie } from '../http/callers/session-cookie.ts';
import type { ApiEnv } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { noteRoute } from '../http/middleware.ts';
import { createRouter } from '../http/router.ts';
import { jsonBody, jsonData } from '../http/routes.ts';

// Who is calling, and the sessions of browsers, which have a cookie in place of a key.

const ME = {
  subject: z.string(),
  kind: z.enum(PRINCIPAL_KINDS),
  on_behalf_of: z.string().nullable().describe('The subject on whose behalf the credential acts.'),
  tenant: z.string().describe('The ref of the tenant.'),
  groups: z.array(z.string()),
  roles: z.array(z.string()),
  permissions: z.array(z.enum(PERMISSIONS)).describe('All permissions that the credential currently grants.'),
  temporal_ui: z
    .string()
    .nullable()
    .describe('URL template of a run in Temporal’s UI with `{workflow_id}` and `{run_id}`; null if unknown.'),
};
const MeSchema = z.object(ME).openapi('Me');
/** The session of a browser. */
export const SessionSchema = z
  .object({
    ...ME,
    csrf: z.string().describe('Must be sent as `x-csrf-token` with every request that changes something.'),
    expires_at: z.iso.datetime().describe('When the session ends in any case.'),
    idle_expires_at: z.iso.datetime().describe('When it ends unless it is used before.'),
  })
  .openapi('Session');

const SignInSchema = z
  .strictObject({
    key: z.string().min(1).max(16_384).optional().describe('An API key or a token.'),
    code: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('A one-time code that `npm start` has printed; accepted only from the same machine.'),
  })
  .refine(({ key, code }) => (key === undefined) !== (code === undefined), 'must have either `key` or `code`');

const tags = ['principals'];

const refuseOtherSites: MiddlewareHandler<ApiEnv> = (context, next) => {
  demandSameSite(context);
  return next();
};

const meRoute = createRoute({
  method: 'get',
  path: '/api/v1/me',
  tags,
  summary: 'Get the caller and its permissions',
  description: 'Any valid credential may call this.',
  responses: { 200: jsonData(MeSchema, 'The caller.'), ...errorResponses() },
});
const openRoute = createRoute({
  method: 'post',
  path: SESSION_PATH,
  tags,
  summary: 'Sign a browser in',
  description:
    'Opens a session and sets its cookie, which browsers send in place of a key. A session that the browser has already ends. An address that was refused 10 times within a minute can only use keys that have signed in before.',
  security: [],
  middleware: [noteRoute(SESSION_PATH), refuseOtherSites, takeBody(['application/json'])] as const,
  request: { body: jsonBody(SignInSchema) },
  responses: {
    201: jsonData(SessionSchema, 'The session; `Set-Cookie` has its cookie.'),
    ...errorResponses(
      'json_malformed',
      'request_timeout',
      'body_too_large',
      'unsupported_media_type',
      'tokens_unavailable',
    ),
  },
});
const readRoute = createRoute({
  method: 'get',
  path: SESSION_PATH,
  tags,
  summary: 'Get the session of the browser',
  description: 'Requires the cookie of a session.',
  security: [{ session: [] }],
  responses: { 200: jsonData(SessionSchema, 'The session.'), ...errorResponses('session_invalid') },
});
const endRoute = createRoute({
  method: 'delete',
  path: SESSION_PATH,
  tags,
  summary: 'Sign the browser out',
  description: 'Ends the session at once: its cookie is worth nothing from then on. Requires the cookie of a session.',
  security: [{ session: [] }],
  responses: {
    204: { description: 'The session has ended.' },
    ...errorResponses('session_invalid', 'csrf_invalid'),
  },
});

/** The settings of the routes. */
export interface SessionRouteSettings {
  /** The URL at which people reach the API, if known. */
  publicUrl: string | undefined;
  /** URL of a run in Temporal's UI, with `{workflow_id}` and `{run_id}`; null: unknown. */
  temporalUi: string | null;
}

/** Registers the routes for sessions, and the one that says who is calling. */
export function sessionRoutes(sessions: SessionService, { publicUrl, temporalUi }: SessionRouteSettings) {
  const router = createRouter();
  const cookie = createSessionCookie(publicUrl);

  router.openapi(meRoute, (context) => context.json({ data: meBody(context.get('principal'), temporalUi) }, 200));

  router.openapi(openRoute, async (context) => {
    const { key, code = '' } = context.req.valid('json');
    const by: SignIn = key === undefined ? { code, isLocal: isLocal(context) } : { key };
    const options = { replaced: readCookie(context), requestId: context.get('requestId') };
    const signIn = context.get('signIn');
    const { cookie: value, session } = await signIn(key ?? code, () => sessions.open(by, options));
    cookie.write(context, value);
    return context.json({ data: sessionBody(session) }, 201);
  });

  router.openapi(readRoute, (context) => context.json({ data: sessionBody(demandSession(context)) }, 200));

  router.openapi(endRoute, async (context) => {
    await sessions.end(demandSession(context), context.get('requestId'));
    cookie.remove(context);
    return context.body(null, 204);
  });

  return router;

  function readCookie(context: Context<ApiEnv>): string | undefined {
    try {
      return cookie.read(context);
    } catch {
      // None of several cookies is taken, so that there is no session to end.
      return undefined;
    }
  }

  function sessionBody({ principal, csrf, ends, idleEnds }: BrowserSession): z.infer<typeof SessionSchema> {
    const times = { expires_at: ends.toISOString(), idle_expires_at: idleEnds.toISOString() };
    return { ...meBody(principal, temporalUi), csrf, ...times };
  }
}

/** Throws `session_invalid` for a request that has its credentials in a header. */
function demandSession(context: Context<ApiEnv>): BrowserSession {
  const session = context.get('session');
  if (session !== undefined) return session;
  throw new AppError('session_invalid', 'the key or token in the header is no session');
}

function meBody(
  { subject, kind, onBehalfOf, tenantRef, groups, roles, permissions }: Principal,
  temporalUi: string | null,
): z.infer<typeof MeSchema> {
  const allowed = expandPermissions(roles, permissions);
  return {
    subject,
    kind,
    on_behalf_of: onBehalfOf,
    tenant: tenantRef,
    groups: [...groups],
    roles: [...roles],
    permissions: PERMISSIONS.filter((permission) => allowed.has(permission)),
    temporal_ui: temporalUi,
  };
}
