import { copyFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole, bundleConsole, type ConsoleBundle } from '../../console/build.mjs';
import { createStepper } from '../../console/debugger/stepper.ts';
import { OWN_SCHEMA_CHECKS } from '../../interpreter/versions.ts';
import type { Definition } from '../../model/definition.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { madeHistories, madeRun } from '../fixtures/made.ts';
import { RECORDED_RUNS, readEvents } from '../fixtures/recorded.ts';
import { draws } from '../seed.ts';
import { type BuiltWorker, startBuiltWorker } from './debugger/built-worker.ts';
import { readFiles, writeExport } from './debugger/histories.ts';

let folder: string;
let bundle: ConsoleBundle;
let worker: ConsoleBundle;
let modules: string[];
let names: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-'));
  ({ pages: bundle, worker } = await buildConsole(folder));
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

/** A run that uses both libraries, each for the first time in its last template. */
const LATE = {
  variables: { text: 'a1b2' },
  tasks: [
    { name: 'first', action: 'bench.act', next: [{ do: ['second'] }] },
    {
      name: 'second',
      action: 'bench.act',
      next: [
        { when: "{{ text | regex_match('x') }}", do: ['never'] },
        {
          publish: {
            digits: "{{ text | regex_replace('[^0-9]', '') }}",
            sign: "{{ '&Eacute;' | striptags }}",
          },
          do: ['third'],
        },
      ],
    },
    { name: 'never', action: 'bench.act' },
    { name: 'third', action: 'bench.act', input: { digits: '{{ digits }}', sign: '{{ sign }}' } },
  ],
} as Definition;

/** Returns whether a recorded run may use one of the libraries: older interpreters match patterns of schemas without them. */
function mayNeedLibraries(events: readonly HistoryEvent[]): boolean {
  const payloads = events[0]!.workflowExecutionStartedEventAttributes!.input!.payloads!;
  const [run] = payloads.slice(1).map(({ data }) => Buffer.from(data!).toString());
  const hasPatterns = JSON.parse(run!).interpreter >= OWN_SCHEMA_CHECKS && run!.includes('"pattern":"');
  return hasPatterns || /regex_|striptags/.test(run!);
}

describe('the worker that was built', () => {
  const request = (event: number) => ({ event, rows: { offset: 0, limit: 100 }, selected: null });
  const EVENTS = [1_000_000, 12];

  /** Opens the file of a history, and goes to its end and back. */
  async function debug({ ask }: BuiltWorker, text: string): Promise<object[]> {
    await ask('begin', null);
    await ask('read', { text });
    const answers = [await ask('open', null)];
    for (const event of EVENTS) answers.push(await ask('stop', request(event)));
    return answers.map(({ id: _, ...answer }) => answer);
  }

  /** Returns the same of the stepper as it is, with its libraries. */
  function debugHere(text: string): object[] {
    const stepper = createStepper(readFiles(text));
    const results = [stepper.opened, ...EVENTS.map((event) => stepper.stop(request(event)))];
    return results.map((result) => ({ result }));
  }

  /** Expects that what was debugged is the same. Comparing as Vitest does takes ten times as long. */
  function expectSame(debugged: object[], file: string): void {
    const wanted = debugHere(file);
    if (!isDeepStrictEqual(debugged, wanted)) expect(debugged).toEqual(wanted);
  }

  it('loads the libraries that few runs use once a run uses one, and recomputes that run from its beginning', async () => {
    const [name] = names.filter((each) => /^debugger-[A-Z0-9]{8}\.js$/.test(each));
    const elsewhere = await mkdtemp(join(tmpdir(), 'worker-'));
    await copyFile(join(folder, 'assets', name!), join(elsewhere, name!));
    const [alone, whole] = [elsewhere, join(folder, 'assets')].map((at) => startBuiltWorker(join(at, name!)));
    const late = writeExport(madeHistories(madeRun(LATE)));
    const recorded = RECORDED_RUNS.map(([, runs]) => runs.map((each) => readEvents(each)));
    const candidates = recorded.filter(([first]) => mayNeedLibraries(first!));
    try {
      expect((await debug(whole!, late))[1]).toMatchObject({
        result: { status: 'completed', variables: [{ value: 'a1b2' }, { value: '12' }, { value: '\u00c9' }] },
      });
      const needing: string[] = [];
      for (const file of [late, ...[...candidates, ...recorded.slice(0, draws(20))].map((runs) => writeExport(runs))]) {
        const debugged = await debug(alone!, file);
        if ('refused' in debugged[0]!) {
          // Nothing else can be asked of that run either.
          expect(debugged[0]).toEqual({ refused: expect.stringContaining('could not be loaded') });
          expect(debugged).toEqual(debugged.map(() => debugged[0]));
          needing.push(file);
        } else expectSame(debugged, file);
      }
      // Most do without, also after one for which they could not be loaded.
      expect([needing.length > 5, needing.length < 1 + candidates.length + draws(20) / 2]).toEqual([true, true]);
      for (const file of needing) expectSame(await debug(whole!, file), file);
    } finally {
      await Promise.all([alone!.close(), whole!.close(), rm(elsewhere, { recursive: true, force: true })]);
    }
  });
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
