import { afterAll, beforeAll } from 'vitest';
import type { OpenDatabase } from '../../store/database.ts';
import { openPreparedEmbedded, openPreparedPostgres } from '../integration/support/prepared.ts';

/** A database of each engine. They are open while the tests of a file run. */
export interface BothEngines {
  /** The databases by the names of their engines: `Postgres` and `PGlite`. */
  opened: Record<string, OpenDatabase>;
  /** Returns the address of the Postgres database. */
  url(): string;
}

/** Opens a new database of each engine before the tests of a file, and closes both after them. */
export function useBothEngines(): BothEngines {
  let url: string;
  const opened: Record<string, OpenDatabase> = {};
  beforeAll(async () => {
    const postgres = await openPreparedPostgres();
    ({ url } = postgres);
    opened.Postgres = postgres;
    opened.PGlite = await openPreparedEmbedded();
  });
  afterAll(async () => {
    for (const database of Object.values(opened)) await database.close();
  });
  return { opened, url: () => url };
}
