import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildConsole } from '../../console/build.mjs';

let folder: string;
let modules: string[];
let names: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-'));
  const { inputs } = await buildConsole(folder);
  modules = Object.keys(inputs).filter((path) => !path.endsWith('.css'));
  names = await readdir(join(folder, 'assets'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Modules of the service that browsers load, too: none of them needs a package or a clock. */
const SHARED = [
  ...['edges.ts', 'icons.ts', 'states.ts', 'text.ts'].map((name) => `../language/layout/drawing/${name}`),
  '../language/layout/measures.ts',
  '../model/status.ts',
  '../model/task-key.ts',
];

it('browsers load the console, two packages, and what is shared with the service', () => {
  const outside = modules.filter((path) => path.startsWith('../') && !path.startsWith('../node_modules/'));
  expect(outside.sort()).toEqual(SHARED);
  const packages = modules.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  expect([...new Set(packages)].sort()).toEqual(['@preact/signals', '@preact/signals-core', 'preact']);
});

it('everything that the first page needs has at most 40 kB, compressed', async () => {
  const sizes = names
    .filter((name) => name.endsWith('.gz'))
    .map(async (name) => (await stat(join(folder, 'assets', name))).size);
  expect((await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)).toBeLessThan(40_000);
});

it('the page names files that are there, has no script, style or event of its own, and loads nothing else', async () => {
  const page = await readFile(join(folder, 'index.html'), 'utf8');
  const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  expect(loaded).toHaveLength(4);
  for (const path of loaded) expect(names).toContain(path.replace(/^%ROOT%\/console\/assets\//, ''));
  expect(page).not.toMatch(/<style|\son\w+=|style=|<script(?![^>]*src=)/);
});

it('the same sources have the same names', async () => {
  const again = await mkdtemp(join(tmpdir(), 'console-'));
  try {
    await buildConsole(again);
    expect(await readdir(join(again, 'assets'))).toEqual(names);
  } finally {
    await rm(again, { recursive: true, force: true });
  }
});
