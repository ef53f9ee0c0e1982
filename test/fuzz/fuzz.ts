import { fuzzApi } from './api.ts';
import { PARTS, tryPart } from './parts.ts';

// Tries random input: npm run fuzz [part] [runs] [seed]. Without a part, all of them. What fails is printed with its seed.

const [name = 'all', runs, given] = process.argv.slice(2);
const seed = given === undefined ? Date.now() % 1_000_000 : Number(given);
const parts = PARTS.filter((part) => name === 'all' || part.name === name);
const withApi = name === 'all' || name === 'api';
if (parts.length === 0 && !withApi) {
  console.error(`there is no part "${name}"; there are: ${[...PARTS.map((part) => part.name), 'api'].join(', ')}`);
  process.exit(2);
}
let failed = false;
for (const part of parts) {
  const count = runs === undefined ? part.runs : Number(runs);
  const failure = await tryPart(part, count, seed);
  console.log(`${part.name}: ${failure ?? `${count} runs with seed ${seed} passed`}`);
  failed ||= failure !== null;
}
if (
  withApi &&
  !(await fuzzApi(name === 'api' && runs !== undefined ? Number(runs) : 30, given === undefined ? null : seed))
)
  failed = true;
process.exitCode = failed ? 1 : 0;
