import { jsonPointer } from '../issue.ts';

/** The place of a value in the checked value. Each entry has one place, so that results can be kept by place. */
export class ValuePlace {
  readonly explained = new Set<object>();
  readonly #parent: ValuePlace | null;
  readonly #key: string | number;
  #children: Map<string | number, ValuePlace> | null = null;

  private constructor(parent: ValuePlace | null, key: string | number) {
    this.#parent = parent;
    this.#key = key;
  }

  /** Creates the place of the whole value; `base` is its pointer. */
  static root(base: string): ValuePlace {
    return new ValuePlace(null, base);
  }

  /** Returns the place of an entry below this one. */
  child(key: string | number): ValuePlace {
    this.#children ??= new Map();
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    const child = new ValuePlace(this, key);
    this.#children.set(key, child);
    return child;
  }

  /** Returns the JSON pointer. */
  get pointer(): string {
    if (this.#parent === null) return String(this.#key);
    return this.#parent.pointer + jsonPointer([this.#key]);
  }
}
