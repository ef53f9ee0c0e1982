import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { NEWEST_DIALECT } from '../expression/dialect.ts';
import { compileTemplate, renderTemplate } from '../expression/template.ts';
import type { Value } from '../expression/values.ts';
import { WorkMeter } from '../model/work.ts';
import { createValues, templates } from '../test/expression/calls.ts';

// How long templates take, as medians of several rounds, what the engine adds to a bundle, and how long a unit of work takes in each
// filter, test, method and operator, at three sizes of its values: npm run bench:expressions.

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
  dialect: NEWEST_DIALECT,
});
const render = (template: string, data: Record<string, Value>) => {
  const compiled = compileTemplate(template);
  const scope = scopeOf(data);
  return microseconds(() => renderTemplate(compiled, scope));
};

const minified = async (file: string): Promise<number> => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    format: 'esm',
  });
  return outputFiles[0]!.contents.length;
};

const path = render('{{ a.b.c }}', small);
const rows: [string, string][] = [
  ['a path', `${path.toFixed(2)} µs`],
  ['a path next to 1 MB of data', `${render('{{ a.b.c }}', large).toFixed(2)} µs`],
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

/** Microseconds that a unit of work takes in a template: the median of rounds; null when it fails, or costs too little to say. */
function microsecondsPerUnit(template: string, data: Record<string, Value>): number | null {
  const compiled = compileTemplate(template);
  const once = () => {
    const meter = new WorkMeter(600_000);
    try {
      renderTemplate(compiled, { ...scopeOf(data), random: () => 0.5, meter });
    } catch {
      return null;
    }
    return meter.spent;
  };
  const spent = once();
  if (spent === null || spent < 20) return null;
  return microseconds(once, Math.max(1, Math.floor(2_000 / spent)), 3) / spent;
}

const sizes = [1 / 100, 1 / 20, 1 / 4];
const values = sizes.map(createValues);
const measured = templates
  .map((template) => ({ template, costs: values.map((data) => microsecondsPerUnit(template, data)) }))
  .filter(({ costs }) => costs.some((cost) => cost !== null))
  .map((row) => ({ ...row, worst: Math.max(...row.costs.map((cost) => cost ?? 0)) }))
  .sort((a, b) => b.worst - a.worst);
console.log(`\nµs for each unit of work, at a hundredth, a twentieth and a quarter of the largest values`);
for (const { template, costs } of measured) {
  console.log(`${costs.map((cost) => (cost?.toFixed(2) ?? '').padStart(6)).join('')}  ${template}`);
}
