import type { Json } from '../model/json.ts';

/** A variable, and the number of the publish that set it: of two branches the later publish wins. */
export interface Published {
  number: number;
  value: Json;
}

type Layer = ReadonlyMap<string, Published>;

/**
 * The variables of a branch, immutable. Versions share what they have in common: they are stacks of layers, in which the topmost layer
 * that has a name counts, and each layer is larger than all layers above it. So the cost of a publish depends on what it changes, not on
 * how many variables there are. Iteration follows the order in which the names were first published.
 */
export class Variables {
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

  /** Returns these variables below a layer that may still change; reads see its current content. */
  below(changes: Layer): Variables {
    return new Variables([...this.#layers, changes]);
  }

  /** Returns these variables with some changes. */
  with(changes: Layer): Variables {
    const layers = [...this.#layers];
    let top = changes;
    while (layers.length > 0 && layers.at(-1)!.size <= top.size) {
      const joined = new Map(layers.pop());
      for (const [name, published] of top) joined.set(name, published);
      top = joined;
    }
    return new Variables([...layers, top]);
  }

  /** Merges other variables into these: the later publish of a name wins, so an inherited value never overwrites a changed one. */
  merged(others: Variables): Variables {
    if (this.#layers.length === 0) return new Variables(others.#layers);
    const shared = new Set(this.#layers);
    const changes = new Map<string, Published>();
    for (const layer of others.#layers) {
      // A shared layer has nothing later than this branch.
      if (shared.has(layer)) continue;
      for (const [name, published] of layer) {
        const mine = changes.get(name) ?? this.get(name);
        if (mine === undefined || mine.number < published.number) changes.set(name, published);
      }
    }
    return changes.size === 0 ? new Variables(this.#layers) : this.with(changes);
  }
}
