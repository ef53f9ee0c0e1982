import type { EnforcementReason } from '../../../model/events/enforcement.ts';
import type { Throttle } from '../../../model/rules/rule.ts';
import type { TakenSlots } from '../../../store/events/start-slots.ts';

/** Why a match for which a throttle leaves no room starts nothing. */
export const THROTTLED = {
  code: 'throttled',
  message:
    'the rule has started, or is to start, as many executions as "throttle.limit" allows: "throttle.policy" is skip',
} satisfies EnforcementReason;

/** The starts that the throttle of a rule allows, while matches are planned one after another. */
export interface StartSlots {
  /** Finds when one more start is allowed, without taking its slot. Null: now; `never`: it is skipped. */
  next(): Date | null | 'never';
  /** Takes the slot of the next start. */
  take(): void;
}

/** Creates the slots of a rule from those that are taken. */
export function createStartSlots({ limit, per, policy }: Throttle, { now, slots }: TakenSlots): StartSlots {
  const present = now.getTime();
  /** The newest slots, oldest first, as many as the limit. */
  const taken = slots.map((slot) => slot.getTime());

  /** Returns the milliseconds of the next slot: matches keep their order. */
  function findNext(): number {
    if (taken.length < limit) return present;
    return Math.max(present, taken[0]! + per * 1_000, taken.at(-1)!);
  }

  return {
    next() {
      if (policy === 'skip' && taken.length >= limit) return 'never';
      const at = findNext();
      return at > present ? new Date(at) : null;
    },
    take() {
      taken.push(findNext());
      if (taken.length > limit) taken.shift();
    },
  };
}
