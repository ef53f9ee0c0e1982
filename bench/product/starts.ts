import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import type { RunningApi } from '../../composition/api/api.ts';
import type { Principal } from '../../model/principal.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import { openPostgres } from '../../store/database.ts';
import { startPostgres } from '../../test/store/postgres-server.ts';
import { BENCH_KEY, startQuietApi } from '../quiet-api.ts';

/** Starts of each way before the other way's turn comes, and how many are made at once where results are awaited. */
const BLOCK = 20;
const AT_ONCE = 20;

/** The cost of starts made in one way: milliseconds of each start, and of each block its milliseconds of CPU a start and its runs a minute. */
export interface Started {
  latencies: number[];
  cpu: number[];
  rates: number[];
}

/** A start that answers from what it knows, and one whose run is read back; the same for starts that wait for the end. */
export interface Starts {
  answered: Started;
  readBack: Started;
  waited: Started;
  waitedReadBack: Started;
}

type Start = (api: RunningApi, principal: Principal) => Promise<unknown>;

const COMMAND = { ref: 'core.noop', input: {}, inputField: 'input' };

/** The ways to start, each next to the one that it is compared with; how many at once. */
const WAYS: Record<keyof Starts, { start: Start; atOnce: number }> = {
  answered: { atOnce: 1, start: ({ executions }, principal) => executions.start(principal, COMMAND) },
  readBack: {
    atOnce: 1,
    start: async ({ executions }, principal) => {
      const { execution } = await executions.start(principal, COMMAND);
      return executions.get(principal, execution.workflowId);
    },
  },
  waited: {
    atOnce: AT_ONCE,
    start: ({ executions }, principal) => executions.start(principal, { ...COMMAND, wait: 30 }),
  },
  waitedReadBack: {
    atOnce: AT_ONCE,
    start: async ({ executions }, principal) =>
      executions.waitFor(principal, await executions.start(principal, COMMAND), 30),
  },
};

/**
 * Measures starts in the process that is the API, over Postgres; the worker is another process. Blocks of each way take turns, so that both meet
 * the same machine; `blocks` of each.
 */
export async function measureStarts(address: string, blocks: number): Promise<Starts> {
  const postgres = await startPostgres();
  const database = await openPostgres(postgres.url);
  const connection = await Connection.connect({ address });
  const { api } = await startQuietApi(connection, database);
  const worker = fork(fileURLToPath(new URL('../comparison/worker.ts', import.meta.url)), [address, OWN_TASK_QUEUE], {
    execArgv: ['--import', 'tsx'],
  });
  await once(worker, 'message');
  const principal = await api.principals.authenticate(BENCH_KEY);

  const found = Object.fromEntries(
    Object.keys(WAYS).map((way) => [way, { latencies: [], cpu: [], rates: [] }]),
  ) as unknown as Starts;
  for (let block = -2; block < blocks; block += 1) {
    const ways = Object.keys(WAYS) as (keyof Starts)[];
    for (const way of block % 2 === 0 ? ways : ways.reverse()) {
      const measured = await measureBlock(WAYS[way].atOnce, () => WAYS[way].start(api, principal));
      // The first ones are not warm yet.
      if (block < 0) continue;
      found[way].latencies.push(...measured.latencies);
      found[way].cpu.push(measured.cpu);
      found[way].rates.push(measured.rate);
    }
  }

  worker.disconnect();
  await once(worker, 'exit');
  await api.close();
  await connection.close();
  await database.close();
  await postgres.stop();
  return found;
}

async function measureBlock(
  atOnce: number,
  start: () => Promise<unknown>,
): Promise<{ latencies: number[]; cpu: number; rate: number }> {
  const latencies: number[] = [];
  const total = BLOCK * (atOnce === 1 ? 1 : 5);
  let left = total;
  const before = process.cpuUsage();
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left > 0) {
        left -= 1;
        const asked = performance.now();
        await start();
        latencies.push(performance.now() - asked);
      }
    }),
  );
  const { user, system } = process.cpuUsage(before);
  const minutes = (performance.now() - begun) / 60_000;
  return { latencies, cpu: (user + system) / 1000 / total, rate: total / minutes };
}
