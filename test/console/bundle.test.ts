import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildConsole, bundleConsole, type ConsoleBundle } from '../../console/build.mjs';

let folder: string;
let bundle: ConsoleBundle;
let worker: ConsoleBundle;
let modules: string[];
let names: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-'));
  // Only sizes with gzip are asserted.
  ({ pages: bundle, worker } = await buildConsole(folder, 0));
  modules = Object.keys(bundle.inputs).filter((path) => !path.endsWith('.css'));
  names = await readdir(join(folder, 'assets'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Modules of the service that browsers load, too: none of them needs a package or a clock. */
const SHARED = [
  '../expression/delimiters.ts',
  ...['card-shape.ts', 'edges.ts', 'icons.ts', 'states.ts', 'text.ts'].map(
    (name) => `../language/layout/drawing/${name}`,
  ),
  '../language/layout/measures.ts',
  '../language/templates/rendered.ts',
  '../model/delegation.ts',
  '../model/events/states.ts',
  '../model/inquiry-form.ts',
  '../model/inquiry.ts',
  '../model/issue.ts',
  '../model/json-reader.ts',
  '../model/json.ts',
  '../model/preview.ts',
  '../model/pure-actions.ts',
  '../model/status.ts',
  '../model/task-key.ts',
  '../model/text.ts',
  '../model/webhook.ts',
];

it('browsers load the console, four packages, and what is shared with the service', () => {
  const outside = modules.filter((path) => path.startsWith('../') && !path.startsWith('../node_modules/'));
  expect(outside.sort()).toEqual(SHARED);
  expect(packagesOf(bundle.inputs)).toEqual([
    '@preact/signals',
    '@preact/signals-core',
    '@tanstack/virtual-core',
    'diff',
    'preact',
  ]);
});

/** Returns the names of the packages that modules are of. */
function packagesOf(inputs: object): string[] {
  const names = Object.keys(inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return [...new Set(names)].sort();
}

/** Returns the files that a browser loads with one: itself, and those that it cannot do without. */
function loadedWith(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  const needed = bundle.outputs[path]!.imports.filter(({ kind }) => kind === 'import-statement');
  for (const each of needed) loadedWith(each.path, found);
  return found;
}

/** Returns the bytes of files as they are sent. */
async function sizeOf(paths: Iterable<string>): Promise<number> {
  const sizes = Array.from(paths, async (path) => (await stat(join(folder, `${path}.gz`))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

it('what every page needs has at most 40 kB, compressed, and no page has more than 30 kB to itself', async () => {
  const built = Object.keys(bundle.outputs);
  const main = built.find((path) => bundle.outputs[path]!.entryPoint === 'main.tsx')!;
  const core = loadedWith(main);
  const styles = names.filter((name) => /(\.css|^early-.*\.js)$/.test(name)).map((name) => `assets/${name}`);
  expect(styles).toHaveLength(2);
  expect(await sizeOf([...core, ...styles])).toBeLessThan(40_000);
  const pages = bundle.outputs[main]!.imports.filter(({ kind }) => kind === 'dynamic-import');
  expect(pages.length).toBeGreaterThan(3);
  for (const { path } of pages) {
    const more = [...loadedWith(path)].filter((each) => !core.has(each));
    expect(await sizeOf(more), path).toBeLessThan(30_000);
  }
});

it('the worker that debugs runs has at most 140 kB, compressed, without the libraries that few runs use, and everything in it is pure', async () => {
  const outputs = Object.entries(worker.outputs);
  const [path, { imports }] = outputs.find(([, { entryPoint }]) => entryPoint === 'debugger/worker.ts')!;
  // It asks nobody for anything, but for those libraries.
  const [libraries] = imports.map((each) => each.path);
  expect(imports).toEqual([expect.objectContaining({ path: libraries, kind: 'dynamic-import' })]);
  expect(outputs.map(([each]) => each).sort()).toEqual([path, libraries].sort());
  expect(packagesOf(worker.outputs[libraries!]!.inputs)).toEqual(['character-entities', 're2js']);
  expect(packagesOf(worker.outputs[path]!.inputs)).toEqual([
    ...['@cfworker/json-schema', '@noble/curves', '@noble/hashes', 'character-entities-legacy', 'fflate'],
  ]);
  expect(await sizeOf([path])).toBeLessThan(140_000);
  expect(await sizeOf([libraries!])).toBeLessThan(60_000);
  const folders = new Set(
    Object.keys(worker.inputs).map((each) =>
      each
        .split('/')
        .slice(0, each.startsWith('../') ? 2 : 1)
        .join('/'),
    ),
  );
  expect([...folders].sort()).toEqual([
    ...['../expression', '../interpreter', '../language', '../model', '../node_modules', '../projection', 'debugger'],
  ]);
  const text = await readFile(join(folder, path), 'utf8');
  expect(text.match(/\bimport\(/g)).toHaveLength(1);
  expect(text).not.toMatch(/\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts/);
});

it('the page names files that are there, has no script, style or event of its own, and loads nothing else', async () => {
  const page = await readFile(join(folder, 'index.html'), 'utf8');
  const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  for (const path of loaded) expect(names).toContain(path.replace(/^%ROOT%\/console\/assets\//, ''));
  // A style, a picture, a script that runs before all others, and at once every module that the first one needs.
  const main = Object.keys(bundle.outputs).find((path) => bundle.outputs[path]!.entryPoint === 'main.tsx')!;
  const preloaded = loaded.filter((path) => path.endsWith('.js') && !path.includes('/early-'));
  expect(preloaded.map((path) => path.replace('%ROOT%/console/', '')).toSorted()).toEqual(
    [...loadedWith(main)].toSorted(),
  );
  expect(loaded).toHaveLength(3 + preloaded.length);
  expect(page).not.toMatch(/<style|\son\w+=|style=|<script(?![^>]*src=)/);
});

it('the same sources have the same names', async () => {
  const { files } = await bundleConsole();
  const again = files.flatMap(({ name }) => [name, `${name}.br`, `${name}.gz`]);
  expect(again.toSorted()).toEqual(names.toSorted());
});
