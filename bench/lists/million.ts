import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Client } from 'pg';
import { ensureDefaults } from '../../composition/bootstrap.ts';
import { mapConcurrently } from '../../service/background/loops.ts';
import { openPostgres } from '../../store/database.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { startPostgres } from '../../test/store/postgres-server.ts';
import { startInstallation } from './installation.ts';
import { type Measured, measure } from './measure.ts';
import { listFurtherRequests, listRequests } from './requests.ts';
import { fillIndex, fillRecords } from './rows.ts';

/** Settings of the Postgres server, as an operator of a large index has them. */
export const SETTINGS = ['shared_buffers=2GB', 'random_page_cost=1.1', 'work_mem=16MB', 'maintenance_work_mem=1GB'];

/** Measurements of a large index on Postgres. */
export interface LargeIndex {
  rows: number;
  measured: Measured[];
  /** Bytes of the index on disk; seconds of counting all rows again. */
  bytes: number;
  recount: number;
  /** Rows that a rebuild from Temporal wrote, and rows a second. */
  rebuilt: { rows: number; rate: number };
}

/**
 * Fills Postgres with `rows` rows and measures every list, count, statistic and search over HTTP, one request at a time; rebuilds an index of
 * `runs` real runs. `filled` is the URL of a database that was filled like that before; null: there is none.
 */
export async function measureLargeIndex(rows: number, runs: number, filled: string | null): Promise<LargeIndex> {
  const postgres = await startPostgres(SETTINGS);
  if (filled === null) await fill(postgres.url, rows);
  const url = filled ?? postgres.url;
  const { bytes, server } = await describeServer(url);
  const database = await openPostgres(url);
  const installation = await startInstallation(database);
  const requests = [...(await listRequests(installation, rows)), ...(await listFurtherRequests(database.db))];
  const measured = await measure(installation, requests, server);
  const begun = performance.now();
  await createExecutionStore(database.db).recount();
  const recount = (performance.now() - begun) / 1000;
  await installation.stop();
  await postgres.stop();
  return { rows, measured, bytes, recount, rebuilt: await measureRebuild(runs) };
}

/** Fills a database. */
async function fill(url: string, rows: number): Promise<void> {
  const database = await openPostgres(url);
  const tenant = await ensureDefaults(database.db, {});
  // Statements of the store may take 30 seconds, and these take longer.
  const client = new Client({ connectionString: url });
  await client.connect();
  await fillIndex(drizzle(client), tenant, rows);
  await fillRecords(drizzle(client), tenant);
  await client.end();
  await createExecutionStore(database.db).foldCounts();
  await database.close();
}

/** Returns the bytes of the index on disk, and the process of the server. */
async function describeServer(url: string): Promise<{ bytes: number; server: number }> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ bytes: number; pid: number }>(
    "select pg_total_relation_size('executions')::float8 as bytes, pg_backend_pid() as pid",
  );
  const { bytes, pid } = rows[0]!;
  const [, parent] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  await client.end();
  return { bytes, server: Number(parent) };
}

/** Starts runs, and measures how fast a rebuild of the index reads them from Temporal and writes them. */
async function measureRebuild(runs: number): Promise<LargeIndex['rebuilt']> {
  const postgres = await startPostgres(SETTINGS);
  const { call, stop } = await startInstallation(await openPostgres(postgres.url));
  const starts = Array.from({ length: runs }, () => ({ action_ref: 'core.noop', wait: 10 }));
  await mapConcurrently(starts, 20, (body) => call('/api/v1/executions', body));
  const begun = performance.now();
  await call('/api/v1/index/rebuild', {});
  while ((await call('/api/v1/index')).data.status !== 'current') await wait(20);
  const rate = runs / ((performance.now() - begun) / 1000);
  await stop();
  await postgres.stop();
  return { rows: runs, rate };
}
