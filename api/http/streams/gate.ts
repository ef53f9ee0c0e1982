import { AppError } from '../../../model/app-error.ts';
import type { Principal } from '../../../model/principal.ts';

/** The maximum number of open event streams and WebSockets. */
export interface StreamLimits {
  principal: number;
  tenant: number;
  process: number;
}

const LIMITS: StreamLimits = { principal: 20, tenant: 200, process: 2_000 };

/** Admits streams up to the limits. */
export interface StreamGate {
  /** Counts a stream until the returned function is called (once or several times). Throws `too_many_streams`. */
  enter(principal: Principal): () => void;
}

/** Creates the gate of a process. */
export function createStreamGate(limits: StreamLimits = LIMITS): StreamGate {
  const open = new Map<string, number>();
  return {
    enter({ id, tenant }) {
      const counted: [key: string, limit: number, whose: string][] = [
        [`principal ${id}`, limits.principal, 'this principal'],
        [`tenant ${tenant}`, limits.tenant, 'this tenant'],
        ['process', limits.process, 'this process'],
      ];
      for (const [key, limit, whose] of counted) {
        if ((open.get(key) ?? 0) >= limit) {
          throw new AppError('too_many_streams', `${whose} has ${limit} open streams, the most that are allowed`);
        }
      }
      for (const [key] of counted) open.set(key, (open.get(key) ?? 0) + 1);
      let entered = true;
      return () => {
        if (!entered) return;
        entered = false;
        for (const [key] of counted) {
          const left = open.get(key)! - 1;
          if (left === 0) open.delete(key);
          else open.set(key, left);
        }
      };
    },
  };
}
