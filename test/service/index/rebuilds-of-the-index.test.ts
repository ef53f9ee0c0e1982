import { expect, it } from 'vitest';
import { createIndexKeeper, type IndexKeeperDependencies } from '../../../service/index/reconciler.ts';

it('a rebuild whose counting fails counts again, and does not read all runs again', async () => {
  const done: string[] = [];
  let rebuilt = 0;
  let fails = true;
  const store = {
    watermark: async () => ({ started: new Date(0), closed: new Date(0) }),
    write: async () => [],
    due: async () => [],
    statusesAbove: async () => new Map(),
    looked: async () => undefined,
    forgetBuried: async () => undefined,
    rebuilds: async () => ({ generation: 1, rebuilt }),
    unseen: async () => [],
    recount: async () => {
      done.push('counted');
      if (fails) throw new Error('no connection');
    },
    endRebuild: async () => {
      rebuilt = 1;
    },
  };
  const temporal = {
    namespace: 'default',
    list: (query: string) => {
      if (query === '') done.push('read');
      return [];
    },
  };
  const keeper = createIndexKeeper({
    temporal,
    store,
    projections: {},
    log: { info: () => undefined },
    clock: () => 0,
  } as unknown as IndexKeeperDependencies); // all that a round without runs needs
  await expect(keeper.tick()).rejects.toThrow('no connection');
  expect(rebuilt).toBe(0);
  fails = false;
  await keeper.tick();
  await keeper.tick();
  expect([rebuilt, done]).toEqual([1, ['read', 'counted', 'counted']]);
});

it('a round whose cleaning fails does not make the next one read far back again', async () => {
  const read: string[] = [];
  let now = 0;
  const store = {
    watermark: async () => ({ started: new Date(1_000_000), closed: new Date(1_000_000) }),
    write: async () => [],
    due: async () => [],
    statusesAbove: async () => new Map(),
    looked: async () => undefined,
    forgetBuried: async () => {
      throw new Error('no connection');
    },
    rebuilds: async () => ({ generation: 0, rebuilt: 0 }),
  };
  const keeper = createIndexKeeper({
    temporal: {
      namespace: 'default',
      list(query: string) {
        read.push(query);
        return [];
      },
    },
    store,
    projections: {},
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    clock: () => now,
  } as unknown as IndexKeeperDependencies); // all that a round without runs needs
  now = 100_000;
  await expect(keeper.tick()).rejects.toThrow('no connection');
  now = 101_000;
  await keeper.tick();
  expect(read[1]).not.toBe(read[0]);
});
