import type { CompiledRule } from '../../../language/rules/compiler.ts';
import type { PlannedMatch } from '../../../store/events/planning.ts';
import { DUPLICATE, type KeyHolders } from './keys.ts';

/** A match of a compiled rule, with the hash of its key; null: it has none. */
export interface JudgedMatch {
  match: PlannedMatch & { rule: { compiled: CompiledRule } };
  hash: string | null;
}

/**
 * Holds a match back as its rule says: one that repeats the key of an earlier one is suppressed. Only a match that is to be started takes
 * its key.
 */
export function restrainMatch({ match, hash }: JudgedMatch, holders: KeyHolders): PlannedMatch {
  if (match.status !== 'pending') return match;
  const { rule, event } = match;
  const { dedupe } = rule.compiled.content;
  const key = hash === null || dedupe === null ? null : keyOf(rule.id, hash, event.received, dedupe.window);
  const holder = key === null ? null : holders.find(key, event.received, key.window);
  if (holder !== null) return { ...match, status: 'suppressed', reason: DUPLICATE, duplicateOf: holder };
  const started = { ...match, key };
  if (key !== null) holders.take(key, started);
  return started;
}

function keyOf(rule: number, hash: string, received: Date, window: number) {
  return { rule, hash, window, until: new Date(received.getTime() + window * 1_000) };
}
