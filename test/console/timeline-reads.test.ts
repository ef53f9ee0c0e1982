import { afterEach, describe, expect, it, vi } from 'vitest';
import { RequestError } from '../../console/client/request-error.ts';
import type { TaskLine, TaskListPage } from '../../console/client/shapes.ts';
import { createListing, type ListingOptions } from '../../console/pages/run/timeline/listing.ts';
import { type Choice, createSources } from '../../console/pages/run/timeline/sources.ts';
import { findError, refreshBranch, rowAt } from '../../console/pages/run/timeline/tree.ts';
import { at, line } from './task-line.ts';

const { signal } = new AbortController();
const broken = new RequestError('broken', { status: 503, code: 'unavailable', requestId: null });
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe('a list', () => {
  afterEach(() => vi.useRealTimers());

  /** A run whose task executions have ranks, and are listed in pages of 500; a cursor is the rank of the last on a page. */
  function createRun(count: number) {
    const lines = new Map(Array.from({ length: count }, (_, n) => [n, line(`t${n}`)]));
    const asked: (string | null)[] = [];
    let fails = false;
    const read = async (cursor: string | null, limit: number): Promise<TaskListPage> => {
      asked.push(cursor);
      if (fails) throw broken;
      const after = [...lines].sort(([a], [b]) => a - b).filter(([rank]) => rank > Number(cursor ?? -1));
      const page = after.slice(0, limit);
      const next_cursor = page.length < after.length ? String(page.at(-1)![0]) : null;
      return { data: page.map(([, each]) => each), next_cursor, total: lines.size } as TaskListPage;
    };
    const create = (options: Partial<ListingOptions> = {}) =>
      createListing({ read, isChanging: false, signal, onChange() {}, ...options });
    return { lines, asked, create, fail: (now: boolean) => (fails = now) };
  }

  it('is read as far as somebody wants to see it, one page at a time', async () => {
    const { create, asked } = createRun(2_100);
    const listing = create();
    listing.demand(0);
    listing.demand(10);
    await settled();
    expect([asked, listing.rows.length, listing.total, listing.isComplete]).toEqual([[null], 500, 2_100, false]);
    listing.demand(1_700);
    await settled();
    expect(asked).toEqual([null, '499', '999', '1499']);
    expect([listing.indexOf('t1999'), listing.indexOf('t2000')]).toEqual([1_999, -1]);
    listing.demand(2_099);
    await settled();
    expect([listing.rows.length, listing.isComplete]).toEqual([2_100, true]);
  });

  it('is read again where something has not ended, and at its end', async () => {
    const { create, asked, lines } = createRun(1_600);
    lines.set(700, line('t700', { ended: null }));
    const listing = create();
    listing.demand(1_599);
    await settled();
    asked.length = 0;
    lines.set(700, line('t700'));
    lines.set(1_600, line('t1600'));
    listing.refresh();
    await settled();
    expect(asked).toEqual(['499', '1499']);
    expect([listing.rows[700]!.ended, listing.rows.length]).toEqual([at(3), 1_601]);
  });

  it('of states is read again as a whole, with the cursors that its pages have by then', async () => {
    const { create, asked, lines } = createRun(1_600);
    for (const rank of [3, 900]) lines.delete(rank);
    const listing = create({ isChanging: true });
    listing.demand(1_599);
    await settled();
    asked.length = 0;
    lines.set(3, line('t3'));
    for (let rank = 1_000; rank < 1_200; rank += 1) lines.delete(rank);
    listing.refresh();
    await settled();
    expect(asked).toEqual([null, '499', '1200']);
    expect(listing.rows.map(({ key }) => key)).toEqual([...lines.values()].map(({ key }) => key).sort(byNumber));
    expect([listing.total, listing.isComplete]).toEqual([lines.size, true]);
  });

  it('has each task execution once and no room for others, even if some have moved between two reads', async () => {
    const { create, lines } = createRun(1_100);
    const listing = create({ isChanging: true });
    listing.demand(0);
    await settled();
    lines.delete(3);
    lines.set(700.5, line('t3'));
    lines.set(0.5, line('new'));
    listing.demand(999);
    await settled();
    expect([listing.rows.length, listing.total, listing.indexOf('t3')]).toEqual([1_100, 1_100, 3]);
  });

  it('rests after it has been read again, the longer the more pages it has', async () => {
    vi.useFakeTimers();
    const { create, asked } = createRun(1_100);
    const listing = create({ isChanging: true });
    listing.demand(1_099);
    await vi.advanceTimersByTimeAsync(0);
    asked.length = 0;
    for (let n = 0; n < 4; n += 1) listing.refresh();
    await vi.advanceTimersByTimeAsync(599);
    listing.refresh();
    expect(asked).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(6);
  });

  it('that could not be read stays as it is, and is not read before somebody or something asks for that', async () => {
    const { create, asked, fail } = createRun(1_000);
    const listing = create({ keep: ({ key }) => key.endsWith('7'), onChange: () => listing.demand(999) });
    listing.demand(999);
    await settled();
    expect([listing.rows.length, listing.total, listing.error]).toEqual([100, 100, null]);
    fail(true);
    asked.length = 0;
    listing.refresh();
    await settled();
    listing.demand(999);
    await settled();
    expect([asked.length, listing.rows.length, listing.error]).toEqual([1, 100, broken]);
    fail(false);
    listing.refresh();
    await settled();
    expect([asked.length, listing.error]).toEqual([2, null]);
  });

  it('of which nothing could be read is not read however often it comes into sight', async () => {
    const { create, asked, fail } = createRun(1_000);
    const listing = create();
    fail(true);
    for (let n = 0; n < 4; n += 1) {
      listing.demand(n);
      await settled();
    }
    expect([asked, listing.error]).toEqual([[null], broken]);
    fail(false);
    listing.refresh();
    await settled();
    expect([asked, listing.rows.length]).toEqual([[null, null], 500]);
  });
});

