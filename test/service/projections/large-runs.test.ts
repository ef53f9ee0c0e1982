import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { executionBody } from '../../../api/executions/bodies.ts';
import type { Definition } from '../../../model/definition.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { maskExecution } from '../../../service/projections/masks.ts';
import { createProjectionReader, type ProjectionReader } from '../../../service/projections/reader.ts';
import type { Described, Temporal } from '../../../temporal/gateway.ts';
import { threadModule } from '../../../threads/module.ts';
import { createPool } from '../../../threads/pool.ts';
import { madeHistories, madeRun } from '../../fixtures/made.ts';

/** The jobs of a reader, which have all the time that a busy machine needs. */
const JOBS = ['open_history', 'take_history', 'show_history', 'show_moment', 'list_tasks', 'find_task', 'read_log'];
const deadlines = Object.fromEntries(JOBS.map((name) => [name, 300_000]));
const pool = createPool({ source: threadModule, size: 2, deadlines });
afterAll(() => pool.close());

/** How much longer the event loop may be held for a run with a hundred times as many items, on a machine that others hold up, too. */
const MOST = 30;

/** A Temporal server that has the runs of one chain. */
function createServer(runs: readonly HistoryEvent[][]): Temporal {
  const idOf = (number: number) => runs[number]![0]!.workflowExecutionStartedEventAttributes!.originalExecutionRunId!;
  const last = runs.length - 1;
  async function* pagesOf(events: readonly HistoryEvent[]) {
    for (let at = 0; at < events.length; at += 1_000) yield events.slice(at, at + 1_000);
  }
  return {
    describe: async () =>
      ({
        info: { execution: { runId: idOf(last) }, historyLength: runs[last]!.length, status: 2 },
        pending: { activities: [], workflowTaskAttempt: 0 },
        cancelRequested: false,
      }) as unknown as Described,
    newestRun: async () => ({
      first: runs[last]![0],
      whole: null,
      before: async () => runs.slice(0, last).map((_, number) => idOf(number)),
      history: () => pagesOf(runs[last]!),
    }),
    historyAfter: (_: string, runId: string) => pagesOf(runs.find((_, number) => idOf(number) === runId)!),
  } as unknown as Temporal;
}

const itemsOf = (count: number): Definition => ({
  tasks: [
    {
      name: 'each',
      with_items: `{{ range(${count}) }}`,
      action: 'core.transform',
      input: { data: { number: '{{ item }}', text: 'item {{ item }} of {{ secret }}' } },
    },
  ],
  output: 'done',
});

/** Does some work and returns the longest time that the event loop was held meanwhile. */
async function measureHold(work: () => Promise<unknown>): Promise<number> {
  let last = performance.now();
  let longest = 0;
  const tick = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(tick, 5);
  await work();
  await wait(0);
  tick();
  clearInterval(timer);
  return longest;
}

/** Reads a run in every way, as the API answers it. Returns its number of tasks. */
async function readAll(reader: ProjectionReader, count: number): Promise<number> {
  const id = `wf of ${count}`;
  const { execution, hidden } = (await reader.read(id))!;
  expect(execution.projection).toBe('complete');
  const { execution: shown } = maskExecution(execution, hidden);
  const body = executionBody({ n: 1, execution: shown, retries: [] });
  expect(JSON.stringify(body)).not.toContain('sesame');
  const query = { limit: 500, order: 'desc', after: null, statuses: null, name: null, contains: null } as const;
  const page = await reader.listTasks(id, { ...query, parent: '*' }, []);
  expect(page?.rows[0]?.key).toBe(`each[${count - 1}]`);
  const found = await reader.findTask(id, { key: 'each' }, []);
  expect(JSON.stringify(found)).not.toContain('sesame');
  await reader.readLog(id, { after: 0, limit: 100, task: null }, []);
  await reader.readAt(id, { event: 10, traced: true });
  return body.tasks_total;
}

it('a run with 100,000 items holds the event loop hardly longer than one with 1,000', async () => {
  const holds: number[] = [];
  for (const count of [1_000, 100_000]) {
    const run = madeRun(itemsOf(count), { write_only: [['secret']] });
    const temporal = createServer(madeHistories(run, { secret: 'sesame seed' }));
    const [base = Number.POSITIVE_INFINITY] = holds;
    let shortest = Number.POSITIVE_INFINITY;
    // A busy machine disturbs any one: the shortest counts.
    for (let round = 0; round < 2 || (round < 6 && shortest >= MOST * base); round += 1) {
      const reader = createProjectionReader({ temporal, pool, clock: Date.now });
      const hold = await measureHold(async () => {
        expect(await readAll(reader, count)).toBe(count + 1);
      });
      shortest = Math.min(shortest, hold);
    }
    holds.push(shortest);
  }
  expect(holds[1]! / holds[0]!).toBeLessThan(MOST);
});
