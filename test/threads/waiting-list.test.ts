import { expect, it } from 'vitest';
import { WaitingList } from '../../threads/waiting-list.ts';

interface Entry {
  tenant: string;
  name: string;
}

const listOf = (...names: string[]): WaitingList<Entry> => {
  const list = new WaitingList<Entry>();
  for (const name of names) list.add({ tenant: name[0]!, name });
  return list;
};

const drain = (list: WaitingList<Entry>, accepts: (entry: Entry) => boolean = () => true): string[] => {
  const taken: string[] = [];
  for (let next = list.take(accepts); next !== undefined; next = list.take(accepts)) taken.push(next.name);
  return taken;
};

it.each<[string, string[], string[]]>([
  ['nobody', [], []],
  ['one tenant in order of arrival', ['a1', 'a2', 'a3'], ['a1', 'a2', 'a3']],
  ['two tenants in turn, however many one has', ['a1', 'a2', 'a3', 'b1'], ['a1', 'b1', 'a2', 'a3']],
  ['three tenants in turn', ['a1', 'a2', 'b1', 'c1', 'c2', 'b2'], ['a1', 'b1', 'c1', 'a2', 'b2', 'c2']],
])('serves %s', (_, names, order) => {
  expect(drain(listOf(...names))).toEqual(order);
});

it('a tenant that comes back after its turn waits behind those that have waited', () => {
  const list = listOf('a1', 'b1', 'c1');
  expect(list.take(() => true)?.name).toBe('a1');
  list.add({ tenant: 'a', name: 'a2' });
  expect(drain(list)).toEqual(['b1', 'c1', 'a2']);
});

it('what is not accepted keeps its place', () => {
  const list = listOf('a1', 'a2', 'b1');
  expect(drain(list, ({ name }) => name !== 'a1')).toEqual(['a2', 'b1']);
  expect(drain(list)).toEqual(['a1']);
});

it('counts what waits, of each tenant and beside it', () => {
  const list = listOf('a1', 'a2', 'b1');
  const counts = () => [list.size, list.sizeOf('a'), list.sizeOf('b'), list.hasOthers('a'), list.hasOthers('c')];
  expect(counts()).toEqual([3, 2, 1, true, true]);
  const first = list.take(() => true)!;
  list.remove(first);
  expect(counts()).toEqual([2, 1, 1, true, true]);
  list.take(({ tenant }) => tenant === 'b');
  expect(counts()).toEqual([1, 1, 0, false, true]);
  expect(list.clear().map(({ name }) => name)).toEqual(['a2']);
  expect(counts()).toEqual([0, 0, 0, false, false]);
});
