import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { median } from '../statistics.ts';
import { measureUsage, type Production, startProduction, type Usage } from './production.ts';

/** Parts of a soak after which memory is measured, and shorter ones whose costs are compared. */
const PARTS = 10;
const TURNS = 10;

/** The statuses with which these runs can end. */
const ENDED: readonly string[] = ['completed', 'failed', 'timeout'];

/** Runs that are under way at once. */
const AT_ONCE = 20;

/** The cost of many runs on an installation with two APIs and two workers. */
export interface Soak {
  runs: number;
  /** Runs a minute: over all, and in each hundredth of the runs. */
  rate: number;
  rates: number[];
  /** Milliseconds of CPU a run, of all processes together, in each hundredth of the runs. */
  costs: number[];
  /** The milliseconds of each run until its result was there. */
  latencies: number[];
  /** By process: milliseconds of CPU a run, and mebibytes of memory after each tenth of the runs. */
  cpu: Record<string, number>;
  memory: Record<string, number[]>;
  /** Bytes on disk a run. */
  disk: { Temporal: number; Postgres: number };
}

/** Starts runs of one HTTP request over REST, twenty at once, as fast as they end. */
export async function measureSoak(runs: number): Promise<Soak> {
  const web = createServer((_, response) => response.end('{}'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  const production = await startProduction(2, 2);
  try {
    return await soak(production, url, runs);
  } finally {
    await production.stop();
    web.close();
  }
}

async function soak({ call, pids, bytes }: Production, url: string, runs: number): Promise<Soak> {
  const body = { action_ref: 'core.http', parameters: { url }, wait: 30 };
  // An API that is asked for more than it can take says so, and is asked again.
  const begin = (): ReturnType<typeof call> =>
    call('/api/v1/executions', body).catch(async (error: unknown) => {
      if (!/ answered 503/.test(String(error))) throw error;
      await setTimeout(1_000);
      return begin();
    });
  const start = async () => {
    const begun = performance.now();
    let { data } = await begin();
    // A machine that does other things as well may take longer than a request waits.
    while (!ENDED.includes(data.status)) ({ data } = await call(`/api/v1/executions/${data.id}`));
    if (data.status !== 'completed') throw new Error(JSON.stringify(data));
    return performance.now() - begun;
  };
  const startMany = async (count: number) => {
    const latencies: number[] = [];
    let left = count;
    const next = async () => {
      while (left > 0) {
        left -= 1;
        latencies.push(await start());
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    return latencies;
  };
  // Work that is done only once does not count as the cost of a run.
  await startMany(200);

  const [before, size] = [measureUsage(pids), await bytes()];
  const memory: Soak['memory'] = Object.fromEntries(Object.keys(pids).map((name) => [name, []]));
  const latencies: number[] = [];
  const rates: number[] = [];
  const costs: number[] = [];
  let spent = sumOfCpu(before);
  const begun = performance.now();
  for (let turn = 1; turn <= PARTS * TURNS; turn += 1) {
    const from = performance.now();
    const count = Math.round(runs / PARTS / TURNS);
    for (const latency of await startMany(count)) latencies.push(latency);
    rates.push(count / ((performance.now() - from) / 60_000));
    const usage = measureUsage(pids);
    costs.push(((sumOfCpu(usage) - spent) * 1000) / count);
    spent = sumOfCpu(usage);
    if (turn % TURNS !== 0) continue;
    for (const [name, { memory: used }] of usage) memory[name]!.push(used);
    console.log(describePart(turn / TURNS, rates.slice(-TURNS), costs.slice(-TURNS), memory));
  }
  const [after, grown] = [measureUsage(pids), await bytes()];
  const cpuOf = (name: string) => ((after.get(name)!.cpu - before.get(name)!.cpu) * 1000) / latencies.length;
  return {
    runs: latencies.length,
    rate: latencies.length / ((performance.now() - begun) / 60_000),
    rates,
    costs,
    latencies,
    memory,
    cpu: Object.fromEntries(Object.keys(pids).map((name) => [name, cpuOf(name)])),
    disk: {
      Temporal: (grown.Temporal - size.Temporal) / latencies.length,
      Postgres: (grown.Postgres - size.Postgres) / latencies.length,
    },
  };
}

function sumOfCpu(usage: ReadonlyMap<string, Usage>): number {
  return [...usage.values()].reduce((sum, { cpu }) => sum + cpu, 0);
}

function describePart(
  part: number,
  rates: readonly number[],
  costs: readonly number[],
  memory: Soak['memory'],
): string {
  const used = Object.entries(memory).map(([name, values]) => `${name} ${Math.round(values.at(-1)!)} MiB`);
  return `${part}0 %: ${Math.round(median(rates))} runs a minute, ${Math.round(median(costs))} ms of CPU a run; ${used.join(', ')}`;
}
