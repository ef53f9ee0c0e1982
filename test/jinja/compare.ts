import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Answer, renderAnswer } from './answers.ts';
import { CONTEXT } from './context.ts';
import { findDeviation } from './deviations.ts';
import { createGenerator } from './generator.ts';

// Compares random templates with the real Jinja2 3.1 (pip install jinja2), which PYTHON may name: npm run test:jinja -- [seed] [count].
// With a third argument, `record`, the results of Jinja2 become test/fixtures/jinja-random.json.gz, which the unit tests replay.

const seed = Number(process.argv[2] ?? Date.now() % 2 ** 31);
const count = Number(process.argv[3] ?? 10_000);
const next = createGenerator(seed);
const templates = Array.from({ length: count }, next);
const script = fileURLToPath(new URL('./reference.py', import.meta.url));
const input = templates.map((template) => JSON.stringify({ template, context: CONTEXT })).join('\n');
const python = spawnSync(process.env.PYTHON ?? 'python3', [script], { input, encoding: 'utf8', maxBuffer: 1 << 29 });
if (python.status !== 0) {
  console.error(`the real Jinja2 did not run (pip install jinja2):\n${python.stderr}`);
  process.exit(2);
}
const theirs = python.stdout
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Answer);

const classes = new Map<string, string[]>();
for (const [index, template] of templates.entries()) {
  const [their, our] = [theirs[index]!, renderAnswer(template)];
  const same = 'error' in their ? 'error' in our : 'text' in our && our.text === their.text;
  const shown = `${template}\n            Fermata ${JSON.stringify(our)}\n            Jinja2  ${JSON.stringify(their)}`;
  const verdict = same ? ('error' in their ? 'both refuse' : 'equal') : findDeviation(template, their, our);
  const name =
    verdict ??
    ('error' in their
      ? `DIFFERS: only Jinja2 refuses (${their.error})`
      : 'error' in our
        ? 'DIFFERS: only Fermata refuses'
        : 'DIFFERS');
  classes.set(name, [...(classes.get(name) ?? []), shown]);
}
console.log(`seed ${seed}, ${templates.length} templates`);
for (const [name, found] of [...classes].sort((a, b) => b[1].length - a[1].length)) {
  console.log(`${String(found.length).padStart(6)}  ${name}`);
  if (name.startsWith('DIFFERS'))
    for (const one of found.slice(0, Number(process.env.SHOW ?? 12))) console.log(`        ${one}`);
}
if (process.argv[4] === 'record') {
  const recorded = theirs.map((answer) => ('error' in answer ? null : answer.text));
  const fixture = fileURLToPath(new URL('../fixtures/jinja-random.json.gz', import.meta.url));
  writeFileSync(fixture, gzipSync(JSON.stringify({ seed, answers: recorded }), { level: 9 }));
}
