import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

interface Rule {
  /** Folders whose values may be imported, and folders of which only types may be. */
  folders: string[];
  types?: string[];
  packages: string[];
  /** Packages of which only types may be imported. */
  typePackages?: string[];
  node?: boolean;
}

/** The table of the README's picture: each line imports only from the lines below it. */
const RULES: Record<string, Rule> = {
  model: { folders: [], packages: ['zod', 're2js', 'yaml', 'fflate'] },
  expression: {
    folders: ['model'],
    packages: ['re2js', '@noble/hashes', 'character-entities', 'character-entities-legacy'],
  },
  language: { folders: ['model', 'expression'], packages: ['@cfworker/json-schema'] },
  interpreter: { folders: ['model', 'expression', 'language'], packages: ['@noble/curves', '@noble/hashes'] },
  projection: { folders: ['model', 'interpreter'], packages: [], typePackages: ['@temporalio/proto'] },
  workflows: { folders: ['interpreter', 'model'], packages: ['@temporalio/common', '@temporalio/workflow'] },
  temporal: {
    folders: ['projection', 'model'],
    packages: ['@temporalio/client', '@temporalio/common', '@temporalio/proto'],
    node: true,
  },
  egress: { folders: ['model'], packages: ['nodemailer', 'undici'], node: true },
  activities: {
    folders: ['egress', 'model'],
    packages: [
      ...['@aws-sdk/client-codedeploy', '@aws-sdk/client-s3', '@smithy/node-http-handler', '@slack/web-api'],
      ...['@temporalio/activity', '@temporalio/client', 'pg', 'pg-cursor', 'postgres-array'],
    ],
    typePackages: ['zod'],
    node: true,
  },
  store: { folders: ['model'], packages: ['drizzle-orm', '@electric-sql/pglite', 'pg'], node: true },
  service: {
    folders: ['model', 'language', 'interpreter', 'projection', 'temporal'],
    types: ['store'],
    packages: ['@temporalio/proto', 'jose'],
    node: true,
  },
  api: {
    folders: ['service', 'model'],
    packages: ['hono', '@hono/node-server', '@hono/zod-openapi', 'rate-limiter-flexible', 'yauzl'],
    node: true,
  },
  chat: { folders: ['service', 'egress', 'model'], packages: ['@slack/web-api', 'hono', 'jose'], node: true },
  mcp: { folders: ['service', 'model'], packages: ['@modelcontextprotocol/sdk', 'zod'], node: true },
  threads: { folders: ['api', 'service', 'projection', 'model'], packages: ['esbuild'], node: true },
  worker: {
    folders: ['activities', 'temporal', 'egress', 'model'],
    types: ['projection'],
    packages: ['@temporalio/common', '@temporalio/worker'],
    node: true,
  },
  composition: {
    folders: ['api', 'mcp', 'chat', 'worker', 'threads', 'service', 'store', 'temporal', 'egress', 'model'],
    packages: [
      '@hono/node-server',
      'ws',
      '@temporalio/client',
      '@temporalio/worker',
      '@temporalio/envconfig',
      'pino',
      'pino-pretty',
      'prom-client',
    ],
    node: true,
  },
  // Runs in browsers; test/console/bundle.test.ts has the modules that it shares with the service.
  console: {
    folders: ['language', 'model'],
    types: ['api'],
    packages: ['preact', '@preact/signals', '@tanstack/virtual-core', 'diff'],
    typePackages: ['zod'],
  },
  cli: {
    // `fermata dev` runs what `npm start` does, and `fermata verify` checks exported decisions and histories itself; everything else
    // speaks REST.
    folders: ['model', 'dev', 'interpreter', 'projection'],
    packages: ['commander', 'eventsource-parser', '@modelcontextprotocol/sdk', 'yaml'],
    node: true,
  },
  dev: {
    folders: ['composition', 'worker', 'service', 'temporal', 'store', 'egress', 'model'],
    packages: ['@temporalio/client', '@temporalio/testing'],
    node: true,
  },
};

/** A process's `main.ts` composes it, so it stands above its own folder. */
const MAIN: Rule = {
  folders: ['composition', 'api', 'worker', 'service', 'temporal', 'store', 'egress', 'model'],
  packages: [],
  node: true,
};

