// Bundles the console for browsers: modules and styles whose names have a hash of their contents, each also compressed, and the page that
// loads them. The API serves the folder as it is.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import esbuild from 'esbuild';

const [toBrotli, toGzip] = [promisify(brotliCompress), promisify(gzip)];

const HERE = import.meta.dirname;

/** What both bundles have in common. */
const SHARED = {
  absWorkingDir: HERE,
  bundle: true,
  write: false,
  metafile: true,
  minify: true,
  legalComments: 'none',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  outdir: 'assets',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  logLevel: 'warning',
};

/** Bundles the console, in memory: its files, and what esbuild knows about its modules, and about those of the worker that debugs runs. */
export async function bundleConsole() {
  // A module of its own, since browsers start workers by their address.
  const worker = await esbuild.build({
    ...SHARED,
    entryPoints: { debugger: 'debugger/worker.ts' },
    format: 'esm',
    splitting: true,
    plugins: [{ name: 'late libraries', setup: standIn }],
  });
  const [workerPath] = Object.entries(worker.metafile.outputs).find(([, { entryPoint }]) => entryPoint !== undefined);
  const modules = await esbuild.build({
    ...SHARED,
    define: { DEBUGGER_WORKER: JSON.stringify(basename(workerPath)) },
    entryPoints: ['main.tsx', 'theme/console.css', 'theme/mark.svg'],
    loader: { '.svg': 'copy' },
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  // Runs before anything is painted, so that nobody who wants it dark sees it light.
  const early = await esbuild.build({ ...SHARED, entryPoints: ['theme/early.ts'], format: 'iife' });
  const files = [...modules.outputFiles, ...worker.outputFiles, ...early.outputFiles].map(({ path, contents }) => ({
    name: basename(path),
    contents,
  }));
  return { files, pages: modules.metafile, worker: worker.metafile };
}

/** Has the worker's modules import libraries that few runs use from late-libraries.ts, which replaces them until they are loaded. */
function standIn({ onResolve }) {
  onResolve({ filter: /^(re2js|character-entities)$/ }, ({ importer }) =>
    basename(importer) === 'libraries.ts' ? undefined : { path: join(HERE, 'debugger/late-libraries.ts') },
  );
}

/**
 * Bundles the console into a folder, and returns what esbuild knows about its modules, as `bundleConsole` does. Brotli with the best quality
 * takes seconds.
 */
export async function buildConsole(folder, brotliQuality = constants.BROTLI_MAX_QUALITY) {
  const { files, pages, worker } = await bundleConsole();
  await mkdir(join(folder, 'assets'), { recursive: true });
  await Promise.all(
    files.map(({ name, contents }) => writeCompressed(join(folder, 'assets', name), contents, brotliQuality)),
  );
  const named = (pattern) => files.find(({ name }) => pattern.test(name)).name;
  const main = Object.keys(pages.outputs).find((path) => pages.outputs[path].entryPoint === 'main.tsx');
  // Browsers ask for them at once, before they have read in each module which ones it needs.
  const preloads = [...listImported(pages.outputs, main)].map(
    (path) => `<link rel="modulepreload" href="%ROOT%/console/assets/${basename(path)}" />`,
  );
  const page = (await readFile(join(HERE, 'index.html'), 'utf8'))
    .replace('%EARLY%', named(/^early-.*\.js$/))
    .replace('%MARK%', named(/^mark-.*\.svg$/))
    .replace('%STYLE%', named(/^console-.*\.css$/))
    .replace('%MAIN%', basename(main))
    .replace('%PRELOADS%', preloads.join('\n    '));
  await writeFile(join(folder, 'index.html'), page);
  return { pages, worker };
}

/** Returns the modules that a browser needs before it can run one: those that it imports, and all that these do. */
function listImported(outputs, module, found = new Set()) {
  for (const { path, kind } of outputs[module].imports) {
    if (kind !== 'import-statement' || found.has(path)) continue;
    found.add(path);
    listImported(outputs, path, found);
  }
  return found;
}

async function writeCompressed(path, contents, brotliQuality) {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } };
  const [brotli, gzipped] = await Promise.all([toBrotli(contents, quality), toGzip(contents, { level: 9 })]);
  await Promise.all([writeFile(path, contents), writeFile(`${path}.br`, brotli), writeFile(`${path}.gz`, gzipped)]);
}
