import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import type { JobPool } from '../model/job-pool.ts';
import type { Logger } from '../model/log.ts';
import type { AuditService } from '../service/access/audit.ts';
import type { PrincipalService } from '../service/access/principals.ts';
import type { SessionService } from '../service/access/sessions.ts';
import type { HookService } from '../service/webhooks/hooks.ts';
import { auditChanges } from './admin/audit.ts';
import { CODEC_PATH, codecOrigins } from './admin/codec.ts';
import { AUTOMATION } from './automation/bodies.ts';
import { answerInAutomationForm } from './automation/routes.ts';
import { type ConsoleFiles, consoleRoutes } from './console.ts';
import { hookRoutes } from './events/hooks.ts';
import { closeUnread } from './http/body.ts';
import type { ParseJobs } from './http/body-parser.ts';
import { createAddressGuard } from './http/callers/addresses.ts';
import { authenticate } from './http/callers/authentication.ts';
import { allowOrigins } from './http/callers/origins.ts';
import { createSessionCookie } from './http/callers/session-cookie.ts';
import type { RequestObserver } from './http/environment.ts';
import { createErrorHandler } from './http/errors.ts';
import { checkUrl, forbidStoring, limitInFlight, limitRate, observeRequests } from './http/middleware.ts';
import { createRouter, type Router } from './http/router.ts';
import { answerUnrouted } from './http/unrouted.ts';
import { describeApi } from './openapi.ts';

/** The dependencies that all routes of the API share. */
export interface AppOptions {
  /** Parses large bodies. */
  pool: JobPool<ParseJobs>;
  principals: PrincipalService;
  sessions: SessionService;
  audit: AuditService;
  /** Origins that may use the payload codec; null: payloads are not encrypted. */
  codecOrigins: readonly string[] | null;
  /** Origins that may call the API from a browser. */
  corsOrigins: readonly string[];
  /** Requests per minute of a principal; 0 disables all rate limits, including those of addresses. */
  rateLimit: number;
  hooks: HookService;
  /** Requests per second to one webhook; 0 disables that limit. */
  hookRate: number;
  /** The URL at which people reach the API; undefined means the one of the request. */
  publicUrl: string | undefined;
  /** The console; null: it is not served. */
  console: ConsoleFiles | null;
  /** Called for every request. */
  observe: RequestObserver | undefined;
  log: Logger;
}

/** How long valid keys of webhooks are remembered, in milliseconds: a day, since some senders seldom have something to say. */
const HOOK_KEYS_REMEMBERED = 86_400_000;

/** Creates the API of some routes. `clock` returns milliseconds. */
export function createApp(options: AppOptions, routes: readonly Router[], clock: () => number = Date.now) {
  const { log, principals, sessions, publicUrl, rateLimit } = options;
  const app = createRouter();
  app.onError(createErrorHandler(log));
  app.notFound(answerUnrouted(app));
  if (options.observe !== undefined) app.use(observeRequests(options.observe));
  app.use(closeUnread);
  app.use(requestId());
  app.use((context, next) => {
    context.set('pool', options.pool);
    return next();
  });
  app.use(secureHeaders());
  app.use(forbidStoring);
  // Before everything that reads credentials or bodies: webhooks have their own.
  const hookGuard = rateLimit > 0 ? createAddressGuard(clock, HOOK_KEYS_REMEMBERED) : null;
  app.route('/', hookRoutes(options.hooks, options.hookRate, hookGuard));
  app.use(`${AUTOMATION}/*`, answerInAutomationForm);
  if (options.corsOrigins.length > 0) app.use(allowOrigins(options.corsOrigins));
  // Preflight requests carry no credentials.
  if (options.codecOrigins !== null) app.use(`${CODEC_PATH}/*`, codecOrigins(options.codecOrigins));
  app.use(checkUrl);
  // Files for everybody: who may see what, the API decides.
  if (options.console !== null) app.route('/', consoleRoutes(options.console, publicUrl));
  const guard = rateLimit > 0 ? createAddressGuard(clock) : null;
  app.use(authenticate({ principals, sessions, cookie: createSessionCookie(publicUrl), guard, publicUrl }));
  app.use(limitRate(rateLimit));
  app.use(limitInFlight());
  app.use(auditChanges(options.audit));
  for (const each of routes) app.route('/', each);
  let described: string | undefined;
  app.get('/openapi.json', (context) => {
    // Open to everybody and slow to build, so it is built once.
    described ??= JSON.stringify(describeApi(app, publicUrl));
    return context.body(described, 200, { 'content-type': 'application/json' });
  });
  return app;
}
