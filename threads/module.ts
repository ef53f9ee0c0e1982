import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

const here = fileURLToPath(import.meta.url);

/** The jobs, as TypeScript, or as JavaScript in what is built. */
const JOBS = join(dirname(here), `jobs${extname(here)}`);

const bundled = new Map<string, Promise<string>>();

/** Bundles the module that threads run, once in a process: a thread that loads TypeScript starts far more slowly. */
export function threadModule(entry = JOBS): Promise<string> {
  const known = bundled.get(entry);
  if (known !== undefined) return known;
  const made = bundle(entry);
  bundled.set(entry, made);
  return made;
}

async function bundle(entry: string): Promise<string> {
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
