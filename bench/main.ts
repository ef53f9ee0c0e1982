import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { installTemporalRuntime } from '../composition/worker/sdk.ts';
import { findTemporal, WHEEL_VERSION } from '../dev/temporal-binary.ts';
import { startTemporalServer } from '../dev/temporal-server.ts';
import { compareMemory, compareThroughput } from './comparison/load.ts';
import { compareReplays } from './comparison/replays.ts';
import { SHAPES } from './comparison/shapes.ts';
import { compare } from './comparison/side-by-side.ts';
import { type Side, startSide } from './comparison/sides.ts';
import { measureLargeEvents } from './events/large/measure.ts';
import { measureEvents } from './events/measure.ts';
import { measureGrowth } from './growth.ts';
import { measureLists } from './lists/measure.ts';
import { measureLargeIndex } from './lists/million.ts';
import { measureDebugger } from './product/debugger.ts';
import { measureLargeRuns } from './product/large-runs.ts';
import { measurePages } from './product/pages.ts';
import { measureBundle, measureLag, measureRest, measureStart, type Product, startProduct } from './product/product.ts';
import { measureShares } from './product/shares.ts';
import { measureSliders, summarizeSlider } from './product/slider.ts';
import { measureSoak } from './product/soak.ts';
import { measureStarts } from './product/starts.ts';
import { debuggerTable } from './report/debugger.ts';
import { findDecline } from './report/decline.ts';
import { eventsTable, largeEventsTable } from './report/events.ts';
import { keepResults, readResults } from './report/kept-results.ts';
import { largeRunsTable } from './report/production.ts';
import { computeRatios, keepBaseline, missingIn, readBaseline, slowerThan } from './report/ratios.ts';
import { largeIndexTable, ratioTable, renderPlot, renderReport } from './report/report.ts';
import type { Results } from './report/results.ts';

// npm run bench: what a definition costs compared with the same workflow written by hand, and what the product does. Writes
// docs/benchmarks.md and docs/benchmarks.svg, and fails with the names of what is slower than in bench/baseline.json. With the names of parts
// (npm run bench -- shapes starts) only these run; `report` alone writes both files from what the parts have measured so far. --quick runs a
// fraction of each part, which is not kept for the report; --shape sequence only that shape; --runs 5000 that many runs of the soak; --index URL a Postgres
// that `large-index` or `large-events` need not fill, since it was filled before; --keep
// makes the ratios of this run the baseline.

const { values: options, positionals: named } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    keep: { type: 'boolean' },
    shape: { type: 'string', multiple: true },
    runs: { type: 'string' },
    index: { type: 'string' },
  },
  allowPositionals: true,
});
const { quick = false, keep = false, shape: shapes } = options;
const runs = options.runs === undefined ? null : Number(options.runs);

/** Temporal's development server, for the parts that need nothing else. */
interface Server {
  address: string;
  client: Client;
}

type Sides = readonly [Side, Side];

/** The parts in the order in which they run; each sets up what it needs. */
const PARTS = {
  shapes: onSides(async (sides, client) => ({ compared: await compare(sides, client, quick ? 0.2 : 1, shapes) })),
  throughput: onSides(async (sides, client) => ({
    throughput: await compareThroughput(sides, client, quick ? 2 : 6),
  })),
  replays: onSides(async (sides, client) => ({ replays: await compareReplays(sides, client) })),
  memory: onSides(async (sides) => ({ memory: await compareMemory(sides) })),
  starts: onServer(async ({ address }) => ({ starts: await measureStarts(address, quick ? 5 : 20) })),
  rest: onProduct(async (product) => ({ rest: await measureRest(product, quick ? 3 : 15) })),
  lag: onProduct(async (product) => ({ lag: await measureLag(product, quick ? 5 : 30) })),
  shares: onProduct(async (product) => ({ shares: await measureShares(product, quick ? 5 : 40) })),
  start: async () => ({ start: await measureStart() }),
  lists: async () => {
    const lists: Results['lists'] = [];
    for (const rows of quick ? [1_000] : [100, 10_000, 100_000]) {
      lists.push({ runs: rows, measured: await measureLists(rows) });
    }
    return { lists };
  },
  'large-index': async () => ({
    largeIndex: await measureLargeIndex(quick ? 10_000 : 1_000_000, quick ? 50 : 1_000, options.index ?? null),
  }),
  'large-runs': async () => ({
    largeRuns: await measureLargeRuns(
      quick ? { items: 10_000, calls: 500, reads: 3 } : { items: 100_000, calls: 8_300, reads: 10 },
    ),
  }),
  pages: async () => ({
    pages: await measurePages(
      quick
        ? { tasks: 100, items: 1_000, calls: 100, times: 1 }
        : { tasks: 1_000, items: 100_000, calls: 8_300, times: 5 },
    ),
  }),
  debugger: async () => ({ debugger: measureDebugger(quick ? 5_000 : 50_000, quick ? 20 : 200) }),
  slider: async () => ({ sliders: await measureSliders(quick ? 5_000 : 50_000, quick ? 20 : 200) }),
  events: async () => ({
    events: await measureEvents(
      quick
        ? { intake: 300, seconds: 3, storm: 500, planned: 300 }
        : { intake: 3_000, seconds: 30, storm: 10_000, planned: 3_000 },
    ),
  }),
  'large-events': async () => ({
    largeEvents: await measureLargeEvents(
      quick ? { events: 10_000, rules: 200, planned: 5 } : { events: 1_000_000, rules: 5_000, planned: 10 },
      options.index ?? null,
    ),
  }),
  growth: async () => ({ growth: measureGrowth() }),
  soak: async () => ({ soak: await measureSoak(runs ?? (quick ? 500 : 50_000)) }),
  bundle: async () => ({ bundle: await measureBundle() }),
} satisfies Record<string, () => Promise<Partial<Results>>>;

