import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Builds what runs, and the bundle of the workflow next to it, unless they are of these sources already. */
export async function buildPrograms(): Promise<void> {
  const bundling = "import('./dist/worker/bundle.js').then(({ bundleWorkflows }) => bundleWorkflows())";
  for (const args of [['build.mjs'], ['--eval', bundling]]) await run(process.execPath, args);
}

/** Builds before several system tests would do so at once. */
export default async function setup(): Promise<void> {
  await buildPrograms();
}
