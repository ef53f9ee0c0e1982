import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../composition/ports.ts';
import { findTemporal } from '../../dev/temporal-binary.ts';
import { startTemporalServer } from '../../dev/temporal-server.ts';
import { startPostgres } from '../../test/store/postgres-server.ts';
import { call, run } from '../../test/system/processes.ts';
import { BENCH_KEY } from '../quiet-api.ts';

/** In the order in which a request comes to them. */
export const PARTS = ['API', 'worker', 'Temporal', 'Postgres'] as const;
type Part = (typeof PARTS)[number];

/** The cost of many runs on an installation as in production: a process of each kind, on one machine. */
export interface Soak {
  runs: number;
  /** Runs a minute, and the milliseconds of each until its result was there. */
  rate: number;
  latencies: number[];
  /** Milliseconds of CPU a run, and mebibytes of memory after each tenth of the runs. */
  cpu: Record<Part, number>;
  memory: Record<Part, number[]>;
  /** Bytes on disk a run. */
  disk: { Temporal: number; Postgres: number };
}

/** Starts runs of one HTTP request over REST, twenty at once, as fast as they end. */
export async function measureSoak(runs: number): Promise<Soak> {
  const folder = await mkdtemp(join(tmpdir(), 'fermata-bench-'));
  const web = createServer((_, response) => response.end('{}'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const asked = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  const postgres = await startPostgres();
  const databaseFile = join(folder, 'temporal.db');
  const server = await startTemporalServer({
    binary: await findTemporal(process.env, console.log),
    namespaces: ['default'],
    port: 0,
    uiPort: 0,
    databaseFile,
  });
  const port = await freePort();
  const env = {
    TEMPORAL_ADDRESS: server.address,
    DATABASE_URL: postgres.url,
    FERMATA_SECRET_KEY: BENCH_KEY.repeat(2),
    FERMATA_DEV_KEY: BENCH_KEY,
    FERMATA_RATE_LIMIT: '0',
    FERMATA_PORT: String(port),
    FERMATA_EGRESS_ALLOW: 'loopback',
  };
  const api = run('api/main.ts', env);
  const worker = run('worker/main.ts', env);
  await Promise.all([api.until('the API is ready'), worker.until('the worker is ready')]);
  const pids: Record<Part, number> = {
    API: api.child.pid!,
    worker: worker.child.pid!,
    Temporal: server.pid,
    Postgres: postgres.pid(),
  };
  const database = new Client({ connectionString: postgres.url });
  await database.connect();
  const bytes = async () => {
    const { rows } = await database.query("select pg_database_size('postgres')::int as size");
    const files = [databaseFile, `${databaseFile}-wal`].map((file) => stat(file).then(({ size }) => size));
    return { Postgres: rows[0].size as number, Temporal: (await Promise.all(files)).reduce((sum, size) => sum + size) };
  };
  const start = async () => {
    const begun = performance.now();
    const body = { action_ref: 'core.http', parameters: { url: asked }, wait: 30 };
    const { data } = await call(`http://127.0.0.1:${port}`, BENCH_KEY, '/api/v1/executions', body);
    if (data.status !== 'completed') throw new Error(JSON.stringify(data));
    return performance.now() - begun;
  };
  // Work that is done only once does not count as the cost of a run.
  for (let warm = 0; warm < 100; warm += 1) await start();

  const [before, size] = [usageOf(pids), await bytes()];
  const memory = Object.fromEntries(PARTS.map((part) => [part, [] as number[]])) as Soak['memory'];
  const latencies: number[] = [];
  const begun = performance.now();
  for (let part = 0; part < 10; part += 1) {
    let left = runs / 10;
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        while (left > 0) {
          left -= 1;
          latencies.push(await start());
        }
      }),
    );
    for (const [name, { rss }] of usageOf(pids)) memory[name].push(rss);
  }
  const rate = runs / ((performance.now() - begun) / 60_000);
  const after = usageOf(pids);
  const grown = await bytes();
  const found = {
    runs,
    rate,
    latencies,
    memory,
    cpu: Object.fromEntries(
      PARTS.map((part) => [part, ((after.get(part)!.cpu - before.get(part)!.cpu) * 1000) / runs]),
    ) as Soak['cpu'],
    disk: {
      Temporal: (grown.Temporal - size.Temporal) / runs,
      Postgres: (grown.Postgres - size.Postgres) / runs,
    },
  };
  await database.end();
  await Promise.all([api.end('SIGTERM'), worker.end('SIGTERM')]);
  await server.stop();
  await postgres.stop();
  web.close();
  await rm(folder, { recursive: true, force: true });
  return found;
}

/** Clock ticks in a second, as Linux reports them. */
const TICKS = 100;

/** Seconds of CPU and mebibytes of memory of processes, with what they have started; needs Linux. */
function usageOf(pids: Record<Part, number>): Map<Part, { cpu: number; rss: number }> {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,rss='], { encoding: 'utf8' }).trim().split('\n');
  const rows = lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number, number]);
  return new Map(
    PARTS.map((part) => {
      const own = rows.filter(([pid, parent]) => pid === pids[part] || parent === pids[part]);
      const cpu = own.reduce((sum, [pid]) => sum + ticksOf(pid) / TICKS, 0);
      return [part, { cpu, rss: own.reduce((sum, [, , kibibytes]) => sum + kibibytes / 1024, 0) }];
    }),
  );
}

function ticksOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0; // it has ended
  }
}