/** Not a part: writes the report. */
const REPORT = 'report';

installTemporalRuntime(null);
const chosen = named.length === 0 ? Object.keys(PARTS) : named.filter((name) => name !== REPORT);
demandKnown('part', chosen, Object.keys(PARTS));
demandKnown(
  'shape',
  shapes ?? [],
  SHAPES.map(({ name }) => name),
);
const isWhole = !quick && shapes === undefined;
const results: Partial<Results> = named.includes(REPORT) ? await readResults() : {};
for (const name of chosen) {
  console.log(`${name} …`);
  const conditions = { [name]: { at: new Date().toISOString().slice(0, 16), load: loadavg()[0]! } };
  const found = await PARTS[name as keyof typeof PARTS]();
  Object.assign(results, found);
  if (isWhole) await keepResults({ ...found, conditions, versions: await findVersions() });
}
const ratios = computeRatios(results);
console.log(ratioTable(ratios));
if (results.largeIndex !== undefined) console.log(largeIndexTable(results.largeIndex));
if (results.largeRuns !== undefined) console.log(largeRunsTable(results.largeRuns));
if (results.events !== undefined) console.log(eventsTable(results.events));
if (results.largeEvents !== undefined) console.log(largeEventsTable(results.largeEvents));
if (results.debugger !== undefined) console.log(debuggerTable(results.debugger));
for (const slider of results.sliders ?? []) console.log(summarizeSlider(slider));
if (named.includes(REPORT) || (named.length === 0 && isWhole)) {
  const kept = await readResults();
  await writeFile('docs/benchmarks.md', renderReport(kept, 'benchmarks.svg'));
  await writeFile('docs/benchmarks.svg', renderPlot(kept.compared ?? []));
}
const declined = results.soak === undefined ? [] : findDecline(results.soak);
for (const what of declined) console.error(`soak: ${what}`);
const worse = keep ? [] : await compareWithBaseline();
if (keep) await keepBaseline(ratios);
for (const what of worse) console.error(what);
process.exit(worse.length > 0 || declined.length > 0 ? 1 : 0);

/** Returns what is slower than the baseline and, of a run of all parts, what the baseline has and the run has not. */
async function compareWithBaseline(): Promise<string[]> {
  const baseline = await readBaseline();
  const missing = named.length === 0 && isWhole ? missingIn(ratios, baseline) : [];
  return [
    ...slowerThan(baseline, ratios).map((what) => `slower than the baseline: ${what}`),
    ...missing.map((what) => `in the baseline, but not measured: ${what}`),
  ];
}

/** Throws for a name that is not among those that there are. */
function demandKnown(what: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`unknown ${what} "${unknown}": choose from ${known.join(', ')}`);
}

function onServer<T>(measure: (server: Server) => Promise<T>): () => Promise<T> {
  return async () => {
    const binary = await findTemporal(process.env, console.log);
    const server = await startTemporalServer({ binary, namespaces: ['default'], port: 0, uiPort: 0 });
    const connection = await Connection.connect({ address: server.address });
    const found = await measure({ address: server.address, client: new Client({ connection }) });
    await connection.close();
    await server.stop();
    return found;
  };
}

function onSides<T>(measure: (sides: Sides, client: Client) => Promise<T>): () => Promise<T> {
  return onServer(async ({ address, client }) => {
    const sides: Sides = [await startSide('hand', address, client), await startSide('fermata', address, client)];
    const found = await measure(sides, client);
    for (const side of sides) await side.stop();
    return found;
  });
}

function onProduct<T>(measure: (product: Product) => Promise<T>): () => Promise<T> {
  return async () => {
    const product = await startProduct();
    const found = await measure(product);
    await product.stop();
    return found;
  };
}

async function findVersions(): Promise<Results['versions']> {
  return {
    'Node.js': process.versions.node,
    "Temporal's SDK": await versionOf('@temporalio/worker'),
    'server (CLI)': WHEEL_VERSION,
  };
}

async function versionOf(name: string): Promise<string> {
  const manifest = await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
