import type { Published } from './state.ts';

type Layer = ReadonlyMap<string, Published>;

/**
 * Variables as they stand somewhere; they never change. What stays the same is shared: of each name the uppermost layer
 * counts, and each layer is larger than all that lie on it, so that a publish costs what it changes however many variables
 * there are. Names come in the order in which they were published first.
 */
export class Layers {
  readonly #layers: readonly Layer[];

  constructor(layers: readonly Layer[] = []) {
    this.#layers = layers;
  }

  get(name: string): Published | undefined {
    for (let index = this.#layers.length - 1; index >= 0; index -= 1) {
      const found = this.#layers[index]!.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  *[Symbol.iterator](): Generator<[string, Published]> {
    const seen = new Set<string>();
    for (const layer of this.#layers) {
      for (const name of layer.keys()) {
        if (seen.has(name)) continue;
        seen.add(name);
        yield [name, this.get(name)!];
      }
    }
  }

  /** These below some that are still being changed, which are seen as they stand. */
  below(changes: Layer): Layers {
    return new Layers([...this.#layers, changes]);
  }

  /** These after some changes. */
  with(changes: Layer): Layers {
    const layers = [...this.#layers];
    let top = changes;
    while (layers.length > 0 && layers.at(-1)!.size <= top.size) {
      const joined = new Map(layers.pop());
      for (const [name, published] of top) joined.set(name, published);
      top = joined;
    }
    return new Layers([...layers, top]);
  }

  /** These and others: the later publish of a name wins, so that an inherited value never overwrites a changed one. */
  merged(others: Layers): Layers {
    if (this.#layers.length === 0) return new Layers(others.#layers);
    const shared = new Set(this.#layers);
    const changes = new Map<string, Published>();
    for (const layer of others.#layers) {
      // Nothing in it is later than what is seen here.
      if (shared.has(layer)) continue;
      for (const [name, published] of layer) {
        const mine = changes.get(name) ?? this.get(name);
        if (mine === undefined || mine.number < published.number) changes.set(name, published);
      }
    }
    return changes.size === 0 ? new Layers(this.#layers) : this.with(changes);
  }
}
