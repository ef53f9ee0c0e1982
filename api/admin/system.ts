import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createRoute, z } from '@hono/zod-openapi';
import { AppError } from '../../model/app-error.ts';
import type { IndexState } from '../../service/index/service.ts';
import type { ApiServices } from '../http/environment.ts';
import { createRouter } from '../http/environment.ts';
import { ErrorSchema } from '../http/errors.ts';
import { json } from '../http/routes.ts';

const HealthSchema = z.object({ status: z.literal('ok') }).openapi('Health');
const ReadinessSchema = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    checks: z.record(z.string(), z.enum(['ok', 'unavailable'])),
    index: z.object({
      status: z.enum(['ok', 'standing']).describe('standing: no round has succeeded for ten seconds.'),
      lag_ms: z
        .int()
        .nullable()
        .describe('Milliseconds by which lists may be behind Temporal; null before the first look.'),
      set_aside: z.int().describe('Runs that cannot be written; the others go on, and these are tried again.'),
    }),
    key_ids: z.array(z.string()).describe('Hashes of the master keys of this process; the first one seals.'),
    payload_key_ids: z.array(z.string()).optional().describe('The same of the payload keys, where there are any.'),
    workers: z
      .enum(['some', 'none', 'unknown'])
      .describe("Whether workers serve Fermata's own task queue, by what Temporal has seen in the last minutes."),
    worker: z.enum(['ok', 'restarting']).optional().describe('The worker that this process looks after.'),
  })
  .openapi('Readiness');

/** Milliseconds for which readiness is not looked at again. */
const READINESS_KEPT = 1_000;

const tags = ['system'];
const limited = { 429: json(ErrorSchema, 'rate_limited') };
const healthRoute = createRoute({
  method: 'get',
  path: '/healthz',
  tags,
  summary: 'The process runs',
  security: [],
  description: 'Answers as long as the process serves requests, whatever else is down. Needs no credential.',
  responses: {
    200: { description: 'It does.', content: { 'application/json': { schema: HealthSchema } } },
    ...limited,
  },
});
const readyRoute = createRoute({
  method: 'get',
  path: '/readyz',
  tags,
  summary: 'Everything it needs answers',
  security: [],
  description: 'Asks Temporal and the database, at most once a second. Needs no credential.',
  responses: {
    200: { description: 'Ready.', content: { 'application/json': { schema: ReadinessSchema } } },
    503: { description: 'Something does not answer.', content: { 'application/json': { schema: ReadinessSchema } } },
    ...limited,
  },
});

/** Health and readiness, open to all. */
export function systemRoutes({ readiness, countWorkers, index, masterKeys, payloads, workerState }: ApiServices) {
  const router = createRouter();
  router.openapi(healthRoute, (context) => context.json({ status: 'ok' as const }, 200));
  let looked: { at: number; found: ReturnType<typeof look> } | null = null;
  router.openapi(readyRoute, async (context) => {
    // Everybody may ask, and each look costs a call to Temporal and to the database.
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
    // That nobody works makes no API unready: it takes everything, and runs begin once somebody does.
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

/** Milliseconds without a round that succeeds after which the index counts as standing. */
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

/** The page of the API's documentation; everything on it comes from this server. */
export function docsRoutes() {
  const router = createRouter();
  const folder = join(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'), '..');
  router.get('/docs', (context) => {
    // The page styles its own elements; scripts come from here alone.
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
    if (type === undefined) throw new AppError('not_found', `there is no ${file} here`);
    return context.body(await readFile(join(folder, file)), 200, {
      'content-type': type,
      'cache-control': 'max-age=3600',
    });
  });
  return router;
}
