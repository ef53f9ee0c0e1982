import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';

/** Event streams and WebSockets that may be open at once. */
export interface StreamLimits {
  principal: number;
  tenant: number;
  process: number;
}

const LIMITS: StreamLimits = { principal: 20, tenant: 200, process: 2_000 };

/** Lets streams in as long as there is room for them. */
export interface StreamGate {
  /** Counts a stream until the function that it returns is called, which may be several times. Throws `too_many_streams`. */
  enter(principal: Principal): () => void;
}

/** Makes the gate of a process. */
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
          throw new AppError('too_many_streams', `${whose} has ${limit} streams open, which is the most it may have`);
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
