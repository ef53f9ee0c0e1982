import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Published, Variables } from '../../interpreter/variables.ts';
import { draws } from '../seed.ts';

/** The simplest equivalent of layers: a map that is copied. */
type Model = Map<string, Published>;

function mergedModel(one: Model, other: Model): Model {
  const merged = new Map(one);
  for (const [name, published] of other) {
    const mine = merged.get(name);
    if (mine === undefined || mine.number < published.number) merged.set(name, published);
  }
  return merged;
}

/** Branches, each made from earlier ones: by a publish of some names, or by merging two. */
const steps = fc.array(
  fc.oneof(
    fc.record({ from: fc.nat(), names: fc.array(fc.nat(12), { minLength: 1, maxLength: 6 }) }),
    fc.record({ from: fc.nat(), with: fc.nat() }),
  ),
  { maxLength: 40 },
);

it('layers are the map that they stand for, whatever is published and merged, in its order', () => {
  fc.assert(
    fc.property(steps, (made) => {
      const branches: { layers: Variables; model: Model }[] = [{ layers: new Variables(), model: new Map() }];
      let number = 0;
      for (const step of made) {
        const from = branches[step.from % branches.length]!;
        if ('names' in step) {
          const changes = new Map(step.names.map((name) => [`v${name}`, { number: ++number, value: number }]));
          expect([...from.layers.below(changes)]).toEqual([...new Map([...from.model, ...changes])]);
          branches.push({ layers: from.layers.with(changes), model: new Map([...from.model, ...changes]) });
        } else {
          const other = branches[step.with % branches.length]!;
          branches.push({ layers: from.layers.merged(other.layers), model: mergedModel(from.model, other.model) });
        }
      }
      for (const { layers, model } of branches) {
        expect([...layers]).toEqual([...model]);
        for (const [name, published] of model) expect(layers.get(name)).toBe(published);
        expect(layers.get('none')).toBeUndefined();
      }
    }),
    { numRuns: draws(500) },
  );
});

it('a merge is an object of its own, also where it changes nothing', () => {
  const layers = new Variables().with(new Map([['a', { number: 1, value: 1 }]]));
  expect(layers.merged(layers)).not.toBe(layers);
  expect(new Variables().merged(layers)).not.toBe(layers);
});
