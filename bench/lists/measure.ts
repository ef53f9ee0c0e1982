import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded } from '../../store/database.ts';
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

/** Makes each request again and again. */
export async function measure({ call }: Installation, requests: readonly NamedRequest[]): Promise<Measured[]> {
  const found: Measured[] = [];
  for (const [what, path, body] of requests) {
    const times: number[] = [];
    const begun = performance.now();
    while (times.length < REQUESTS && performance.now() - begun < LONGEST) {
      const start = performance.now();
      await call(path, body);
      times.push(performance.now() - start);
    }
    found.push({ what, times });
  }
  return found;
}
