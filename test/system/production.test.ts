import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../composition/ports.ts';
import { findTemporal } from '../../dev/temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server.ts';
import { until } from '../integration/support/until.ts';
import { type PostgresServer, startPostgres } from '../store/postgres-server.ts';
import { call, findWorkerPid, isRunning, type Running, run } from './processes.ts';

let postgres: PostgresServer;
let temporal: TemporalServer;
const processes: Running[] = [];
/** An API that serves on after the others have ended. */
let remaining: string;
beforeAll(async () => {
  const binary = await findTemporal(process.env, () => undefined);
  [postgres, temporal] = await Promise.all([
    startPostgres(),
    startTemporalServer({ binary, namespaces: ['default'], port: 0, uiPort: 0 }),
  ]);
});
afterAll(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await temporal.stop();
  await postgres.stop();
});

const KEY = 'fmt_a-key-for-production-tests';

const MASTER_KEY = 'a master key that all processes have';

async function startApiProcess(more: Record<string, string> = {}): Promise<{ running: Running; url: string }> {
  const port = await freePort();
  const running = run('api/main.ts', {
    TEMPORAL_ADDRESS: temporal.address,
    DATABASE_URL: postgres.url,
    FERMATA_PORT: String(port),
    FERMATA_DEV_KEY: KEY,
    FERMATA_SECRET_KEY: MASTER_KEY,
    ...more,
  });
  processes.push(running);
  const url = `http://127.0.0.1:${port}`;
  // Whoever is answered at all is known.
  const asked = () => fetch(`${url}/api/v1/workflows`, { headers: { 'x-api-key': KEY } }).catch(() => null);
  expect((await until(asked, (answer) => answer !== null))?.status).toBe(200);
  await running.until('the API is ready');
  return { running, url };
}

it('two APIs and two workers, each a process of its own, serve one another over one Postgres and one Temporal', async () => {
  const metrics = await Promise.all([freePort(), freePort()]);
  const [first, second] = await Promise.all([
    startApiProcess({ FERMATA_METRICS_PORT: String(metrics[0]) }),
    startApiProcess(),
  ]);
  const workers = [{ FERMATA_METRICS_PORT: String(metrics[1]) }, {}].map((more) =>
    run('worker/main.ts', {
      TEMPORAL_ADDRESS: temporal.address,
      DATABASE_URL: postgres.url,
      FERMATA_SECRET_KEY: MASTER_KEY,
      FERMATA_EGRESS_ALLOW: [first, second].map(({ url }) => new URL(url).host).join(),
      ...more,
    }),
  );
  processes.push(...workers);
  await Promise.all(workers.map((worker) => worker.until('the worker is ready')));
  const seen = new Set<string>();
  const start20 = () =>
    Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const { url } = index % 2 === 0 ? first : second;
        const { data } = await call(url, KEY, '/api/v1/executions', {
          action_ref: 'core.http',
          parameters: { url: `${url}/healthz`, query: { index } },
          wait: 60,
        });
        expect(data.status).toBe('completed');
        seen.add(data.tasks[0].attempts[0].worker);
        return data.id as number;
      }),
    );
  const ids = await start20();
  expect(new Set(ids).size).toBe(20);
  for (const { url } of [first, second]) {
    const counted = await until(
      () => call(url, KEY, '/api/v1/executions/stats'),
      ({ data }) => data.completed === 20,
    );
    expect(counted.data.total).toBe(20);
  }
  // docs/monitoring.md, Metrics and alerts: what it names is there.
  const [ofApi, ofWorker] = await Promise.all(metrics.map((port) => read(`http://127.0.0.1:${port}/metrics`)));
  const named = (await readFile('docs/monitoring.md', 'utf8')).matchAll(
    /^\| `([a-z0-9_]+)` \| (workers|API|both) \|/gm,
  );
  const rows = [...named].map(([, metric, of]) => ({ metric: metric!, of: of! }));
  expect(rows.length).toBeGreaterThan(8);
  for (const { metric, of } of rows) {
    if (of !== 'workers') expect(ofApi, metric).toContain(`\n# TYPE ${metric} `);
    if (of !== 'API') expect(ofWorker, metric).toContain(`\n# TYPE ${metric} `);
  }
  expect(ofApi).toContain(
    'fermata_http_request_duration_seconds_count{method="POST",route="/api/v1/executions",status="201"} 10\n',
  );
  expect(await read(`http://127.0.0.1:${metrics[1]}/healthz`)).toBe('{"status":"ok"}');
  // Both have work, though one that is quick may have taken all of the first.
  for (let more = 0; seen.size < workers.length && more < 20; more += 1) await start20();
  const pids = [...seen].map((worker) => Number(worker.split('@')[0]));
  expect(pids.sort()).toEqual(workers.map(findWorkerPid).sort());
  expect(await Promise.all(workers.map((worker) => worker.end('SIGTERM')))).toEqual([0, 0]);
  expect(workers.map(findWorkerPid).map(isRunning)).toEqual([false, false]);
  expect(await first.running.end('SIGTERM')).toBe(0);
  remaining = second.url;
});

const read = async (url: string) => (await fetch(url)).text();

it('answers 503 when the database is gone', async () => {
  const asked = () => fetch(`${remaining}/api/v1/workflows`, { headers: { 'x-api-key': KEY } });
  expect((await asked()).status).toBe(200);
  await postgres.kill();
  const response = await asked();
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([503, 'database_unavailable']);
  expect((await fetch(`${remaining}/readyz`)).status).toBe(503);
  expect((await fetch(`${remaining}/healthz`)).status).toBe(200);
});

it.each([
  ['api/main.ts', {}, 'start:api requires TEMPORAL_ADDRESS, DATABASE_URL, FERMATA_SECRET_KEY'],
  [
    'worker/main.ts',
    { TEMPORAL_ADDRESS: 'x', DATABASE_URL: 'postgres://x' },
    'start:worker requires FERMATA_SECRET_KEY',
  ],
])('%s with %j refuses to start: %s', async (main, env, words) => {
  const refused = run(main, env);
  processes.push(refused);
  await refused.until(words);
  expect(await refused.exit).toBe(1);
});
