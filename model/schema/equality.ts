import { compareText, type Json } from '../json.ts';
import type { WorkMeter } from '../work.ts';

/**
 * Finds equal values: scalars by themselves, lists and objects by their canonical text. Keeps the index of the first of several
 * equal ones.
 */
export class ValueIndex {
  readonly #scalars = new Map<Json, number>();
  readonly #containers = new Map<string, number>();

  /** Adds a value; returns the index of an equal one that was added before, or null. */
  add(value: Json, index: number, meter: WorkMeter | null): number | null {
    const known: Map<Json, number> = isContainer(value) ? this.#containers : this.#scalars;
    const key = keyOf(value, meter);
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, index);
    return null;
  }

  /** Returns whether an equal value was added. */
  has(value: Json, meter: WorkMeter): boolean {
    if (!isContainer(value)) return this.#scalars.has(keyOf(value, meter));
    return this.#containers.size > 0 && this.#containers.has(canonicalText(value, meter));
  }
}

function isContainer(value: Json): value is Exclude<Json, null | boolean | number | string> {
  return typeof value === 'object' && value !== null;
}

function keyOf(value: Json, meter: WorkMeter | null): Json {
  if (isContainer(value)) return canonicalText(value, meter);
  meter?.charge(typeof value === 'string' ? 1 + Math.ceil(value.length / 64) : 1);
  return value;
}

/** Writes JSON with sorted keys, and charges for each entry and each 64 characters. */
function canonicalText(value: Json, meter: WorkMeter | null): string {
  const parts: string[] = [];
  const write = (text: string): void => {
    meter?.charge(1 + Math.ceil(text.length / 64));
    parts.push(text);
  };
  const walk = (entry: Json): void => {
    if (Array.isArray(entry)) {
      parts.push('[');
      for (const item of entry) {
        walk(item);
        parts.push(',');
      }
      write(']');
    } else if (isContainer(entry)) {
      const keys = Object.keys(entry);
      meter?.charge(Math.ceil((keys.length * Math.log2(keys.length + 1)) / 4));
      parts.push('{');
      for (const key of keys.sort(compareText)) {
        write(JSON.stringify(key));
        parts.push(':');
        walk(entry[key]!);
        parts.push(',');
      }
      write('}');
    } else write(JSON.stringify(entry));
  };
  walk(value);
  return parts.join('');
}
