import { expect, it } from 'vitest';
import { createRecordedEvents } from '../../../../service/events/reads/recorded-events.ts';

const MIB = 1024 * 1024;

/** Creates the reader over events, newest first, of which each has a state and a size; it says which ones it has read as a whole. */
function readerOf(sizes: readonly number[], invalid: readonly number[] = []) {
  const read: number[][] = [];
  const rows = sizes.map((payloadBytes, at) => {
    const id = sizes.length - at;
    return {
      id,
      payloadBytes,
      state: invalid.includes(id) ? 'invalid' : 'planned',
      received: new Date(0),
      erased: null,
    };
  });
  const store = {
    find: async () => null,
    list: async (_: string, __: object, { limit, before = Infinity }: { limit: number; before?: number | undefined }) =>
      rows.filter(({ id }) => id < before).slice(0, limit),
    read: async (_: string, ids: readonly number[]) => {
      read.push([...ids]);
      return rows.filter(({ id }) => ids.includes(id));
    },
  };
  return { events: createRecordedEvents(store as never), read };
}

const page = async ({ events }: ReturnType<typeof readerOf>, limit: number, before?: number) => {
  const found = await events.page({ tenant: 't' } as never, 'a.*', { limit, before });
  return { ids: found.events.map(({ id }) => id), next: found.next };
};

it('reads as many events at a time as their payloads allow, but one however large it is', async () => {
  const reader = readerOf([3 * MIB, MIB, 1, 9 * MIB, 2]);
  expect(await page(reader, 20)).toEqual({ ids: [5, 4], next: 4 });
  expect(await page(reader, 20, 4)).toEqual({ ids: [3], next: 3 });
  expect(await page(reader, 20, 3)).toEqual({ ids: [2], next: 2 });
  expect(await page(reader, 20, 2)).toEqual({ ids: [1], next: null });
  expect(await page(readerOf([1, 1, 1]), 2)).toEqual({ ids: [3, 2], next: 2 });
});

it('leaves out events that match no rule, and does not read them', async () => {
  const reader = readerOf([1, MIB, 1], [2]);
  expect(await page(reader, 20)).toEqual({ ids: [3, 1], next: null });
  expect(reader.read).toEqual([[3, 1]]);
});
