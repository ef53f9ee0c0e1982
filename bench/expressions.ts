import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compileTemplate, renderTemplate } from '../expression/template.ts';
import type { Value } from '../expression/values.ts';

// How long templates take, as medians of several rounds, and what the engine adds to a bundle: npm run bench:expressions.

const small: Record<string, Value> = { a: { b: { c: 1 } }, xs: [3, 1, 2], name: 'world' };
const large: Record<string, Value> = {
  ...small,
  rows: Array.from({ length: 10_000 }, (_, index) => ({ id: index, text: 'x'.repeat(80) })),
};

/** Microseconds of one call: the median of rounds. */
function microseconds(work: () => unknown, calls = 5_000, rounds = 15): number {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    for (let call = 0; call < calls; call += 1) work();
    times.push(((performance.now() - start) * 1000) / calls);
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

const scopeOf = (data: Record<string, Value>) => ({
  lookup: (root: string) => data[root],
  names: () => Object.keys(data),
});
const render = (template: string, data: Record<string, Value>) => {
  const compiled = compileTemplate(template);
  const scope = scopeOf(data);
  return microseconds(() => renderTemplate(compiled, scope));
};

const minified = async (file: string): Promise<number> => {
  const { outputFiles } = await build({
    ...{ entryPoints: [fileURLToPath(new URL(file, import.meta.url))], bundle: true, minify: true, write: false },
    ...{ platform: 'neutral', mainFields: ['module', 'main'], format: 'esm' },
  });
  return outputFiles[0]!.contents.length;
};

const path = render('{{ a.b.c }}', small);
const rows: [string, string][] = [
  ['a path', `${path.toFixed(2)} µs`],
  ['a path beside 1 MB of data', `${render('{{ a.b.c }}', large).toFixed(2)} µs`],
  ['a path to 1 MB of data', `${render('{{ rows }}', large).toFixed(2)} µs`],
  ['a short chain of filters', `${render("{{ xs | sort | join(',') | upper }}", small).toFixed(2)} µs`],
  ['text with two outputs', `${render('Hello {{ name }}, {{ a.b.c }}!', small).toFixed(2)} µs`],
  ['compiling a path', `${microseconds(() => compileTemplate('{{ task.fetch.output.body }}')).toFixed(2)} µs`],
  [
    'compiling a longer template',
    `${microseconds(() => compileTemplate("Hello {{ name | default('x') }}: {{ xs | sort | join(', ') }}")).toFixed(2)} µs`,
  ],
  ['the engine, minified', `${Math.round((await minified('../expression/template.ts')) / 1024)} kB`],
];
for (const [what, cost] of rows) console.log(`${what.padEnd(32)}${cost.padStart(12)}`);
