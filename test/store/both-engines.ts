import { afterAll, beforeAll } from 'vitest';
import { type OpenDatabase, openPostgres } from '../../store/database.ts';
import { openPreparedEmbedded } from '../integration/support/prepared.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

/** A database of each engine. They are open while the tests of a file run. */
export interface BothEngines {
  /** The databases by the names of their engines: `Postgres` and `PGlite`. */
  opened: Record<string, OpenDatabase>;
  /** Returns the address of the Postgres server. */
  url(): string;
}

/** Opens a new database of each engine before the tests of a file, and closes both after them. */
export function useBothEngines(): BothEngines {
  let server: PostgresServer;
  const opened: Record<string, OpenDatabase> = {};
  beforeAll(async () => {
    server = await startPostgres();
    opened.Postgres = await openPostgres(server.url);
    opened.PGlite = await openPreparedEmbedded();
  });
  afterAll(async () => {
    for (const database of Object.values(opened)) await database.close();
    await server.stop();
  });
  return { opened, url: () => server.url };
}
