import type { EnforcementReason } from '../../../model/events/enforcement.ts';
import type { PlannedMatch } from '../../../store/events/planning.ts';
import type { HeldKey, RuleKey } from '../../../store/rules/rule-keys.ts';
import { sha256Hex } from '../../access/hash.ts';

/** Why a match with a key that another match holds starts nothing. */
export const DUPLICATE = {
  code: 'duplicate',
  message: 'an earlier match has the same key: "dedupe.window" says for how long nothing further is started',
} satisfies EnforcementReason;

/** Returns the hash of a key of `dedupe`. Texts that differ in nothing but halves of characters have different ones. */
export function hashDedupeKey(key: string): string {
  return sha256Hex(JSON.stringify(key));
}

/** Reports whether two events were received within so many seconds of each other. */
export function isWithinWindow(since: Date, received: Date, window: number): boolean {
  return Math.abs(received.getTime() - since.getTime()) < window * 1_000;
}

/** The holders of keys while events are planned one after another. */
export interface KeyHolders {
  /** Finds the match that holds a key when an event is received, by its number if it was planned earlier; null: the key is free. */
  find(key: RuleKey, received: Date, window: number): PlannedMatch | number | null;
  /** Has a match take a key. */
  take(key: RuleKey, match: PlannedMatch): void;
}

/** Creates the holders from those of earlier plans. */
export function createKeyHolders(held: readonly HeldKey[]): KeyHolders {
  const nameOf = ({ rule, hash }: RuleKey) => `${rule} ${hash}`;
  const holders = new Map<string, { holder: PlannedMatch | number; since: Date }>(
    held.map((key) => [nameOf(key), { holder: key.enforcement, since: key.since }]),
  );
  return {
    find(key, received, window) {
      const found = holders.get(nameOf(key));
      return found !== undefined && isWithinWindow(found.since, received, window) ? found.holder : null;
    },
    take(key, match) {
      holders.set(nameOf(key), { holder: match, since: match.event.received });
    },
  };
}
