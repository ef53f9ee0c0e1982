// Builds what runs: each TypeScript module as JavaScript at the same place below dist/, and beside it the files that modules
// read; and the console, bundled for browsers. Node.js then starts without a loader, in half the time. Does nothing where dist/ is of
// these sources already.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = import.meta.dirname;
const DIST = join(ROOT, 'dist');
/** The file that says of what contents dist/ is made. */
const STAMP = 'stamp';
/** The file that says when the sources of dist/ had last changed, which is found in a fraction of the time, next to its stamp. */
const TIMES = 'times';

/** Folders whose modules and files run. */
const ROOMS = [
  ...['activities', 'api', 'chat', 'cli', 'composition', 'dev', 'egress', 'examples', 'expression', 'interpreter'],
  ...['language', 'mcp', 'model', 'projection', 'service', 'store', 'temporal', 'threads', 'worker', 'workflows'],
];

/** The folder that is bundled for browsers. */
const CONSOLE = 'console';

/** What npm has installed: the bundle of the workflow next to the modules is made of it. */
const INSTALLED = 'node_modules/.package-lock.json';

/** What says which esbuild compiles, wherever npm has put it. */
const ESBUILD = relative(ROOT, createRequire(import.meta.url).resolve('esbuild/package.json'));

/** Builds dist/ unless it is of these sources. Several processes may do so at once. */
export async function build() {
  const sources = findFiles(ROOMS);
  const all = ['build.mjs', INSTALLED, ESBUILD, ...sources, ...findFiles([CONSOLE])];
  const times = timesOf(all);
  if (await isOfTimes(DIST, times)) return;
  const stamp = await hashOf(all);
  if ((await read(DIST, STAMP)) === stamp) return noteTimes(times, stamp);
  const folder = await mkdtemp(join(ROOT, 'dist.'));
  const [made, before] = [join(folder, 'made'), join(folder, 'before')];
  try {
    await compile(sources, made);
    const { buildConsole } = await import('./console/build.mjs');
    await buildConsole(join(made, CONSOLE));
    await compileJobs(made);
    await writeFile(join(made, STAMP), stamp);
    await writeFile(join(made, TIMES), `${times} ${stamp}`);
    // Another process may have been faster, and what it built may run already.
    if ((await read(DIST, STAMP)) === stamp) return;
    await rename(DIST, before).catch(() => undefined);
    await rename(made, DIST);
  } catch (error) {
    if ((await read(DIST, STAMP)) !== stamp) throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compile(sources, folder) {
  const { default: esbuild } = await import('esbuild');
  const [modules, files] = [sources.filter(isModule), sources.filter((path) => !isModule(path))];
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: modules,
    outbase: ROOT,
    outdir: folder,
    bundle: true,
    packages: 'external',
    plugins: [{ name: 'siblings', setup: keepSiblings }],
    platform: 'node',
    format: 'esm',
    target: 'node20',
    treeShaking: false,
    logLevel: 'warning',
  });
  for (const path of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(ROOT, path), join(folder, path));
  }
}

/** Bundles what the threads of the pool run, by the module that loads it. */
async function compileJobs(folder) {
  const threads = join(folder, 'threads');
  const { bundleJobs } = await import(pathToFileURL(join(threads, 'module.js')));
  await writeFile(join(threads, 'jobs.cjs'), await bundleJobs(join(ROOT, 'threads', 'jobs.ts')));
}

/** Has modules import one another as they do in TypeScript, under their new names. */
function keepSiblings({ onResolve }) {
  onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, kind }) =>
    kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
  );
}

const isModule = (path) => path.endsWith('.ts');

/** Paths of all files in some folders, from the root, in order. */
function findFiles(folders) {
  return folders
    .flatMap((name) => readdirSync(join(ROOT, name), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name !== 'tsconfig.json')
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

async function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    hash.update(`\n${path}\n`).update(await readFile(join(ROOT, path)).catch(() => ''));
  }
  return hash.digest('hex');
}

/** Returns a hash of when files last changed: of the times that the system alone sets, unlike those of their contents. */
export function timesOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const found = lstatSync(resolve(ROOT, path), { bigint: true, throwIfNoEntry: false });
    hash.update(`\n${path}\n${found?.ctimeNs}`);
  }
  return hash.digest('hex');
}

/** Reports whether a folder is of sources that had last changed at some times. Who noted these may have meant the folder in its place before. */
export async function isOfTimes(folder, times) {
  return (await read(folder, TIMES)) === `${times} ${await read(folder, STAMP)}`;
}

/** Spares the next build the reading of all sources. Whoever may not write reads them each time. */
async function noteTimes(times, stamp) {
  await writeFile(join(DIST, TIMES), `${times} ${stamp}`).catch(() => undefined);
}

const read = (folder, name) => readFile(join(folder, name), 'utf8').catch(() => null);

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await build();
