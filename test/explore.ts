import { spawnSync } from 'node:child_process';

// Draws other and more inputs than the suite does, for every test that draws any: npm run explore [-- runs [seed]].
// A seed that fails is printed; the same runs and seed fail again.

const [runs = '200', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
console.log(`npm run explore -- ${runs} ${seed}`);
const env = { ...process.env, FERMATA_RUNS: runs, FERMATA_SEED: seed };
const statuses = [
  ['--project', 'unit', '--project', 'slow'],
  ['random-runs', 'inquiry-runs'],
].map((chosen) => spawnSync('npx', ['vitest', 'run', ...chosen], { env, stdio: 'inherit' }).status);
process.exitCode = statuses.every((status) => status === 0) ? 0 : 1;
