import { BoundedMap } from '../../../model/bounded-map.ts';

/** The requests of one tenant in progress that are a rush, and the milliseconds for which it lasts after there were so many. */
const MANY = 30;
const LASTING = 250;

/** The most milliseconds of a rush for which the planning and the starts of its tenant make room. */
const PATIENCE = 5_000;

/** The most tenants of which is remembered when something of theirs was last done during a rush. */
const MAX_KEPT = 1_000;

/**
 * Returns how many of the events or enforcements of a tenant may be worked on now: any number, but during a rush a few, and none until some
 * time has passed since the last ones.
 */
export type Allowance = (tenant: string) => number;

/**
 * Rushes of events: so many requests of a tenant at a time that they wait for each other. Until a rush is over, but for five seconds at most,
 * the planning and the starts of that tenant make room for its requests; those of other tenants do not.
 */
export interface Rushes {
  /** Counts a request of a tenant until its work has ended, and returns the result. */
  during<T>(tenant: string, work: () => Promise<T>): Promise<T>;
  /** Creates the allowance of one kind of work: during a rush `few` every so many milliseconds. */
  allow(few: number, every: number): Allowance;
}

/** The dependencies of the rushes. */
export interface RushDependencies {
  /** Reports whether so much of a tenant waits that its planning and its starts make room no longer. */
  isCrowded: (tenant: string) => boolean;
  /** Is called when the planning and the starts of a tenant make room no longer. */
  onOver: () => void;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** A rush: when it began, when there were last so many requests, and whether other work still makes room for them. */
interface Rush {
  began: number;
  last: number;
  restrains: boolean;
}

/** Creates the rushes of one process. */
export function createRushes({ isCrowded, onOver, clock }: RushDependencies): Rushes {
  const inProgress = new Map<string, number>();
  const rushing = new Map<string, Rush>();

  const hasMany = (tenant: string) => (inProgress.get(tenant) ?? 0) >= MANY;

  function relax(rush: Rush): void {
    if (!rush.restrains) return;
    rush.restrains = false;
    onOver();
  }

  function awaitEnd(tenant: string, rush: Rush): void {
    const look = () => {
      const now = clock();
      if (hasMany(tenant)) rush.last = now;
      const isOver = Math.abs(now - rush.last) >= LASTING;
      if (isOver) rushing.delete(tenant);
      else awaitEnd(tenant, rush);
      if (isOver || Math.abs(now - rush.began) >= PATIENCE) relax(rush);
    };
    setTimeout(look, LASTING).unref();
  }

  function enter(tenant: string): void {
    inProgress.set(tenant, (inProgress.get(tenant) ?? 0) + 1);
    if (!hasMany(tenant)) return;
    const now = clock();
    const known = rushing.get(tenant);
    if (known !== undefined) {
      known.last = now;
      return;
    }
    const rush = { began: now, last: now, restrains: true };
    rushing.set(tenant, rush);
    awaitEnd(tenant, rush);
  }

  function leave(tenant: string): void {
    const left = inProgress.get(tenant)! - 1;
    if (left === 0) inProgress.delete(tenant);
    else inProgress.set(tenant, left);
  }

  return {
    async during(tenant, work) {
      enter(tenant);
      try {
        return await work();
      } finally {
        leave(tenant);
      }
    },

    allow(few, every) {
      const worked = new BoundedMap<string, number>(MAX_KEPT);
      return (tenant) => {
        if (!rushing.get(tenant)?.restrains || isCrowded(tenant)) return Number.POSITIVE_INFINITY;
        const now = clock();
        const last = worked.get(tenant);
        if (last !== undefined && Math.abs(now - last) < every) return 0;
        worked.set(tenant, now);
        return few;
      };
    },
  };
}
