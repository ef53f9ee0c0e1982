import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRushes } from '../../../../service/events/restraints/rushes.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ANY = Number.POSITIVE_INFINITY;

/** Rushes of a process, how often one was over, and an allowance of 5 a second. */
function scene({ crowded = [] as string[] } = {}) {
  let over = 0;
  const rushes = createRushes({
    isCrowded: (tenant) => crowded.includes(tenant),
    onOver: () => {
      over += 1;
    },
    clock: Date.now,
  });
  const ends: (() => void)[] = [];
  return {
    allow: rushes.allow(5, 1_000),
    rushes,
    over: () => over,
    begin: (tenant: string, count: number) => {
      for (let n = 0; n < count; n += 1) {
        void rushes.during(tenant, () => new Promise<void>((end) => void ends.push(end)));
      }
    },
    endAll: async () => {
      for (const end of ends.splice(0)) end();
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

it('30 requests of a tenant at once are a rush: its work is done in parts, and that of others is not', () => {
  const { allow, begin } = scene();
  begin('a', 29);
  begin('b', 29);
  expect([allow('a'), allow('a')]).toEqual([ANY, ANY]);
  begin('a', 1);
  expect([allow('a'), allow('a'), allow('b')]).toEqual([5, 0, ANY]);
  vi.advanceTimersByTime(999);
  expect(allow('a')).toBe(0);
  vi.advanceTimersByTime(1);
  expect([allow('a'), allow('a')]).toEqual([5, 0]);
});

it('each kind of work has its own parts', () => {
  const { allow, begin, rushes } = scene();
  begin('a', 30);
  expect([allow('a'), rushes.allow(1, 10)('a')]).toEqual([5, 1]);
});

it('a rush is over, and that is said, when there were not so many requests for a while', async () => {
  const { allow, begin, endAll, over } = scene();
  begin('a', 30);
  await vi.advanceTimersByTimeAsync(2_000);
  await endAll();
  // The pauses between the requests of those who post one after another do not end it.
  await vi.advanceTimersByTimeAsync(240);
  begin('a', 30);
  await endAll();
  await vi.advanceTimersByTimeAsync(240);
  expect([allow('a'), allow('a'), over()]).toEqual([5, 0, 0]);
  await vi.advanceTimersByTimeAsync(260);
  expect([allow('a'), allow('a'), over()]).toEqual([ANY, ANY, 1]);
});

it('a rush of more than five seconds holds nothing back any longer, until it is over and another one begins', async () => {
  const { allow, begin, endAll, over } = scene();
  begin('a', 30);
  await vi.advanceTimersByTimeAsync(4_999);
  expect([allow('a'), allow('a'), over()]).toEqual([5, 0, 0]);
  await vi.advanceTimersByTimeAsync(1);
  expect([allow('a'), allow('a'), over()]).toEqual([ANY, ANY, 1]);
  begin('a', 10);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([allow('a'), allow('a'), over()]).toEqual([ANY, ANY, 1]);
  await endAll();
  await vi.advanceTimersByTimeAsync(500);
  begin('a', 30);
  expect([allow('a'), allow('a'), over()]).toEqual([5, 0, 1]);
});

it('what waits makes no room once there is too much of it', () => {
  const { allow, begin } = scene({ crowded: ['a'] });
  begin('a', 30);
  begin('b', 30);
  expect([allow('a'), allow('a'), allow('b'), allow('b')]).toEqual([ANY, ANY, 5, 0]);
});

it('work that fails has ended', async () => {
  const { allow, begin, rushes } = scene();
  begin('a', 29);
  await expect(rushes.during('a', () => Promise.reject(new Error('x')))).rejects.toThrow('x');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(allow('a')).toBe(ANY);
});
