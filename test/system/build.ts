import { execFileSync } from 'node:child_process';

/** Builds what system tests run, and the bundle of the workflow next to it, before several of them would do so at once. */
export default function setup(): void {
  const bundle = "import('./dist/worker/bundle.js').then(({ bundleWorkflows }) => bundleWorkflows())";
  for (const args of [['build.mjs'], ['--eval', bundle]]) {
    execFileSync(process.execPath, args, { stdio: 'inherit' });
  }
}
