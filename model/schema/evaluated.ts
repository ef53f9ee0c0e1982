import type { WorkMeter } from '../work.ts';

/** The entries of a value that some schema has evaluated: property names or indexes. */
export class Evaluated {
  all = false;
  readonly keys = new Set<string | number>();

  has(key: string | number): boolean {
    return this.all || this.keys.has(key);
  }

  /** Adds the entries of another set, charging the meter for each. */
  merge(other: Evaluated, meter: WorkMeter): void {
    meter.charge(other.keys.size);
    this.all ||= other.all;
    for (const key of other.keys) this.keys.add(key);
  }
}
