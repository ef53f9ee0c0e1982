import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded } from '../../store/database.ts';
import { measureUsage } from '../product/production.ts';
import { type Installation, startInstallation } from './installation.ts';
import { listRequests, type NamedRequest } from './requests.ts';
import { fillIndex } from './rows.ts';

/** The most requests of one kind, and the milliseconds after which no further one is made. */
const REQUESTS = 200;
const LONGEST = 4_000;

/** One request that was made again and again: the milliseconds of each answer. */
export interface Measured {
  what: string;
  times: number[];
  /** Milliseconds of Postgres' CPU for each, which other work on the machine changes less; null: not measured. */
  cpu: number | null;
}

/** Measures lists, statistics and one execution over HTTP on PGlite with `runs` other runs in the index, one request at a time. */
export async function measureLists(runs: number): Promise<Measured[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fermata-bench-'));
  const database = await openEmbedded(folder);
  const installation = await startInstallation(database);
  await fillIndex(database.db, installation.tenant, runs);
  const found = await measure(installation, [
    ...(await listRequests(installation, runs)),
    ['get one, from Temporal', await pathOfOne(installation)],
  ]);
  await installation.stop();
  await rm(folder, { recursive: true, force: true });
  return found;
}

/** Runs an HTTP request. Returns the path of its execution. */
async function pathOfOne({ url, call }: Installation): Promise<string> {
  const body = { action_ref: 'core.http', parameters: { url: `${url}/healthz` }, wait: 10 };
  return `/api/v1/executions/${(await call('/api/v1/executions', body)).data.id}`;
}

/** Makes each request again and again; `postgres` is the process of the server whose CPU is measured. */
export async function measure(
  { call }: Installation,
  requests: readonly NamedRequest[],
  postgres: number | null = null,
): Promise<Measured[]> {
  const usage = () => (postgres === null ? null : measureUsage({ Postgres: postgres }).get('Postgres')!.cpu * 1000);
  const found: Measured[] = [];
  for (const [what, path, body] of requests) {
    const times: number[] = [];
    const before = usage();
    const begun = performance.now();
    while (times.length < REQUESTS && performance.now() - begun < LONGEST) {
      const start = performance.now();
      await call(path, body);
      times.push(performance.now() - start);
    }
    const after = usage();
    found.push({ what, times, cpu: before === null || after === null ? null : (after - before) / times.length });
  }
  return found;
}
