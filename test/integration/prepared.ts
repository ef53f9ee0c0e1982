import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowBundle } from '@temporalio/worker';
import { openEmbedded } from '../../store/database.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';

// What every file of tests would make again for itself, made once for all of them: the bundle of the workflow, and a database
// with its tables and nothing in them.

const BUNDLE = 'TEST_WORKFLOW_BUNDLE';
const DATABASE = 'TEST_DATABASE';

/** Makes it, in a folder that goes with the run of the tests. */
export async function prepare(folder: string): Promise<void> {
  const database = join(folder, 'database');
  const bundle = join(folder, 'bundle.json');
  const [made] = await Promise.all([bundleWorkflows(), openEmbedded(database).then((opened) => opened.close())]);
  await writeFile(bundle, JSON.stringify(made));
  // The processes of the tests inherit it.
  process.env[BUNDLE] = bundle;
  process.env[DATABASE] = database;
}

/** The bundle of the workflow as it is now. */
export async function preparedBundle(): Promise<WorkflowBundle> {
  const path = process.env[BUNDLE];
  return path === undefined ? bundleWorkflows() : (JSON.parse(await readFile(path, 'utf8')) as WorkflowBundle);
}

/** A folder with an empty database, for a test to open. */
export async function preparedDatabase(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fermata-test-'));
  const path = process.env[DATABASE];
  if (path !== undefined) await cp(path, folder, { recursive: true });
  return folder;
}
