import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { RunningApi } from '../../composition/api/api.ts';
import type { Principal } from '../../model/principal.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import type { ExecutionView } from '../../service/executions/reader.ts';
import { openPostgres } from '../../store/database.ts';
import { startPostgres } from '../../test/store/postgres-server.ts';
import { BENCH_KEY, startQuietApi } from '../quiet-api.ts';

/** Starts of each way before the other way's turn comes, also of those that are made alone, and how many are made at once where results are awaited. */
const BLOCK = 20;
const ALONE = 10;
const AT_ONCE = 20;

/** Milliseconds after the end of a run until Temporal, the worker and the index have done all that follows from it. */
const REST = 50;

/** The cost of starts made in one way: milliseconds of each start, and of each block its milliseconds of CPU a start and its runs a minute. */
export interface Started {
  latencies: number[];
  cpu: number[];
  rates: number[];
}

/**
 * A start that answers from what it knows, and one whose run is read back: alone, that is once the run before has ended, and right after one another, so
 * that the runs before are carried out meanwhile. The same for starts that wait for the end: of the run that is read back, after that. Whoever waits
 * and reads nothing shows how much of a start with wait is not the waiting.
 */
export interface Starts {
  answered: Started;
  readBack: Started;
  answeredInTurn: Started;
  readBackInTurn: Started;
  waited: Started;
  waitedReadBack: Started;
  waitedUnread: Started;
}

type Start = (api: RunningApi, principal: Principal) => Promise<ExecutionView>;

/** A way to start: how, how many in a block and at once, and whether each is alone. */
interface Way {
  start: Start;
  total: number;
  atOnce: number;
  isAlone: boolean;
}

const COMMAND = { ref: 'core.noop', input: {}, inputField: 'input' };

const answer: Start = ({ executions }, principal) => executions.start(principal, COMMAND);

const readBack: Start = async ({ executions }, principal) => {
  const { execution } = await executions.start(principal, COMMAND);
  return executions.get(principal, execution.workflowId);
};

const WAITED = { total: 5 * BLOCK, atOnce: AT_ONCE, isAlone: false };

/** Returns the ways to start, each next to the one that it is compared with. */
const listWays = (client: Client): Record<keyof Starts, Way> => ({
  answered: { start: answer, total: ALONE, atOnce: 1, isAlone: true },
  readBack: { start: readBack, total: ALONE, atOnce: 1, isAlone: true },
  answeredInTurn: { start: answer, total: BLOCK, atOnce: 1, isAlone: false },
  readBackInTurn: { start: readBack, total: BLOCK, atOnce: 1, isAlone: false },
  waited: { ...WAITED, start: ({ executions }, principal) => executions.start(principal, { ...COMMAND, wait: 30 }) },
  waitedReadBack: {
    ...WAITED,
    start: async (api, principal) => api.executions.waitFor(principal, await readBack(api, principal), 30),
  },
  waitedUnread: {
    ...WAITED,
    start: async (api, principal) => {
      const view = await answer(api, principal);
      await client.workflow.getHandle(view.execution.workflowId).result();
      return view;
    },
  },
});

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

  const ways = listWays(new Client({ connection }));
  const names = Object.keys(ways) as (keyof Starts)[];
  const found = Object.fromEntries(
    names.map((way) => [way, { latencies: [], cpu: [], rates: [] }]),
  ) as unknown as Starts;
  for (let block = -2; block < blocks; block += 1) {
    for (const way of block % 2 === 0 ? names : names.toReversed()) {
      const measured = await measureBlock(ways[way], api, principal);
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
  { start, total, atOnce, isAlone }: Way,
  api: RunningApi,
  principal: Principal,
): Promise<{ latencies: number[]; cpu: number; rate: number }> {
  const latencies: number[] = [];
  const views: ExecutionView[] = [];
  let left = total;
  const before = process.cpuUsage();
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left > 0) {
        left -= 1;
        const asked = performance.now();
        const view = await start(api, principal);
        latencies.push(performance.now() - asked);
        views.push(view);
        if (isAlone) await untilAtRest(api, principal, [view]);
      }
    }),
  );
  const { user, system } = process.cpuUsage(before);
  const minutes = (performance.now() - begun) / 60_000;
  // The next block meets none of these runs.
  await untilAtRest(api, principal, views);
  return { latencies, cpu: (user + system) / 1000 / total, rate: total / minutes };
}

/** Waits until runs have ended, and all that follows from it is done. */
async function untilAtRest(
  { executions }: RunningApi,
  principal: Principal,
  views: readonly ExecutionView[],
): Promise<void> {
  for (const view of views) await executions.waitFor(principal, view, 30);
  await new Promise((resolve) => setTimeout(resolve, REST));
}
