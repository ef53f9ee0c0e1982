import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createChangeFeeds } from '../../../service/background/change-feeds.ts';

interface Row {
  changed: number;
  n: number;
  text: string | null;
}

const isAfter = (row: Row, { changed, n }: { changed: number; n: number }) =>
  row.changed > changed || (row.changed === changed && row.n > n);

/** Creates feeds over rows, which tests change; `reads` counts what was read of them, and `oldest` has the oldest transactions in progress. */
function createFeeds(oldest: Promise<number>[]) {
  const stop = new AbortController();
  const source = { rows: [] as Row[], reads: 0, stop };
  const feeds = createChangeFeeds<Row>(
    {
      async changesBehind(_, place, limit) {
        source.reads += 1;
        return source.rows.filter((row) => isAfter(row, place)).slice(0, limit);
      },
      moment: async () => ({ place: { changed: await oldest.shift()!, n: -1 }, isPast: () => false }),
    },
    pino({ level: 'silent' }),
  );
  const watch = (after?: string) => feeds.watch('t', { after, signal: stop.signal });
  return { source, watch, close: () => stop.abort() };
}

it('a change before the first look at a feed is not left to the next one', async () => {
  let look = (_: number) => {};
  const { source, watch, close } = createFeeds([Promise.resolve(4), new Promise((resolve) => (look = resolve))]);
  const { start, entries } = await watch();
  expect(start).toBe('4--1');
  const next = entries.next();
  // The listener has read that nothing has changed, and waits.
  await expect.poll(() => source.reads).toBe(1);
  source.rows.push({ changed: 5, n: 1, text: 'a' });
  look(6);
  expect(await next).toEqual({ done: false, value: { id: '5-1', row: source.rows[0] } });
  close();
  expect((await entries.next()).done).toBe(true);
});

it('where a feed starts is the place from which it continues', async () => {
  const { source, watch, close } = createFeeds([Promise.resolve(4), Promise.resolve(4)]);
  const { start } = await watch();
  source.rows.push({ changed: 3, n: 9, text: 'before' }, { changed: 4, n: 1, text: 'after' });
  const resumed = await watch(start);
  expect(resumed.start).toBe(start);
  expect((await resumed.entries.next()).value).toMatchObject({ id: '4-1', row: { text: 'after' } });
  await expect(watch('4')).rejects.toMatchObject({ code: 'request_invalid' });
  close();
});

it('who resumes has rows as they are, also those that others were sent as they were', async () => {
  const { source, watch, close } = createFeeds([Promise.resolve(0)]);
  source.rows.push({ changed: 1, n: 1, text: 'secret' });
  const live = await watch('0-0');
  expect((await live.entries.next()).value).toMatchObject({ row: { text: 'secret' } });
  const next = live.entries.next();
  source.rows.push({ changed: 2, n: 2, text: 'more' });
  expect((await next).value).toMatchObject({ id: '2-2' });
  source.rows = source.rows.map((row) => ({ ...row, text: null }));
  for (const [after, row] of [
    ['0-0', source.rows[0]],
    ['1-1', source.rows[1]],
  ] as const) {
    expect((await (await watch(after)).entries.next()).value).toMatchObject({ row });
  }
  close();
});