describe('what is below a row', () => {
  interface Asked {
    path: string;
    answer: (attempts: number) => Promise<unknown>;
    fail: () => Promise<unknown>;
  }

  /** A timeline of one visit, whose attempts are answered when a test says so. As on the page, each change is a demand for what is unread. */
  async function openTask(changes: Partial<TaskLine>, choice: Choice = 'all') {
    const asked: Asked[] = [];
    const request = (path: string) => {
      if (path.includes('/tasks?')) {
        return Promise.resolve({ data: [line('a', changes)], next_cursor: null, total: 1 });
      }
      return new Promise((resolve, reject) => {
        const answer = (count: number) => {
          const attempts = Array.from({ length: count }, (_, n) => ({ attempt: n + 1 }));
          resolve({ data: { attempts } });
          return settled();
        };
        const fail = () => {
          reject(broken);
          return settled();
        };
        asked.push({ path, answer, fail });
      });
    };
    const look = () => {
      for (let index = 0; index < 9; index += 1) {
        const row = rowAt(sources.root, index);
        if (row !== undefined && row.entry === undefined) row.branch.source.demand(row.place - 1);
      }
    };
    const sources = createSources({ path: '/executions/1', choice, request, signal, onChange: () => look() });
    await settled();
    const { root } = sources;
    return { asked, root, look, open: () => sources.open(root, line('a', changes)) };
  }

  it('is read once, however often it comes into sight while that is on its way', async () => {
    const { asked, root, look, open } = await openTask({ attempts: 5 });
    open();
    for (let n = 0; n < 3; n += 1) look();
    expect(asked.map(({ path }) => path)).toEqual(['/executions/1/tasks/a?view=lean']);
    await asked[0]!.answer(5);
    look();
    expect([asked.length, rowAt(root, 5)!.entry!.kind]).toEqual([1, 'attempt']);
  });

  it('that could not be read is not read before somebody or something asks for that', async () => {
    const { asked, root, look, open } = await openTask({ attempts: 5 });
    open();
    await asked[0]!.fail();
    look();
    await settled();
    expect([asked.length, findError(root)]).toEqual([1, broken]);
    refreshBranch(root);
    await settled();
    expect(asked).toHaveLength(2);
    await asked[1]!.answer(5);
    expect([findError(root), rowAt(root, 5)!.entry!.kind]).toEqual([null, 'attempt']);
  });

  it('is what the latest read has found', async () => {
    const { asked, root, open } = await openTask({ attempts: 2 });
    open();
    for (let n = 0; n < 3; n += 1) refreshBranch(root);
    expect(asked).toHaveLength(1);
    await asked[0]!.answer(2);
    expect(asked).toHaveLength(2);
    await asked[1]!.answer(3);
    expect([asked.length, rowAt(root, 1)!.siblings]).toEqual([2, 3]);
  });

  it.each<[Choice, boolean]>([
    ['all', true],
    ['failed', false],
    ['running', false],
    ['waiting', false],
  ])('are no items where those are listed already: with %s, a visit can be opened: %j', async (choice, opens) => {
    const items = { total: 2, by_status: {} } as TaskLine['items'];
    const { root } = await openTask({ items, waiting: 'signal' }, choice);
    expect(rowAt(root, 0)!.canOpen).toBe(opens);
  });
});

function byNumber(a: string, b: string): number {
  return Number(a.slice(1)) - Number(b.slice(1));
}
