/** How full a worker is, as a tenant sees it. */
export interface Occupancy {
  /** Permits: those in use, all of them, and those that this tenant holds. */
  taken: number;
  total: number;
  own: number;
}

/**
 * The error of an activity whose tenant has a large part of the waiting room already, or has waited too long: it must be tried again later.
 */
export class RoomFull extends Error {
  constructor(message = 'the worker has no room for more activities of this tenant') {
    super(message);
  }
}

/** The permits and places of one tenant. */
export interface TenantSlots {
  tenant: string;
  /** The number of permits that it holds. */
  running: number;
  /** Its activities that wait for a permit. */
  waiting: number;
}

/** The size of the room: activities that hold a permit or wait for one, and the bytes of their inputs. */
export interface Room {
  places: number;
  bytes: number;
}

/** A request for a permit. */
export interface Wanted {
  /** Bytes that are kept until the permit is given back. */
  bytes?: number;
  /** `none` gives up at once when the tenant has half of the places or of the bytes; `endless` waits in any case. */
  patience?: 'none' | 'endless';
}

/** The part of an AbortSignal that permits need; this folder uses no platform. */
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
 * Shares permits to do work fairly between tenants. Tenants that wait are served in turn. A tenant that waits alone leaves a part of the
 * permits to others, by default a tenth; when others wait as well, it gets no more than its equal share. A permit that is held is never
 * withdrawn.
 */
export class Permits {
  #total: number;
  readonly #room: Room;
  readonly #reserve: number;
  #taken = 0;
  #bytes = 0;
  /** Tenants that hold permits or wait for some; the one whose turn is next comes first. */
  readonly #shares = new Map<string, Share>();

  /**
   * Creates `total` permits; one tenant gets at most half of the room, and always leaves the part `reserve` of the permits, below 1, to
   * others.
   */
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

  /** Changes the number of permits; those that are held stay valid, even beyond the new number. */
  resize(total: number): void {
    this.#total = total;
    this.#grant();
  }

  /** The number of activities that may hold or await a permit. */
  get room(): number {
    return this.#room.places;
  }

  /** Returns how full the room is. */
  occupancy(tenant: string): Occupancy {
    return { taken: this.#taken, total: this.#total, own: this.#shares.get(tenant)?.held ?? 0 };
  }

  /** Returns the tenants that hold permits or wait for some. */
  tenants(): TenantSlots[] {
    return [...this.#shares].map(([tenant, { held, waiting }]) => ({ tenant, running: held, waiting: waiting.size }));
  }

  /** Returns whether there is no room for the bytes of one more activity; a tenant without any other activity is always admitted. */
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

  /** Removes a tenant that no longer has activities, and grants the permits that have become free. */
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
      // The next turn belongs to another tenant.
      this.#shares.delete(tenant);
      this.#shares.set(tenant, share);
      const [first] = share.waiting;
      share.waiting.delete(first!);
      share.held += 1;
      this.#taken += 1;
      first!.grant();
    }
  }

  /** Returns the number of permits that a tenant may hold and still get another one. */
  #most(): number {
    const shares = [...this.#shares.values()];
    const waiting = shares.filter((share) => share.waiting.size > 0);
    if (waiting.length <= 1) return Math.max(1, this.#total - Math.ceil(this.#total * this.#reserve));
    // Tenants that do not wait keep their permits; the others share the rest.
    const idle = shares.reduce((sum, share) => sum + (share.waiting.size > 0 ? 0 : share.held), 0);
    return Math.ceil((this.#total - idle) / waiting.length);
  }
}
