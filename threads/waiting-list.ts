/** An entry of a tenant that waits. */
export interface Waiting {
  readonly tenant: string;
}

/** Entries that wait, served one tenant after another and each tenant in order of arrival. */
export class WaitingList<Entry extends Waiting> {
  /** Entries by tenant; the tenant whose turn comes next is first. No list is empty. */
  readonly #entries = new Map<string, Entry[]>();
  #size = 0;

  /** The number of entries of all tenants. */
  get size(): number {
    return this.#size;
  }

  /** Returns the number of entries of a tenant. */
  sizeOf(tenant: string): number {
    return this.#entries.get(tenant)?.length ?? 0;
  }

  /** Reports whether another tenant waits. */
  hasOthers(tenant: string): boolean {
    return this.#entries.size > (this.#entries.has(tenant) ? 1 : 0);
  }

  /** Adds an entry after those of its tenant. */
  add(entry: Entry): void {
    const known = this.#entries.get(entry.tenant);
    if (known === undefined) this.#entries.set(entry.tenant, [entry]);
    else known.push(entry);
    this.#size += 1;
  }

  /** Removes and returns the next accepted entry, and moves its tenant to the end; undefined without one. */
  take(accepts: (entry: Entry) => boolean): Entry | undefined {
    for (const [tenant, entries] of this.#entries) {
      const next = entries.find(accepts);
      if (next === undefined) continue;
      this.remove(next);
      if (this.#entries.delete(tenant)) this.#entries.set(tenant, entries);
      return next;
    }
    return undefined;
  }

  /** Removes an entry, if it is still there. */
  remove(entry: Entry): void {
    const entries = this.#entries.get(entry.tenant);
    const index = entries?.indexOf(entry) ?? -1;
    if (entries === undefined || index < 0) return;
    entries.splice(index, 1);
    this.#size -= 1;
    if (entries.length === 0) this.#entries.delete(entry.tenant);
  }

  /** Removes and returns every entry. */
  clear(): Entry[] {
    const all = [...this.#entries.values()].flat();
    this.#entries.clear();
    this.#size = 0;
    return all;
  }
}
