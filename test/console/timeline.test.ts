import { describe, expect, it } from 'vitest';
import type { TaskLine, TaskListPage } from '../../console/client/shapes.ts';
import { listBarParts, readTimes } from '../../console/pages/run/timeline/bars.ts';
import { createListing } from '../../console/pages/run/timeline/listing.ts';
import { createScale, listIdle } from '../../console/pages/run/timeline/scale.ts';
import {
  type Branch,
  canOpen,
  countRows,
  entryKey,
  indexOfRow,
  type RowSource,
  rowAt,
} from '../../console/pages/run/timeline/tree.ts';

const NONE = { scheduled: 0, running: 0, completed: 0, failed: 0, timeout: 0, cancelled: 0, abandoned: 0 };
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();
const ms = (seconds: number) => Date.parse(at(seconds));

/** A task execution that a worker has run from second 1 to second 3, having been queued from second 0. */
function line(key: string, changes: Partial<TaskLine> = {}): TaskLine {
  return {
    ...{
      id: 1,
      key,
      name: key,
      visit: 1,
      item: null,
      action_ref: 'core.http',
      status: 'completed',
      state: 'completed',
    },
    ...{ created: at(0), started: at(1), ended: at(3), child: null, skipped_by: null, can_skip: false, carried: false },
    ...{ waiting: null, attempt: 1, attempts: 1, worker: 'w', from: [], error: null, items: null },
    ...{ input: { bytes: 2, text: '{}', truncated: false }, output: { bytes: 4, text: 'null', truncated: false } },
    events: { scheduled: 1, ended: 2 },
    ...changes,
  } as TaskLine;
}

describe('a list', () => {
  /** A run whose task executions are listed in pages of 500. */
  function createRun(count: number) {
    const lines = Array.from({ length: count }, (_, n) => line(`t${n}`));
    const asked: (string | null)[] = [];
    const failures: unknown[] = [];
    let fails = false;
    const read = async (cursor: string | null, limit: number): Promise<TaskListPage> => {
      asked.push(cursor);
      if (fails) throw new Error('broken');
      const from = Number(cursor ?? 0);
      const more = from + limit < lines.length;
      const data = lines.slice(from, from + limit);
      return { data, next_cursor: more ? String(from + limit) : null, total: lines.length } as TaskListPage;
    };
    const settled = () => new Promise((resolve) => setTimeout(resolve));
    const create = (keep?: (each: TaskLine) => boolean) =>
      createListing({ read, ...(keep && { keep }), onChange() {}, onError: (error) => failures.push(error) });
    return { lines, asked, failures, create, settled, fail: (now: boolean) => (fails = now) };
  }

  it('is read as far as somebody wants to see it, one page at a time', async () => {
    const { create, asked, settled } = createRun(2_100);
    const listing = create();
    listing.demand(0);
    listing.demand(10);
    await settled();
    expect([asked, listing.rows.length, listing.total, listing.isComplete]).toEqual([[null], 500, 2_100, false]);
    listing.demand(1_700);
    await settled();
    expect(asked).toEqual([null, '500', '1000', '1500']);
    expect([listing.indexOf('t1999'), listing.indexOf('t2000')]).toEqual([1_999, -1]);
    listing.demand(2_099);
    await settled();
    expect([listing.rows.length, listing.isComplete]).toEqual([2_100, true]);
  });

  it('is read again where something has not ended, and at its end', async () => {
    const { create, asked, lines, settled } = createRun(1_600);
    lines[700] = line('t700', { ended: null });
    const listing = create();
    listing.demand(1_599);
    await settled();
    asked.length = 0;
    lines[700] = line('t700');
    lines.push(line('t1600'));
    listing.refresh();
    await settled();
    expect(asked).toEqual(['500', '1500']);
    expect([listing.rows[700]!.ended, listing.rows.length]).toEqual([at(3), 1_601]);
  });

  it('keeps what belongs to it, and says what could not be read', async () => {
    const { create, failures, settled, fail } = createRun(1_000);
    const listing = create(({ key }) => key.endsWith('7'));
    listing.demand(999);
    await settled();
    expect([listing.rows.length, listing.total]).toEqual([100, 100]);
    fail(true);
    listing.refresh();
    await settled();
    expect([failures.length, listing.rows.length]).toEqual([1, 100]);
  });
});

