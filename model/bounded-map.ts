/** A map whose entries weigh at most `most`: a further one displaces those that were set longest ago. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #most: number;
  readonly #weigh: (value: V) => number;
  #total = 0;

  /** Creates an empty map. Without `weigh`, each entry weighs 1; values must not become heavier or lighter. */
  constructor(most: number, weigh: (value: V) => number = () => 1) {
    super();
    this.#most = most;
    this.#weigh = weigh;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    this.#total += this.#weigh(value);
    for (const oldest of this.keys()) {
      if (this.#total <= this.#most) break;
      this.delete(oldest);
    }
    return this;
  }

  override delete(key: K): boolean {
    if (this.has(key)) this.#total -= this.#weigh(super.get(key)!);
    return super.delete(key);
  }

  override clear(): void {
    super.clear();
    this.#total = 0;
  }
}
