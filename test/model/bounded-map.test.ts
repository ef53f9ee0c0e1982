import { expect, it } from 'vitest';
import { BoundedMap } from '../../model/bounded-map.ts';

it('displaces what was set longest ago, and keeps what was set again', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1).set('b', 2).set('a', 3).set('c', 4);
  expect([...map]).toEqual([
    ['a', 3],
    ['c', 4],
  ]);
});

it('displaces by weight: one that is too heavy by itself is not kept', () => {
  const map = new BoundedMap<string, number>(10, (value) => value);
  map.set('a', 4).set('b', 4).set('a', 6);
  expect([...map.keys()]).toEqual(['b', 'a']);
  map.set('c', 1);
  expect([...map.keys()]).toEqual(['a', 'c']);
  map.delete('a');
  map.set('d', 9);
  expect([...map.keys()]).toEqual(['c', 'd']);
  map.clear();
  expect([...map.set('e', 10).keys()]).toEqual(['e']);
  expect([...map.set('f', 11).keys()]).toEqual([]);
});