/** The debugger runs a run in the browser, as the projection does. */
const DEBUGGER: Rule = {
  folders: ['projection', 'interpreter', 'language', 'expression', 'model'],
  // Loaded late, in place of what the pure folders import.
  packages: ['character-entities', 're2js'],
};

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

const files = Object.keys(RULES).flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name)),
);
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?((?:[^'";]*?)\sfrom\s+)?'([^']+)';/gm)) {
    const named = /\{([^}]*)\}/.exec(match[2] ?? '')?.[1] ?? '';
    const names = named.split(',').filter((name) => name.trim() !== '');
    const onlyTypes = names.length > 0 && !/^\s*\w/.test((match[2] ?? '').replace(/\{[^}]*\}/, '').replace('from', ''));
    found.push({
      from: file,
      to: match[3]!,
      typeOnly: match[1] !== undefined || (onlyTypes && names.every((name) => name.trim().startsWith('type '))),
    });
  }
  for (const match of text.matchAll(/\bimport\('([^']+)'\)/g))
    found.push({ from: file, to: match[1]!, typeOnly: false });
  return found;
}

const folderOf = (path: string): string => path.split('/')[0]!;
const target = ({ from, to }: Import): string => relative(ROOT, resolve(ROOT, dirname(from), to));
const benches = readdirSync(join(ROOT, 'bench'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('bench', name));
/** The files that each file imports, types included. */
const graph = new Map(
  [...files, ...benches].map((file) => [
    file,
    importsOf(file)
      .filter(({ to }) => to.startsWith('.'))
      .map((entry) => target(entry)),
  ]),
);
const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

function ruleFor(file: string): Rule {
  if (file.startsWith('console/debugger/')) return DEBUGGER;
  return file.endsWith('/main.ts') && !['dev', 'cli'].includes(folderOf(file)) ? MAIN : RULES[folderOf(file)]!;
}

function offends(entry: Import): boolean {
  const { from, to, typeOnly } = entry;
  const rule = ruleFor(from);
  if (to.startsWith('node:')) return rule.node !== true;
  if (to.startsWith('.')) {
    const folder = folderOf(target(entry));
    return folder !== folderOf(from) && !rule.folders.includes(folder) && !(typeOnly && rule.types?.includes(folder));
  }
  const name = packageOf(to);
  return !rule.packages.includes(name) && !(typeOnly && rule.typePackages?.includes(name));
}

const show = ({ from, to }: Import): string => `${from} → ${to}`;

it('finds the imports of every folder', () => {
  for (const folder of Object.keys(RULES)) {
    expect(
      files.some((file) => folderOf(file) === folder),
      folder,
    ).toBe(true);
  }
  expect(imports.length).toBeGreaterThan(150);
});

it('each folder imports only what the picture allows', () => {
  expect(imports.filter(offends).map(show)).toEqual([]);
});

it('the interpreter and the workflow take values of the model from files without zod alone', () => {
  const closure = new Set<string>(['workflows/index.ts']);
  const packages = new Set<string>();
  for (const file of closure) {
    for (const entry of imports.filter(({ from, typeOnly }) => from === file && !typeOnly)) {
      if (entry.to.startsWith('.')) closure.add(target(entry));
      else packages.add(packageOf(entry.to));
    }
  }
  expect([...packages].sort()).toEqual([
    '@cfworker/json-schema',
    '@noble/curves',
    '@noble/hashes',
    '@temporalio/common',
    '@temporalio/workflow',
    'character-entities',
    'character-entities-legacy',
    'fflate',
    're2js',
  ]);
  expect(closure.size).toBeGreaterThan(10);
});

describe('the pure folders', () => {
  const pure = files.filter((file) =>
    ['model', 'expression', 'language', 'interpreter', 'projection'].includes(folderOf(file)),
  );

  it('read no clock, no chance and no environment', () => {
    for (const file of pure) {
      const text = readFileSync(join(ROOT, file), 'utf8');
      expect(text, file).not.toMatch(
        /Date\.now|new Date\(\)|Math\.random|\bprocess\.[a-z]|localeCompare|toLocale|Buffer\b/,
      );
    }
  });

  it('talk to Temporal, the database and the web through nobody', () => {
    expect(imports.filter(({ from, to }) => pure.includes(from) && to.startsWith('node:')).map(show)).toEqual([]);
  });
});

/** Returns the groups of nodes that lead to each other. */
function circles(following: ReadonlyMap<string, readonly string[]>): string[][] {
  const reached = new Map(
    [...following.keys()].map((node) => {
      const seen = new Set(following.get(node));
      for (const next of seen) for (const further of following.get(next) ?? []) seen.add(further);
      return [node, seen];
    }),
  );
  const found = new Map<string, string[]>();
  for (const [node, seen] of reached) {
    if (!seen.has(node)) continue;
    const circle = [...seen].filter((other) => reached.get(other)?.has(node)).sort();
    found.set(circle.join(), circle);
  }
  return [...found.values()].sort();
}

it('finds a circle', () => {
  const following = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', ['e']],
    ['e', []],
  ]);
  expect(circles(following)).toEqual([['a', 'b', 'c']]);
});

