import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { TemplateError } from '../../expression/errors.ts';
import type { Value } from '../../expression/values.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import { render } from '../expression/engine.ts';

// Compares random expressions with the real Jinja2 (pip install jinja2): npm run test:jinja [seed]. Beside the normal run.

const context: Record<string, Value> = {
  n: 5,
  f: 2.5,
  s: 'Hello World',
  xs: [3, 1, 2],
  d: { a: 1, b: 'x' },
  users: [
    { name: 'ann', age: 30 },
    { name: 'bob', age: 25 },
  ],
  yes: true,
  nul: null,
};

const { expression } = fc.letrec<{ expression: string; atom: string }>((tie) => ({
  atom: fc.constantFrom(
    ...[
      'n',
      'f',
      's',
      'xs',
      'd',
      'users',
      'yes',
      'nul',
      'nope',
      'd.a',
      'd.zz',
      'xs[0]',
      'xs[-1]',
      'xs[9]',
      'users[0].name',
    ],
    ...['1', '0', '-2', '2.0', '1.5', "'a'", "''", "'3'", '[]', '[1, 2]', '{}', "{'k': 1}", '(1, 2)', 'true', 'none'],
  ),
  expression: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'expression' },
    tie('atom'),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '-', '*', '/', '//', '%', '~', '==', '!=', '<', '>=', 'in', 'not in', 'and', 'or'),
        tie('expression'),
      )
      .map(([a, operator, b]) => `(${a}) ${operator} (${b})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom(
          ...[
            'upper',
            'lower',
            'title',
            'capitalize',
            'trim',
            'length',
            'first',
            'last',
            'list',
            'reverse|list',
            'sort',
            'unique|list',
          ],
          ...[
            "join(',')",
            'min',
            'max',
            'sum',
            'abs',
            'int',
            'float',
            'round',
            'round(1)',
            'string',
            "default('z')",
            'default(0, true)',
          ],
          ...[
            "replace('l', 'L')",
            'tojson',
            'wordcount',
            'truncate(5)',
            'center(9)',
            "map('string')|list",
            "map(attribute='name')|list",
          ],
          ...[
            "selectattr('age')|list",
            'select|list',
            'batch(2)|list',
            'dictsort',
            'items|list',
            'e',
            'urlencode',
            'filesizeformat',
          ],
        ),
      )
      .map(([a, filter]) => `(${a}) | ${filter}`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom(
          'defined',
          'none',
          'number',
          'string',
          'mapping',
          'iterable',
          'odd',
          'even',
          'divisibleby(2)',
          'in([1, 2])',
          'boolean',
        ),
      )
      .map(([a, test]) => `(${a}) is ${test}`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([a, b, c]) => `(${a}) if (${b}) else (${c})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('[0]', '[-1]', '[1:]', '[::-1]', '.name', '.upper()', '.split()', '.items()|list', '.get("a")'),
      )
      .map(([a, access]) => `(${a})${access}`),
    tie('expression').map((a) => `not (${a})`),
  ),
}));

const seed = Number(process.argv[2] ?? Date.now() % 2 ** 31);
const expressions = fc.sample(expression, { numRuns: 5_000, seed });
const script = fileURLToPath(new URL('./reference.py', import.meta.url));
const input = expressions.map((one) => JSON.stringify({ expression: one, context })).join('\n');
const python = spawnSync('python3', [script], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
if (python.status !== 0) {
  console.error(`the real Jinja2 did not run (pip install jinja2):\n${python.stderr}`);
  process.exit(2);
}
const theirs = python.stdout
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { value?: Json; error?: string });

const classes = new Map<string, string[]>();
for (const [index, one] of expressions.entries()) {
  const { value, error } = theirs[index]!;
  let ours: { value: Json } | { error: string };
  try {
    ours = { value: render(`{{ ${one} }}`, context) as Json };
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    ours = { error: thrown.message };
  }
  let verdict = 'equal';
  if (error !== undefined) verdict = 'error' in ours ? 'both refuse' : `only Jinja2 refuses (${error})`;
  else if ('error' in ours)
    verdict = `only Fermata refuses: ${ours.error.replaceAll(/'[^']*'|\d+/g, '…').slice(0, 60)}`;
  else if (canonicalJson(ours.value) !== canonicalJson(value ?? null)) verdict = 'different';
  const shown = 'value' in ours ? JSON.stringify(ours.value) : ours.error;
  classes.set(verdict, [
    ...(classes.get(verdict) ?? []),
    `${one}   ours ${shown}   theirs ${error ?? JSON.stringify(value)}`,
  ]);
}
console.log(`seed ${seed}, ${expressions.length} expressions`);
for (const [verdict, found] of [...classes].sort((a, b) => b[1].length - a[1].length)) {
  console.log(`${String(found.length).padStart(6)}  ${verdict}`);
  if (verdict !== 'equal' && verdict !== 'both refuse')
    for (const one of found.slice(0, 3)) console.log(`          ${one}`);
}
