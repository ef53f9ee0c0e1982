import { readFile, writeFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { installTemporalRuntime } from '../composition/logger.ts';
import { findTemporal, WHEEL_VERSION } from '../dev/temporal-binary.ts';
import { startTemporalServer } from '../dev/temporal-server.ts';
import { measureGrowth } from './growth.ts';
import { measureLists } from './lists/measure.ts';
import { measureLargeIndex } from './lists/million.ts';
import { compareMemory, compareThroughput } from './load.ts';
import { measureBundle, measureLag, measureRest, measureStart, startProduct } from './product.ts';
import { compareReplays } from './replays.ts';
import { largeIndexTable, plotOf, reportOf } from './report.ts';
import { measureShares } from './shares.ts';
import { compare } from './side-by-side.ts';
import { startSide } from './sides.ts';
import { measureSoak } from './soak.ts';

// npm run bench: what a definition costs compared with the same workflow written by hand, and what the product does. Writes
// docs/benchmarks.md and docs/benchmarks.svg; with --quick a fraction of it runs, and nothing is written; with --large-index only the lists
// of a million rows are measured, and printed.

const quick = process.argv.includes('--quick');
installTemporalRuntime(null);
if (process.argv.includes('--large-index')) {
  console.log(largeIndexTable(await measureLargeIndex(quick ? 10_000 : 1_000_000, quick ? 50 : 1_000)));
  process.exit();
}
const server = await startTemporalServer({
  binary: await findTemporal(process.env, console.log),
  namespaces: ['default'],
  port: 0,
  uiPort: 0,
});
const connection = await Connection.connect({ address: server.address });
const client = new Client({ connection });
const start = async () =>
  [await startSide('hand', server.address, client), await startSide('fermata', server.address, client)] as const;

let sides = await start();
const compared = await compare(sides, client, quick ? 0.2 : 1);
console.log('throughput …');
const throughput = await compareThroughput(sides, client, quick ? 1 : 4);
const replays = await compareReplays(sides, client);
for (const side of sides) await side.stop();
console.log('memory …');
sides = await start();
const memory = await compareMemory(sides);
for (const side of sides) await side.stop();
await connection.close();
await server.stop();

console.log('the product …');
const product = await startProduct();
const rest = await measureRest(product, quick ? 3 : 15);
const lag = await measureLag(product, quick ? 5 : 30);
const shares = await measureShares(product, quick ? 5 : 40);
await product.stop();
const started = quick ? { first: [product.ready], again: [product.ready] } : await measureStart();
const lists = [];
for (const runs of quick ? [1_000] : [100, 10_000, 100_000]) {
  console.log(`lists with ${runs} runs …`);
  lists.push({ runs, measured: await measureLists(runs) });
}
console.log('lists of a million rows …');
const largeIndex = await measureLargeIndex(quick ? 10_000 : 1_000_000, quick ? 50 : 1_000);
console.log('growth …');
const growth = measureGrowth();
console.log('a soak …');
const soak = await measureSoak(quick ? 500 : 10_000);
const report = reportOf(
  {
    compared,
    throughput,
    replays,
    memory,
    rest,
    lag,
    shares,
    start: started,
    lists,
    largeIndex,
    growth,
    soak,
    bundle: await measureBundle(),
    versions: {
      'Node.js': process.versions.node,
      "Temporal's SDK": await versionOf('@temporalio/worker'),
      'server (CLI)': WHEEL_VERSION,
    },
  },
  'benchmarks.svg',
);
if (quick) console.log(report);
else {
  await writeFile('docs/benchmarks.md', report);
  await writeFile('docs/benchmarks.svg', plotOf(compared));
}
process.exit();

async function versionOf(name: string): Promise<string> {
  const manifest = await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
