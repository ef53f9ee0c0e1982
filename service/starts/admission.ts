import { AppError } from '../../model/app-error.ts';
import { Permits } from '../../model/permits.ts';
import { createInFlight } from './in-flight.ts';
import { adaptLimit, FIRST_LIMIT } from './start-limit.ts';

/** The number of starts of one tenant that a process accepts, most of which wait for their turn. */
const MAX_STARTS = 200;

/** The part of the starts in progress that a tenant leaves to others, and milliseconds for which a start waits for its turn. */
const RESERVE = 0.2;
const PATIENCE = 10_000;

/** Makes the call that starts a run in Temporal, and measures it; the number of starts that may be in progress depends on that. */
export type Measure = <T>(call: () => Promise<T>) => Promise<T>;

/**
 * Makes a start for a tenant when it is the tenant's turn, and returns its result. Throws what the start throws, and `busy` when the
 * tenant has too many starts accepted, or its turn does not come in time.
 */
export type Admission = <T>(tenant: string, start: (measure: Measure) => Promise<T>) => Promise<T>;

/**
 * Creates the admission of starts. Tenants take turns, and as many starts are in progress as Temporal can process without having them
 * wait for each other. `clock` returns milliseconds.
 */
export function createAdmission(clock: () => number): Admission {
  const enter = createInFlight(MAX_STARTS);
  const permits = new Permits(FIRST_LIMIT.most, { reserve: RESERVE });
  let limit = FIRST_LIMIT;

  async function takeTurn(tenant: string): Promise<() => void> {
    const giveUp = new AbortController();
    const late = new AppError('busy', 'this tenant is starting executions faster than they can be accepted: try again');
    const patience = setTimeout(() => giveUp.abort(late), PATIENCE);
    return permits.take(tenant, giveUp.signal).finally(() => clearTimeout(patience));
  }

  function learn(tenant: string, milliseconds: number | null): void {
    limit = adaptLimit(limit, { milliseconds, underWay: permits.occupancy(tenant).taken });
    permits.resize(limit.most);
  }

  /** Measures the call alone, since other work of a start, such as looking at rivals for a concurrency key, varies. */
  async function measured<T>(tenant: string, call: () => Promise<T>): Promise<T> {
    const began = clock();
    try {
      const result = await call();
      learn(tenant, Math.max(1, clock() - began));
      return result;
    } catch (error) {
      // The time until any other refusal says nothing about Temporal.
      if (error instanceof AppError && error.code === 'temporal_unavailable') learn(tenant, null);
      throw error;
    }
  }

  return async (tenant, start) => {
    const leave = enter(tenant);
    if (leave === null) {
      throw new AppError('busy', `this tenant has ${MAX_STARTS} starts in progress, the most that are allowed at once`);
    }
    try {
      const giveBack = await takeTurn(tenant);
      try {
        return await start((call) => measured(tenant, call));
      } finally {
        giveBack();
      }
    } finally {
      leave();
    }
  };
}
