import type { Connection } from '@temporalio/client';
import { pino } from 'pino';
import { type RunningApi, startApi } from '../composition/api/api.ts';
import { ensureDefaults } from '../composition/bootstrap.ts';
import type { OpenDatabase } from '../store/database.ts';

/** The API key of the principal `dev`, an admin, on the API of a bench. */
export const BENCH_KEY = 'fmt_the-key-of-this-bench';

/**
 * Starts an API that logs nothing, on a free port, over a database and the namespace `default` of Temporal. Returns it with the id of the
 * default tenant.
 */
export async function startQuietApi(
  connection: Connection,
  database: OpenDatabase,
): Promise<{ api: RunningApi; tenant: string }> {
  const tenant = await ensureDefaults(database.db, { dev: BENCH_KEY });
  const api = await startApi({
    connection,
    namespace: 'default',
    database,
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'silent' }),
    secretKeys: [BENCH_KEY.repeat(2)],
  });
  return { api, tenant };
}
