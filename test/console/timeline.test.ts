import { describe, expect, it } from 'vitest';
import type { TaskLine } from '../../console/client/shapes.ts';
import { listBarParts, readTimes } from '../../console/pages/run/timeline/bars.ts';
import { attemptKey, entryKey, type TimelineAttempt } from '../../console/pages/run/timeline/entry.ts';
import { createScale, listIdle } from '../../console/pages/run/timeline/scale.ts';
import {
  type Branch,
  countRows,
  indexOfRow,
  type RowSource,
  refreshBranch,
  rowAt,
} from '../../console/pages/run/timeline/tree.ts';
import { tryKey } from '../../model/task-key.ts';
import { at, line } from './task-line.ts';

const NONE = { scheduled: 0, running: 0, completed: 0, failed: 0, timeout: 0, cancelled: 0, abandoned: 0 };
const ms = (seconds: number) => Date.parse(at(seconds));

describe('the rows of a tree', () => {
  /** The first keys of the levels that have been read again. */
  const refreshed: string[] = [];
  const sourceOf = (lines: TaskLine[]): RowSource => ({
    total: lines.length,
    error: null,
    at: (index) => (lines[index] === undefined ? undefined : { kind: 'task', line: lines[index] }),
    indexOf: (key) => lines.findIndex((each) => each.key === key),
    demand() {},
    refresh: () => refreshed.push(lines[0]!.key),
  });
  const branch = (keys: string[], open: Record<string, Branch> = {}): Branch => ({
    source: sourceOf(keys.map((key) => line(key))),
    hasItems: false,
    open: new Map(Object.entries(open)),
  });
  // Opened in another order than that in which they stand; and one that was open is in the list no longer.
  const tree = branch(['a', 'b', 'c', 'd'], {
    c: branch(['c[0]', 'c[1]'], { 'c[1]': branch(['c[1]/1', 'c[1]/2'], { gone: branch(['z']) }) }),
    gone: branch(['x', 'y']),
    a: branch(['a[0]']),
  });

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
      'c[1]/1 3 1/2 5',
      'c[1]/2 3 2/2 5',
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

  it('are forgotten when what they are below is gone', () => {
    const shown = branch(['a', 'b'], { b: branch(['b[0]']), gone: branch(['x', 'y']) });
    refreshed.length = 0;
    refreshBranch(shown);
    expect([...shown.open.keys()]).toEqual(['b']);
    expect(refreshed).toEqual(['a', 'b[0]']);
  });

  it('can be opened where there are items that are not listed anyway, or several attempts', () => {
    const items = (total: number) => ({ items: { total, by_status: NONE } });
    const lines = [{}, { attempts: 2 }, items(3), items(0)].map((changes, n) => line(`t${n}`, changes));
    const opens = (hasItems: boolean) =>
      lines.map((_, index) => rowAt({ source: sourceOf(lines), hasItems, open: new Map() }, index)!.canOpen);
    expect(opens(false)).toEqual([false, true, true, false]);
    expect(opens(true)).toEqual([false, true, false, false]);
  });

  it('have keys that are not those of tries', () => {
    const attempt = { kind: 'attempt' as const, line: line('a'), attempt: { attempt: 2 } as TimelineAttempt };
    expect(entryKey(attempt)).toBe(attemptKey('a', 2));
    expect(attemptKey('a', 2)).not.toBe(tryKey({ key: 'a', tries: 2 }));
  });
});

describe('a bar', () => {
  it('separates queue time from run time, up to now for what has not ended', () => {
    const entry = (changes: Partial<TaskLine>) => ({ kind: 'task' as const, line: line('a', changes) });
    expect(readTimes(entry({}), ms(9))).toEqual({ queued: [ms(0), ms(1)], ran: [ms(1), ms(3)] });
    expect(readTimes(entry({ started: null, ended: null }), ms(9))).toEqual({ queued: [ms(0), ms(9)], ran: null });
    expect(listBarParts(entry({ ended: null, state: 'running' }), ms(9)).map(({ look }) => look)).toEqual([
      'queued',
      'active',
    ]);
    expect(listBarParts(entry({ ended: null, state: 'running', waiting: 'signal' }), ms(9))[1]!.look).toBe('idle');
  });

  it('of an attempt has the colour of how it ended', () => {
    const look = (changes: Partial<TimelineAttempt>) => {
      const attempt = { attempt: 1, started: at(1), ended: at(2), error: null, ...changes } as TimelineAttempt;
      return listBarParts({ kind: 'attempt', line: line('a'), attempt }, ms(9)).map((part) => part.look);
    };
    const failed = { error: {} as TimelineAttempt['error'] };
    expect([{}, failed, { ended: null }, { started: null, ended: null }].map(look)).toEqual([
      ['good'],
      ['bad'],
      ['active'],
      [],
    ]);
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
