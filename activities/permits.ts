/** How full a worker is, as a tenant sees it. */
export interface Occupancy {
  /** Permits that are in use, of how many, and by this tenant. */
  taken: number;
  total: number;
  own: number;
}

/** A tenant has a large part of the waiting room already, or has waited in it for too long: its activity is to be tried again later. */
export class RoomFull extends Error {
  constructor(message = 'the worker has no room for more activities of this tenant') {
    super(message);
  }
}

interface Waiting {
  grant: () => void;
}

interface Share {
  held: number;
  /** In the order in which they came. */
  waiting: Set<Waiting>;
}

/** The part of all permits that a tenant leaves to others even when nobody else wants one. */
const RESERVE = 0.1;

/**
 * Permits to do work, shared fairly between tenants. They are granted in turn to the tenants that wait. A tenant that waits alone
 * gets at most 90 % of them; when others wait as well it gets none beyond its equal share. Nobody who has one loses it.
 */
export class Permits {
  readonly #total: number;
  readonly #room: number;
  #taken = 0;
  /** Tenants that hold permits or wait for some; the one that has waited longest for its turn comes first. */
  readonly #shares = new Map<string, Share>();

  /** `total` permits, and `room` for those who hold or await one; one tenant gets half of the room. */
  constructor(total: number, room = Number.POSITIVE_INFINITY) {
    this.#total = total;
    this.#room = room;
  }

  /**
   * Takes a permit, and returns the function that gives it back. Rejects with the signal's reason when that is aborted first, and
   * with RoomFull, at once, when the tenant fills half of the room and `patient` is false.
   */
  take(tenant: string, signal: AbortSignal, { patient = true } = {}): Promise<() => void> {
    const share = this.#shares.get(tenant) ?? { held: 0, waiting: new Set() };
    if (!patient && share.held + share.waiting.size >= this.#room / 2) return Promise.reject(new RoomFull());
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#shares.set(tenant, share);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        grant: () => {
          signal.removeEventListener('abort', leave);
          resolve(this.#holding(tenant, share));
        },
      };
      const leave = () => {
        share.waiting.delete(waiting);
        this.#settle(tenant, share);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      share.waiting.add(waiting);
      this.#grant();
    });
  }

  /** Activities that may hold or await a permit. */
  get room(): number {
    return this.#room;
  }

  /** How full it is. */
  occupancy(tenant: string): Occupancy {
    return { taken: this.#taken, total: this.#total, own: this.#shares.get(tenant)?.held ?? 0 };
  }

  #holding(tenant: string, share: Share): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      share.held -= 1;
      this.#taken -= 1;
      this.#settle(tenant, share);
    };
  }

  /** Forgets a tenant that has nothing any more, and grants what has become free. */
  #settle(tenant: string, share: Share): void {
    if (share.held === 0 && share.waiting.size === 0) this.#shares.delete(tenant);
    this.#grant();
  }

  #grant(): void {
    while (this.#taken < this.#total) {
      const most = this.#most();
      const next = [...this.#shares].find(([, { held, waiting }]) => waiting.size > 0 && held < most);
      if (next === undefined) return;
      const [tenant, share] = next;
      // The next turn is another tenant's.
      this.#shares.delete(tenant);
      this.#shares.set(tenant, share);
      const [first] = share.waiting;
      share.waiting.delete(first!);
      share.held += 1;
      this.#taken += 1;
      first!.grant();
    }
  }

  /** Permits that a tenant may hold and still get another one. */
  #most(): number {
    const shares = [...this.#shares.values()];
    const waiting = shares.filter((share) => share.waiting.size > 0);
    if (waiting.length <= 1) return Math.max(1, this.#total - Math.ceil(this.#total * RESERVE));
    // Tenants that do not wait keep what they have: the others share the rest.
    const idle = shares.reduce((sum, share) => sum + (share.waiting.size > 0 ? 0 : share.held), 0);
    return Math.ceil((this.#total - idle) / waiting.length);
  }
}
