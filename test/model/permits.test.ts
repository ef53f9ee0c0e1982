import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Permits, RoomFull } from '../../model/permits.ts';
import { draws } from '../seed.ts';

/** Tenants that take permits, and what they hold after everything that can happen at once has happened. */
function scene(total: number, places = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY) {
  const permits = new Permits(total, { room: { places, bytes } });
  const held = new Map<string, (() => void)[]>();
  const order: string[] = [];
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    permits,
    order,
    holds: (tenant: string) => held.get(tenant)?.length ?? 0,
    async take(tenant: string, count = 1, signal?: AbortSignal): Promise<void> {
      for (let made = 0; made < count; made += 1) {
        permits.take(tenant, signal ?? new AbortController().signal).then(
          (release) => {
            held.set(tenant, [...(held.get(tenant) ?? []), release]);
            order.push(tenant);
          },
          () => undefined,
        );
      }
      await settled();
    },
    async release(tenant: string, count = 1): Promise<void> {
      for (const release of held.get(tenant)?.splice(0, count) ?? []) release();
      await settled();
    },
  };
}

describe('permits', () => {
  it.each([
    // total, permits that each tenant takes in this order, permits that each holds then
    [100, [['a', 50]], { a: 50 }],
    [100, [['a', 150]], { a: 90 }],
    [
      100,
      [
        ['a', 150],
        ['b', 5],
      ],
      { a: 90, b: 5 },
    ],
    [
      100,
      [
        ['a', 150],
        ['b', 20],
      ],
      { a: 90, b: 10 },
    ],
    [
      100,
      [
        ['a', 40],
        ['b', 90],
        ['a', 20],
      ],
      { a: 40, b: 60 },
    ],
    [10, [['a', 20]], { a: 9 }],
    [1, [['a', 2]], { a: 1 }],
    [2, [['a', 3]], { a: 1 }],
  ] as [number, [string, number][], Record<string, number>][])(
    '%i of them: %j holds %j',
    async (total, taken, held) => {
      const { take, holds } = scene(total);
      for (const [tenant, count] of taken) await take(tenant, count);
      for (const [tenant, count] of Object.entries(held)) expect(holds(tenant), tenant).toBe(count);
    },
  );

  it('come to equal shares as they are given back, and are all used while anybody waits', async () => {
    const { take, release, holds } = scene(100);
    await take('a', 200);
    await take('b', 200);
    expect([holds('a'), holds('b')]).toEqual([90, 10]);
    await release('a', 30);
    expect([holds('a'), holds('b')]).toEqual([60, 40]);
    await release('a', 30);
    expect([holds('a'), holds('b')]).toEqual([50, 50]);
    await take('c', 1);
    expect(holds('c')).toBe(0);
    await release('a');
    expect([holds('a'), holds('b'), holds('c')]).toEqual([49, 50, 1]);
  });

  it('are granted in turn, whoever has more waiting', async () => {
    const { take, release, order } = scene(4);
    await take('hog', 3);
    await take('a', 6);
    await take('b', 6);
    order.splice(0);
    await release('hog', 3);
    expect(order).toEqual(['b', 'a', 'b']);
  });

  it('are not granted to who has been cancelled while waiting, whose place is free', async () => {
    const { take, release, holds, permits } = scene(2);
    const cancel = new AbortController();
    await take('a');
    await take('b');
    await take('b', 1, cancel.signal);
    await take('c');
    cancel.abort(new Error('cancelled'));
    await release('a');
    expect([holds('a'), holds('b'), holds('c')]).toEqual([0, 1, 1]);
    await expect(permits.take('d', cancel.signal)).rejects.toThrow('cancelled');
    expect(permits.occupancy('b')).toEqual({ taken: 2, total: 2, own: 1 });
  });

  it('can become more, which grants some at once, and fewer, which takes none away', async () => {
    const { take, release, holds, permits } = scene(10);
    await take('a', 20);
    permits.resize(20);
    await take('b');
    expect([holds('a'), holds('b')]).toEqual([18, 1]);
    permits.resize(4);
    await take('b', 2);
    await release('a', 15);
    expect([holds('a'), holds('b')]).toEqual([3, 1]);
    await release('a');
    expect([holds('a'), holds('b')]).toEqual([2, 2]);
  });

  it('given back twice are given back once', async () => {
    const permits = new Permits(10);
    const release = await permits.take('a', new AbortController().signal);
    release();
    release();
    expect(permits.occupancy('a')).toEqual({ taken: 0, total: 10, own: 0 });
  });

  it('are refused at once to a tenant that fills half of the room, unless it is patient', async () => {
    const { take, permits } = scene(2, 10);
    const { signal } = new AbortController();
    await take('a', 5);
    await expect(permits.take('a', signal, { patience: 'none' })).rejects.toBeInstanceOf(RoomFull);
    await expect(permits.take('b', signal, { patience: 'none' })).resolves.toBeInstanceOf(Function);
    await take('a');
    expect(permits.occupancy('a').own).toBe(1);
  });

  it('never exceed their number, and are never idle while a tenant waits that holds none', async () => {
    const acts = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: -4, max: 4 })), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), acts, async (total, steps) => {
        const { take, release, holds, permits } = scene(total);
        const wanted = new Map<string, number>();
        for (const [tenant, count] of steps) {
          if (count > 0) {
            wanted.set(tenant, (wanted.get(tenant) ?? 0) + count);
            await take(tenant, count);
          } else {
            const given = Math.min(-count, holds(tenant));
            wanted.set(tenant, (wanted.get(tenant) ?? 0) - given);
            await release(tenant, given);
          }
          const taken = ['a', 'b', 'c', 'd'].reduce((sum, each) => sum + holds(each), 0);
          expect(permits.occupancy('a').taken).toBe(taken);
          expect(taken).toBeLessThanOrEqual(total);
          const starved = [...wanted].some(([each, number]) => number > 0 && holds(each) === 0);
          if (starved) expect(taken).toBe(total);
        }
      }),
      { numRuns: draws(100) },
    );
  });
});
