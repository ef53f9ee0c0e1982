import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createRoute, z } from '@hono/zod-openapi';
import { AppError } from '../../model/app-error.ts';
import type { MasterKeyService } from '../../service/access/master-keys.ts';
import type { PayloadService } from '../../service/access/payloads.ts';
import type { IndexService, IndexState } from '../../service/index/service.ts';
import type { WorkerState } from '../http/environment.ts';
import { ErrorSchema } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { json } from '../http/routes.ts';

const HealthSchema = z.object({ status: z.literal('ok') }).openapi('Health');
const ReadinessSchema = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    checks: z.record(z.string(), z.enum(['ok', 'unavailable'])),
    index: z.object({
      status: z.enum(['ok', 'standing']).describe('`standing`: no update has succeeded for ten seconds.'),
      lag_ms: z
        .int()
        .nullable()
        .describe('How many milliseconds lists may be behind Temporal; null before the first check.'),
      set_aside: z
        .int()
        .describe('Executions that cannot be written to the index; they are retried, and the others continue.'),
    }),
    key_ids: z.array(z.string()).describe('Hashes of the master keys of this process; it encrypts with the first.'),
    payload_key_ids: z.array(z.string()).optional().describe('Hashes of the payload keys of this process.'),
    workers: z
      .enum(['some', 'none', 'unknown'])
      .describe("Whether workers have polled Fermata's own task queue in the last minutes."),
    worker: z.enum(['ok', 'restarting']).optional().describe('The worker process that this process supervises.'),
  })
  .openapi('Readiness');

/** How long a readiness result is reused, in milliseconds. */
const READINESS_KEPT = 1_000;

const tags = ['system'];
const limited = { 429: json(ErrorSchema, 'rate_limited') };
const healthRoute = createRoute({
  method: 'get',
  path: '/healthz',
  tags,
  summary: 'Check that the process is running',
  security: [],
  description: 'Succeeds as long as the process serves requests, whatever else is down. Requires no credentials.',
  responses: {
    200: { description: 'The process is running.', content: { 'application/json': { schema: HealthSchema } } },
    ...limited,
  },
});
const readyRoute = createRoute({
  method: 'get',
  path: '/readyz',
  tags,
  summary: 'Check that all dependencies respond',
  security: [],
  description: 'Checks Temporal and the database, at most once per second. Requires no credentials.',
  responses: {
    200: { description: 'Ready.', content: { 'application/json': { schema: ReadinessSchema } } },
    503: {
      description: 'A dependency does not respond.',
      content: { 'application/json': { schema: ReadinessSchema } },
    },
    ...limited,
  },
});

/** The dependencies of health and readiness. */
export interface SystemServices {
  /** Checks of the dependencies, each of which throws if its dependency does not respond. */
  readiness: Record<string, () => Promise<void>>;
  /** Counts the workers that poll Fermata's own task queue. */
  countWorkers(): Promise<number>;
  /** Returns the state of the worker that this process supervises; undefined: it supervises none. */
  workerState: (() => WorkerState) | undefined;
  index: Pick<IndexService, 'state'>;
  masterKeys: Pick<MasterKeyService, 'own'>;
  payloads: Pick<PayloadService, 'keyIds'> | undefined;
}

/** Registers the routes for health and readiness, which need no credentials. */
export function systemRoutes({ readiness, countWorkers, index, masterKeys, payloads, workerState }: SystemServices) {
  const router = createRouter();
  router.openapi(healthRoute, (context) => context.json({ status: 'ok' as const }, 200));
  let looked: { at: number; found: ReturnType<typeof look> } | null = null;
  router.openapi(readyRoute, async (context) => {
    // The route is open to everybody, and each check calls Temporal and the database.
    if (looked === null || performance.now() - looked.at >= READINESS_KEPT) {
      looked = { at: performance.now(), found: look() };
    }
    const { checks, workers } = await looked.found;
    const ready = Object.values(checks).every((check) => check === 'ok');
    const key_ids = [...masterKeys.own];
    const state = {
      index: indexBody(index.state()),
      key_ids,
      workers,
      ...(payloads && { payload_key_ids: [...payloads.keyIds] }),
      ...(workerState && { worker: workerState() }),
    };
    return ready
      ? context.json({ status: 'ok' as const, checks, ...state }, 200)
      : context.json({ status: 'unavailable' as const, checks, ...state }, 503);
  });
  return router;

  async function look() {
    const names = Object.keys(readiness);
    // Missing workers do not make the API unready: it accepts requests, and executions start once a worker polls.
    const counted = countWorkers().then(
      (count) => (count === 0 ? ('none' as const) : ('some' as const)),
      () => 'unknown' as const,
    );
    const results = await Promise.allSettled(names.map((name) => readiness[name]!()));
    const checks = Object.fromEntries(
      names.map((name, index) => [name, results[index]?.status === 'fulfilled' ? 'ok' : 'unavailable'] as const),
    );
    return { checks, workers: await counted };
  }
}

/** Milliseconds without a successful update after which the index is reported as `standing`. */
const STANDING_AFTER = 10_000;

function indexBody({ lag, standing, setAside }: IndexState): z.infer<typeof ReadinessSchema>['index'] {
  const status = (standing ?? 0) > STANDING_AFTER ? 'standing' : 'ok';
  return { status, lag_ms: lag, set_aside: setAside };
}

const ASSETS: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fermata API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, persistAuthorization: false });\n`;

/** Registers the page of the API documentation; all of its files come from this server. */
export function docsRoutes() {
  const router = createRouter();
  const folder = join(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'), '..');
  router.get('/docs', (context) => {
    // The page uses inline styles; scripts are only loaded from this server.
    context.header(
      'content-security-policy',
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    );
    return context.html(PAGE);
  });
  router.get('/docs/:file', async (context) => {
    const file = context.req.param('file');
    if (file === 'start.js') return context.body(START, 200, { 'content-type': 'text/javascript; charset=utf-8' });
    const type = Object.hasOwn(ASSETS, file) ? ASSETS[file] : undefined;
    if (type === undefined) throw new AppError('not_found', `file "${file}" not found`);
    return context.body(await readFile(join(folder, file)), 200, {
      'content-type': type,
      'cache-control': 'max-age=3600',
    });
  });
  return router;
}
