import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PGlite as PGliteEngine } from '@electric-sql/pglite';
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres';
import { migrate as migratePostgres } from 'drizzle-orm/node-postgres/migrator';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { Pool, PoolClient } from 'pg';
import { againAfterDeadlock } from './engines/deadlocks.ts';
import { FairPool } from './engines/fair-pool.ts';
import { lockFolder } from './engines/folder-lock.ts';
import { probes } from './executions/tables.ts';

/** The database, whichever engine runs it. */
export type Database = PgDatabase<PgQueryResultHKT>;

/** The database within a transaction. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** An open database. */
export interface OpenDatabase {
  db: Database;
  /** Checks that the database can be written to; the result is valid for a second. Throws when it cannot. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

const MIGRATIONS = join(dirname(fileURLToPath(import.meta.url)), 'migrations');

/** The number of the advisory lock under which one of several starting processes migrates; any number would do. */
const MIGRATION_LOCK = 712_645_001;

/**
 * Opens the embedded database in a folder, which belongs to this process until it is closed, and brings its tables up
 * to date. Throws a FolderInUseError when another process has it.
 */
export async function openEmbedded(folder: string): Promise<OpenDatabase> {
  const lock = await lockFolder(folder);
  try {
    const data = join(folder, 'pglite');
    await mkdir(data, { recursive: true });
    // Loaded here, since processes with a Postgres server do without it.
    const { PGlite } = await import('@electric-sql/pglite');
    const { pg_trgm } = await import('@electric-sql/pglite/contrib/pg_trgm');
    const { drizzle } = await import('drizzle-orm/pglite');
    const { migrate } = await import('drizzle-orm/pglite/migrator');
    const { prepareStatements } = await import('./engines/prepared-engine.ts');
    const engine = await PGlite.create(data, { extensions: { pg_trgm } });
    await migrate(drizzle(engine), { migrationsFolder: MIGRATIONS });
    // Drizzle uses no other part of an engine.
    const db = drizzle({ client: prepareStatements(engine) as PGliteEngine });
    return {
      db,
      probe: createProbe(db),
      close: async () => {
        await engine.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Milliseconds for which the result of a probe is valid. */
const PROBE_HOLDS = 1_000;

/** Creates a probe; concurrent callers, and those within a second, share one write. */
function createProbe(db: Database): () => Promise<void> {
  let last: { at: number; result: Promise<void> } | null = null;
  return () => {
    const now = performance.now();
    if (last === null || now - last.at > PROBE_HOLDS) {
      const at = new Date();
      const write = db.insert(probes).values({ id: 1, at }).onConflictDoUpdate({ target: probes.id, set: { at } });
      last = { at: now, result: write.then(() => undefined) };
    }
    return last.result;
  };
}

/** The most milliseconds of a statement outside of migrations. */
const STATEMENT_TIMEOUT = 30_000;

/** Opens the first connection. The error says why there is none without quoting the URL, which may contain a password. */
async function connectFirst(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    await pool.end();
    throw new Error(`${refusalOf(error as NodeJS.ErrnoException)} (DATABASE_URL)`);
  }
}

function refusalOf({ code }: NodeJS.ErrnoException): string {
  if (code === '28P01' || code === '28000') return 'Postgres rejected the user or the password';
  if (code === '3D000') return 'the database does not exist';
  if (code === 'ENOTFOUND' || code === 'ERR_INVALID_URL') {
    return 'unknown host; "@", "/", ":" and "#" in a password must be percent-encoded';
  }
  return `Postgres does not respond${code === undefined ? '' : `: ${code}`}`;
}

/** The connections of a process. */
const CONNECTIONS = 10;

/**
 * Connects to Postgres 13 or later and brings its tables up to date; several processes may do so concurrently. `ownerOf` returns the owner of
 * the current work, which is a tenant, or the starts of its rules: owners share the connections, and one alone gets at most eight of the ten.
 */
export async function openPostgres(url: string, ownerOf: () => string = () => ''): Promise<OpenDatabase> {
  const pool = new FairPool({
    connectionString: url,
    max: CONNECTIONS,
    ownerOf,
    connectionTimeoutMillis: 5_000,
    statement_timeout: STATEMENT_TIMEOUT,
  });
  // The pool replaces a connection that the server closes, and a query in progress fails by itself; without listeners, the error would
  // end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const client = await connectFirst(pool);
  try {
    await client.query('set statement_timeout = 0');
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    // One transaction: processes of an earlier version may work meanwhile.
    await againAfterDeadlock(() => migratePostgres(drizzlePostgres(client), { migrationsFolder: MIGRATIONS }));
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    await client.query('reset statement_timeout');
    client.release();
  }
  const db = drizzlePostgres(pool);
  return {
    db,
    probe: createProbe(db),
    close: () => pool.end(),
  };
}
