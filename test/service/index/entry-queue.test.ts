import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { IndexEntry } from '../../../model/index-entry.ts';
import { awaitEntries, createEntryQueue } from '../../../service/index/entry-queue.ts';
import type { ExecutionStore } from '../../../store/executions/executions.ts';
import { ENTRY_TENANT, makeEntry } from './run-entry.ts';

const OTHER_TENANT = '00000000-0000-7000-8000-000000000002';

/** A queue over a store that refuses some runs and writes nothing before it is opened, and the store whose lists wait for it. */
function createStores(refused: readonly string[] = []) {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const written: number[] = [];
  const logged: object[] = [];
  const show = async (tenant: string) => [tenant, ...written];
  const pages = { list: show, readOn: show, hasMany: show, numbersOf: show };
  const lists = { ...pages, count: show, countByStatus: show, errorGroups: show };
  const store = {
    ...lists,
    retriesOf: show,
    async write(entries: readonly IndexEntry[]) {
      await opened;
      const fine = entries.filter(({ workflowId }) => !refused.includes(workflowId));
      written.push(...fine.map(({ n }) => n));
      return entries
        .filter((entry) => !fine.includes(entry))
        .map((entry) => ({ entry, error: new Error('bad value') }));
    },
  } as unknown as ExecutionStore;
  const log = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const queue = createEntryQueue({ store, log });
  const waiting = awaitEntries(store, queue) as unknown as Record<string, typeof show>;
  return { queue, waiting, names: Object.keys(lists), open, logged };
}

it('lists and counts wait for what their tenant has read, and those of another tenant do not', async () => {
  const { queue, waiting, names, open } = createStores();
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  queue.put(makeEntry(1));
  const found = names.map((name) => waiting[name]!(ENTRY_TENANT));
  expect(await Promise.all(names.map((name) => waiting[name]!(OTHER_TENANT)))).toEqual(names.map(() => [OTHER_TENANT]));
  // It shows retries, and the run is not one.
  expect(await waiting.retriesOf!(ENTRY_TENANT)).toEqual([ENTRY_TENANT]);
  open();
  expect(await Promise.all(found)).toEqual(names.map(() => [ENTRY_TENANT, 1]));
  queue.put(makeEntry(2, { retryOf: 1 }));
  expect(await waiting.retriesOf!(ENTRY_TENANT)).toEqual([ENTRY_TENANT, 1, 2]);
  stop.abort();
  await running;
});

it('an entry that the database refuses is logged, and the others are written', async () => {
  const { queue, waiting, open, logged } = createStores(['wf_1']);
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  open();
  for (const n of [1, 2]) queue.put(makeEntry(n));
  expect(await waiting.list!(ENTRY_TENANT)).toEqual([ENTRY_TENANT, 2]);
  expect(queue.size()).toBe(0);
  expect(['wf_1', 'wf_2'].map(queue.isRefused)).toEqual([true, false]);
  expect(logged).toMatchObject([{ level: 50, workflow_id: 'wf_1', err: { message: 'bad value' } }]);
  stop.abort();
  await running;
});

it('a run is refused no longer once the database takes it', async () => {
  const refused = ['wf_1'];
  const { queue, waiting, open } = createStores(refused);
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  open();
  queue.put(makeEntry(1));
  await waiting.list!(ENTRY_TENANT);
  expect(queue.isRefused('wf_1')).toBe(true);
  refused.pop();
  queue.put(makeEntry(1));
  expect(await waiting.list!(ENTRY_TENANT)).toEqual([ENTRY_TENANT, 1]);
  expect(queue.isRefused('wf_1')).toBe(false);
  stop.abort();
  await running;
});
