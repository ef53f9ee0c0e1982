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

/** The permits and places of one tenant. */
export interface TenantSlots {
  tenant: string;
  /** Permits that it holds. */
  running: number;
  /** Those of its activities that wait for a permit. */
  waiting: number;
}

/** How much there is room for: those who hold a permit or await one, and the bytes that they bring along. */
export interface Room {
  places: number;
  bytes: number;
}

/** What somebody wants a permit for. */
export interface Wanted {
  /** Bytes that are kept until the permit is given back. */
  bytes?: number;
  /** `none` gives up at once when the tenant has half of the places or of the bytes; `endless` waits in any case. */
  patience?: 'none' | 'endless';
}

/** The part of an AbortSignal that permits need: this folder knows no platform. */
interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options: { once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

interface Waiting {
  grant: () => void;
}

interface Share {
  held: number;
  bytes: number;
  /** In the order in which they came. */
  waiting: Set<Waiting>;
}

const ENDLESS: Room = { places: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/**
 * Permits to do work, shared fairly between tenants. They are granted in turn to the tenants that wait. A tenant that waits alone
 * leaves a part of them to others, a tenth unless given; when others wait as well it gets none beyond its equal share. Nobody who
 * has one loses it.
 */
export class Permits {
  #total: number;
  readonly #room: Room;
  readonly #reserve: number;
  #taken = 0;
  #bytes = 0;
  /** Tenants that hold permits or wait for some; the one that has waited longest for its turn comes first. */
  readonly #shares = new Map<string, Share>();

  /** `total` permits; one tenant gets half of the room; `reserve` is what it always leaves to others, as a part of 1. */
  constructor(total: number, { room = ENDLESS, reserve = 0.1 }: { room?: Room; reserve?: number } = {}) {
    this.#total = total;
    this.#room = room;
    this.#reserve = reserve;
  }

  /**
   * Takes a permit, and returns the function that gives it back. Rejects with the signal's reason when that is aborted first, and
   * with RoomFull, at once, when there is no room left for the tenant and it does not have the patience to wait.
   */
  take(tenant: string, signal: Signal, { bytes = 0, patience = 'endless' }: Wanted = {}): Promise<() => void> {
    const share = this.#shares.get(tenant) ?? { held: 0, bytes: 0, waiting: new Set() };
    const crowded = share.held + share.waiting.size >= this.#room.places / 2;
    if (patience === 'none' && (crowded || this.#isHeavy(share, bytes))) return Promise.reject(new RoomFull());
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#shares.set(tenant, share);
    share.bytes += bytes;
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        grant: () => {
          signal.removeEventListener('abort', leave);
          resolve(this.#holding(tenant, share, bytes));
        },
      };
      const leave = () => {
        share.waiting.delete(waiting);
        this.#unload(share, bytes);
        this.#settle(tenant, share);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      share.waiting.add(waiting);
      this.#grant();
    });
  }

  /** Changes how many permits there are; those that are held stay so, also beyond the new number. */
  resize(total: number): void {
    this.#total = total;
    this.#grant();
  }

  /** Activities that may hold or await a permit. */
  get room(): number {
    return this.#room.places;
  }

  /** How full it is. */
  occupancy(tenant: string): Occupancy {
    return { taken: this.#taken, total: this.#total, own: this.#shares.get(tenant)?.held ?? 0 };
  }

  /** The tenants that hold permits or wait for some. */
  tenants(): TenantSlots[] {
    return [...this.#shares].map(([tenant, { held, waiting }]) => ({ tenant, running: held, waiting: waiting.size }));
  }

  /** Whether there is no room for the bytes of one more; a tenant that has nothing here gets in with whatever it brings. */
  #isHeavy(share: Share, bytes: number): boolean {
    if (share.bytes === 0) return false;
    return share.bytes + bytes > this.#room.bytes / 2 || this.#bytes + bytes > this.#room.bytes;
  }

  #unload(share: Share, bytes: number): void {
    share.bytes -= bytes;
    this.#bytes -= bytes;
  }

  #holding(tenant: string, share: Share, bytes: number): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      share.held -= 1;
      this.#taken -= 1;
      this.#unload(share, bytes);
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
    if (waiting.length <= 1) return Math.max(1, this.#total - Math.ceil(this.#total * this.#reserve));
    // Tenants that do not wait keep what they have: the others share the rest.
    const idle = shares.reduce((sum, share) => sum + (share.waiting.size > 0 ? 0 : share.held), 0);
    return Math.ceil((this.#total - idle) / waiting.length);
  }
}
