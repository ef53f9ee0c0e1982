/** What waits for its turn, by tenant. */
export interface Waiting {
  readonly tenant: string;
}

/** Those who wait, served one tenant after another and each tenant in the order of arrival. */
export class WaitingList<Entry extends Waiting> {
  /** By tenant, the tenant whose turn comes next first. No list is empty. */
  readonly #entries = new Map<string, Entry[]>();
  #size = 0;

  /** Entries of all tenants. */
  get size(): number {
    return this.#size;
  }

  /** Entries of one tenant. */
  sizeOf(tenant: string): number {
    return this.#entries.get(tenant)?.length ?? 0;
  }

  /** True when somebody else than a tenant waits. */
  hasOthers(tenant: string): boolean {
    return this.#entries.size > (this.#entries.has(tenant) ? 1 : 0);
  }

  /** Adds an entry behind those of its tenant. */
  add(entry: Entry): void {
    const known = this.#entries.get(entry.tenant);
    if (known === undefined) this.#entries.set(entry.tenant, [entry]);
    else known.push(entry);
    this.#size += 1;
  }

  /** Removes and returns the next entry that is accepted, after which its tenant is the last in turn; undefined without one. */
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

  /** Removes an entry; nothing happens when it is not there any more. */
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
