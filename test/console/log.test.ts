import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../console/client/shapes.ts';
import { createLogReader } from '../../console/pages/run/log/read-log.ts';

const line = (message: string): LogLine => ({
  ...{ timestamp: '2026-03-01T12:00:00.000Z', level: 'info', task: null, attempt: null, metadata: null, message },
});
const lines = (count: number) => Array.from({ length: count }, (_, n) => line(`${n}`));

/** Serves a log that the test changes, in pages. */
function serve(log: LogLine[]) {
  const site = { log, isOpen: true, asked: [] as number[] };
  const read = createLogReader(
    () => site.isOpen,
    async (path) => {
      const query = new URL(path, 'http://127.0.0.1').searchParams;
      const [after, limit] = [Number(query.get('cursor')), Number(query.get('limit'))];
      site.asked.push(after);
      const end = after + limit;
      return { data: site.log.slice(after, end), next_cursor: end < site.log.length ? String(end) : null };
    },
  );
  return { site, read: () => read('/executions/7', {}) };
}

describe('a log that is read again', () => {
  it.each<[string, (log: LogLine[]) => LogLine[]]>([
    ['has more at its end', (log) => [...log, line('new')]],
    ['has an entry before others that were there', (log) => log.toSpliced(-2, 0, line('late'))],
    ['has lost one', (log) => log.toSpliced(-2, 1)],
    ['has lost more than it has got', (log) => log.toSpliced(-3, 3, line('new'))],
  ])('%s', async (_, change) => {
    for (const count of [5, 1_000, 1_001, 2_500]) {
      const { site, read } = serve(lines(count));
      await read();
      site.log = change(site.log);
      expect(await read()).toEqual({ entries: site.log, isCut: false });
    }
  });

  it('is read from its last thousand entries while the run is open, and as a whole then', async () => {
    const { site, read } = serve(lines(2_500));
    await read();
    await read();
    site.isOpen = false;
    site.log = site.log.toSpliced(3, 1);
    expect((await read()).entries).toEqual(site.log);
    expect(site.asked).toEqual([0, 1_000, 2_000, 1_500, 0, 1_000, 2_000]);
  });
});

it('of a log, ten thousand entries are shown', async () => {
  const { site, read } = serve(lines(10_001));
  expect(await read()).toEqual({ entries: site.log.slice(0, 10_000), isCut: true });
  site.log = lines(10_000);
  expect(await read()).toEqual({ entries: site.log, isCut: false });
});