describe('the rows of a tree', () => {
  const sourceOf = (keys: string[]): RowSource => ({
    total: keys.length,
    at: (index) => (keys[index] === undefined ? undefined : { kind: 'task', line: line(keys[index]) }),
    indexOf: (key) => keys.indexOf(key),
    demand() {},
    refresh() {},
  });
  const branch = (keys: string[], open: Record<string, Branch> = {}): Branch => ({
    source: sourceOf(keys),
    open: new Map(Object.entries(open)),
  });
  // Opened in another order than that in which they stand.
  const tree = branch(['a', 'b', 'c', 'd'], {
    c: branch(['c[0]', 'c[1]'], { 'c[1]': branch(['c[1]~1', 'c[1]~2']) }),
    a: branch(['a[0]']),
    gone: branch(['x', 'y']),
  });
  tree.open.delete('gone');

  it('stand below what is open, in order', () => {
    const rows = Array.from({ length: countRows(tree) }, (_, index) => rowAt(tree, index)!);
    const shown = rows.map(({ entry, level, place, siblings, parent }) =>
      [entryKey(entry!), level, `${place}/${siblings}`, parent].join(' '),
    );
    expect(shown).toEqual([
      'a 1 1/4 ',
      'a[0] 2 1/1 0',
      'b 1 2/4 ',
      'c 1 3/4 ',
      'c[0] 2 1/2 3',
      'c[1] 2 2/2 3',
      'c[1]~1 3 1/2 5',
      'c[1]~2 3 2/2 5',
      'd 1 4/4 ',
    ]);
    expect(rows.map(({ isOpen }) => isOpen)).toEqual([true, false, false, true, false, true, false, false, false]);
    expect(rowAt(tree, 9)).toBeUndefined();
  });

  it('are found again by their keys', () => {
    for (let index = 0; index < countRows(tree); index += 1) {
      expect(indexOfRow(tree, entryKey(rowAt(tree, index)!.entry!))).toBe(index);
    }
    expect(indexOfRow(tree, 'nothing')).toBe(-1);
  });

  it('can be opened where there are items, or several attempts', () => {
    const items = (total: number) => ({ items: { total, by_status: NONE } });
    const opens = (changes: Partial<TaskLine>) => canOpen({ kind: 'task', line: line('a', changes) });
    expect([{}, { attempts: 2 }, items(3), items(0)].map(opens)).toEqual([false, true, true, false]);
    expect(canOpen(undefined)).toBe(false);
  });
});

describe('a bar', () => {
  it('tells the time in the queue from that of the run, until now where it has not ended', () => {
    const entry = (changes: Partial<TaskLine>) => ({ kind: 'task' as const, line: line('a', changes) });
    expect(readTimes(entry({}), ms(9))).toEqual({ queued: [ms(0), ms(1)], ran: [ms(1), ms(3)] });
    expect(readTimes(entry({ started: null, ended: null }), ms(9))).toEqual({ queued: [ms(0), ms(9)], ran: null });
    expect(listBarParts(entry({ ended: null, state: 'running' }), ms(9)).map(({ look }) => look)).toEqual([
      'queued',
      'active',
    ]);
    expect(listBarParts(entry({ ended: null, state: 'running', waiting: 'signal' }), ms(9))[1]!.look).toBe('idle');
  });

  it('of a task with items is split by their states, and leaves room for those that have not begun', () => {
    const items = { total: 10, by_status: { ...NONE, completed: 4, failed: 1, running: 3 } };
    const entry = { kind: 'task' as const, line: line('a', { items, created: at(0), ended: at(10) }) };
    expect(listBarParts(entry, ms(10)).map(({ from, to, look }) => [look, (to - from) / 1_000])).toEqual([
      ['active', 3],
      ['good', 4],
      ['bad', 1],
      ['queued', 2],
    ]);
  });
});

describe('a scale', () => {
  const whole = [ms(0), ms(100)] as const;

  it('goes from 0 to 1, and back', () => {
    const { place, instant, breaks } = createScale(whole, []);
    expect([-5, 0, 25, 100, 120].map((seconds) => place(ms(seconds)))).toEqual([0, 0, 0.25, 1, 1]);
    expect([instant(0.5), breaks]).toEqual([ms(50), []]);
  });

  it('leaves out what is idle, in order all the same', () => {
    const { place, instant, breaks } = createScale(whole, [
      [ms(10), ms(50)],
      [ms(60), ms(95)],
    ]);
    const places = Array.from({ length: 101 }, (_, seconds) => place(ms(seconds)));
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    expect(place(ms(50)) - place(ms(10))).toBeCloseTo(0.012);
    expect(place(ms(10))).toBeCloseTo((10 / 25) * (1 - 2 * 0.012));
    expect(instant(place(ms(70)))).toBeCloseTo(ms(70), -1);
    expect(breaks).toHaveLength(2);
  });

  it('knows what is idle: nobody is at work, and all that has begun by then is known', () => {
    const lines = [
      line('a', { started: at(1), ended: at(20) }),
      line('inside', { started: at(2), ended: at(3) }),
      line('waits', { created: at(20), started: at(20), ended: at(70), action_ref: 'core.delay' }),
      line('b', { created: at(70), started: at(72), ended: null }),
    ];
    const seconds = (known: number) =>
      listIdle(lines, whole, ms(known)).map((span) => span.map((each) => (each - ms(0)) / 1_000));
    expect(seconds(100)).toEqual([[20, 72]]);
    expect(seconds(50)).toEqual([[20, 50]]);
    expect(listIdle([], whole, ms(100))).toEqual([whole]);
  });
});
