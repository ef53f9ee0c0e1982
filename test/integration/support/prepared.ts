import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowBundle } from '@temporalio/worker';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Client, Pool } from 'pg';
import { type OpenDatabase, openEmbedded, openPostgres } from '../../../store/database.ts';
import { bundleWorkflows } from '../../../worker/bundle.ts';
import { copyFolder } from '../../store/folder-copy.ts';
import { keepMade } from '../../store/kept-folders.ts';
import { startPostgres } from '../../store/postgres-server.ts';
import { makeFolder } from '../../store/test-folders.ts';
import { buildPrograms } from '../../system/build.ts';

// Resources that all test files share: the bundle of the workflow, a Postgres server,
// and databases of both engines with their tables and nothing in them.

const BUNDLE = 'TEST_WORKFLOW_BUNDLE';
const FOLDER = 'TEST_DATABASE_FOLDER';
const SERVER = 'TEST_POSTGRES_URL';

/** The database of the server that others are copies of. */
const TEMPLATE = 'prepared';

/** Connections that a process has to its database. */
const CONNECTIONS = 10;

/** The files and folders that an empty embedded database depends on. */
const EMBEDDED = [
  'store/database.ts',
  'store/engines',
  'store/migrations',
  'node_modules/@electric-sql/pglite/package.json',
  'node_modules/drizzle-orm/package.json',
];

/** Makes the embedded database, unless another tier or an earlier run of the tests has made it. */
export async function prepareEmbedded(): Promise<void> {
  // The processes of the tests inherit it.
  process.env[FOLDER] ??= await keepMade('database', EMBEDDED, async (folder) => (await openEmbedded(folder)).close());
}

/** Starts the Postgres server, unless another tier has; gives what ends it. */
async function preparePostgres(): Promise<() => Promise<void>> {
  if (process.env[SERVER] !== undefined) return async () => {};
  const { socketUrl, stop } = await startPostgres();
  try {
    await order(socketUrl, `CREATE DATABASE ${TEMPLATE}`);
    await (await openPostgres(urlOf(socketUrl, TEMPLATE))).close();
  } catch (error) {
    await stop();
    throw error;
  }
  process.env[SERVER] = socketUrl;
  return stop;
}

/** Makes the bundle of the workflow, in a folder that goes with the run of the tests, of what is built: bundling takes seconds. */
async function prepareBundle(): Promise<void> {
  await buildPrograms();
  const bundle = join(await makeFolder('prepared'), 'bundle.json');
  await writeFile(bundle, JSON.stringify(withoutSources({ code: await readFile('dist/bundle.cjs', 'utf8') })));
  process.env[BUNDLE] = bundle;
}

/** Makes the databases of both engines; gives what ends them. */
export function prepareEngines(): Promise<() => Promise<void>> {
  return withPostgres(prepareEmbedded());
}

/** Makes everything; gives what ends it. */
export function prepare(): Promise<() => Promise<void>> {
  return withPostgres(prepareBundle(), prepareEmbedded());
}

/** Starts the Postgres server while something else is made; ends it if that fails. */
async function withPostgres(...making: Promise<void>[]): Promise<() => Promise<void>> {
  const starting = preparePostgres();
  try {
    const [end] = await Promise.all([starting, ...making]);
    return end;
  } catch (error) {
    const [started] = await Promise.allSettled([starting]);
    if (started.status === 'fulfilled') await started.value();
    throw error;
  }
}

/** The file of the bundle of the workflow, for processes that read it themselves. */
export function preparedBundleFile(): string {
  const path = process.env[BUNDLE];
  if (path === undefined) throw new Error('only integration tests have a prepared bundle');
  return path;
}

/** The bundle of the workflow as it is now, read once in each process. */
export function preparedBundle(): Promise<WorkflowBundle> {
  bundle ??= readBundle();
  return bundle;
}

let bundle: Promise<WorkflowBundle> | undefined;

async function readBundle(): Promise<WorkflowBundle> {
  const path = process.env[BUNDLE];
  return path === undefined ? bundleWorkflows() : (JSON.parse(await readFile(path, 'utf8')) as WorkflowBundle);
}

/** Empties the source map of a bundle, which is larger than its code and which each worker would parse and print again. */
function withoutSources({ code }: WorkflowBundle): WorkflowBundle {
  const map = { version: 3, file: 'workflows.js', sources: [], names: [], mappings: '' };
  const start = '//# sourceMappingURL=data:';
  const comment = `${start}application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  return { code: code.slice(0, code.lastIndexOf(start)) + comment };
}

/**
 * Opens a new Postgres database with nothing in its tables, which is gone once it is closed. Unlike openPostgres, nobody is refused
 * who has waited for long: a busy machine has time.
 */
export async function openPrepared(): Promise<OpenDatabase> {
  const { url, drop } = await createPreparedDatabase();
  const pool = new Pool({ connectionString: url, max: CONNECTIONS });
  // A connection that is not in use may end with its database.
  pool.on('error', () => {});
  return {
    db: drizzle(pool),
    probe: async () => {
      await pool.query('SELECT 1');
    },
    close: async () => {
      await pool.end();
      await drop();
    },
  };
}

/** Opens a new Postgres database as processes of Fermata do. It is gone once it is closed. */
export async function openPreparedPostgres(): Promise<OpenDatabase & { url: string }> {
  const { url, drop } = await createPreparedDatabase();
  const { db, probe, close } = await openPostgres(url);
  return {
    db,
    probe,
    url,
    close: async () => {
      await close();
      await drop();
    },
  };
}

/** A new Postgres database with nothing in its tables, for processes that open it by its URL. */
export interface PreparedDatabase {
  url: string;
  drop(): Promise<void>;
}

/** Creates a database. */
export function createPreparedDatabase(): Promise<PreparedDatabase> {
  return createDatabase(`TEMPLATE ${TEMPLATE}`);
}

/** Creates a database without tables. */
export function createBareDatabase(): Promise<PreparedDatabase> {
  return createDatabase();
}

async function createDatabase(from = ''): Promise<PreparedDatabase> {
  const server = process.env[SERVER];
  if (server === undefined) throw new Error('only slow tests and integration tests have a prepared Postgres server');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await order(server, `CREATE DATABASE ${name} ${from}`);
  return { url: urlOf(server, name), drop: () => order(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

/** Opens a new embedded database with nothing in its tables. */
export async function openPreparedEmbedded(): Promise<OpenDatabase> {
  return openEmbedded(await preparedFolder());
}

/** A folder with an empty embedded database, for a test to open. */
export async function preparedFolder(): Promise<string> {
  await prepareEmbedded();
  const folder = await makeFolder('database');
  await copyFolder(process.env[FOLDER]!, folder);
  return folder;
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

async function order(url: string, statement: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