it('no files import each other in a circle, types included', () => {
  expect(circles(graph)).toEqual([]);
});

it.each(['service', 'api', 'console'])('no sub-folders of %s import each other in a circle', (folder) => {
  const following = new Map<string, string[]>();
  for (const [from, targets] of graph) {
    if (folderOf(from) !== folder) continue;
    const others = targets.filter((to) => folderOf(to) === folder && dirname(to) !== dirname(from)).map(dirname);
    following.set(dirname(from), [...(following.get(dirname(from)) ?? []), ...others]);
  }
  expect(following.size).toBeGreaterThan(5);
  expect(circles(following)).toEqual([]);
});

/** Folders that are lists by nature, or hold what a tool writes. */
const LONG_FOLDERS = ['model', 'model/schema', 'expression', 'interpreter', 'store/migrations'];

it('no folder holds more than fourteen files and folders', () => {
  const folders = [...files, ...benches].map(dirname);
  const long = [...new Set(folders)].filter((folder) => readdirSync(join(ROOT, folder)).length > 14);
  expect(long.filter((folder) => !LONG_FOLDERS.includes(folder))).toEqual([]);
});

it('no two files export the same name', () => {
  const exporters = new Map<string, Set<string>>();
  const declaration = /^export (?:async |abstract )*(?:const|function\*?|class|interface|type|let) (\w+)/gm;
  for (const file of files) {
    for (const [, name] of readFileSync(join(ROOT, file), 'utf8').matchAll(declaration)) {
      exporters.set(name!, (exporters.get(name!) ?? new Set()).add(file));
    }
  }
  const shared = [...exporters].filter(([, exporting]) => exporting.size > 1).map(([name]) => name);
  expect(shared.sort()).toEqual([]);
});

it('an exported function named `xOf` reads a property of a value in at most three lines; others begin with a verb', () => {
  const found = files.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^export (async )?function\*? (\w+Of)\b.*?^}/gms)].map(
      ([text, async, name]) => ({ name: name!, works: async !== undefined || text.split('\n').length > 5 }),
    ),
  );
  expect(found.length).toBeGreaterThan(10);
  expect(found.filter(({ name, works }) => works && !/^is[A-Z]/.test(name)).map(({ name }) => name)).toEqual([]);
});

it('what a factory of a service, a store, a gateway or a chat creates has a declared interface', () => {
  const found = files
    .filter((file) => ['service', 'store', 'temporal', 'chat', 'projection'].includes(folderOf(file)))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const factories = text.matchAll(/^export (?:async )?function (create\w+)(?:<[^>]*>)?\(.*?\)(: .*?)? \{$/gms);
      return [...factories].map(([, name, type]) => ({ file, name: name!, type }));
    });
  expect(found.length).toBeGreaterThan(80);
  expect(found.filter(({ type }) => type === undefined || type.startsWith(': {'))).toEqual([]);
  const inferred = files.filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('ReturnType<typeof create'));
  expect(inferred).toEqual([]);
});

it('object literals list their fields', () => {
  for (const file of files) expect(readFileSync(join(ROOT, file), 'utf8'), file).not.toContain('...{');
});

it('no signal is combined but in a scope, which lets it go', () => {
  const combining = files.filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('AbortSignal.any('));
  expect(combining).toEqual([]);
});

it('there are no barrels', () => {
  for (const file of files) {
    expect(readFileSync(join(ROOT, file), 'utf8'), file).not.toMatch(/^export \* from/m);
  }
});
