import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);

/** The jobs: as TypeScript, or as a build has bundled them. */
const JOBS = join(dirname(here), extname(here) === '.ts' ? 'jobs.ts' : 'jobs.cjs');

const loaded = new Map<string, Promise<string>>();

/** Loads the module that threads run, once in a process, and bundles it first unless a build has. */
export function threadModule(entry = JOBS): Promise<string> {
  const known = loaded.get(entry);
  if (known !== undefined) return known;
  const made = extname(entry) === '.cjs' ? readFile(entry, 'utf8') : bundleJobs(entry);
  loaded.set(entry, made);
  return made;
}

/** Bundles a module of jobs: a thread that loads one file after the other, or TypeScript, starts far more slowly. */
export async function bundleJobs(entry: string): Promise<string> {
  const { build, stop } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
  });
  // Its process would stay and hold memory.
  await stop();
  return outputFiles[0]!.text;
}
