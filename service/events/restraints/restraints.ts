import type { CompiledRule } from '../../../language/rules/compiler.ts';
import type { Throttle } from '../../../model/rules/rule.ts';
import type { PlannedMatch, PlanningBatch } from '../../../store/events/planning.ts';
import { createKeyHolders, DUPLICATE, type KeyHolders } from './keys.ts';
import { createStartSlots, type StartSlots, THROTTLED } from './slots.ts';

/** A match of a compiled rule, with the hash of its key; null: it has none. */
export interface JudgedMatch {
  match: PlannedMatch & { rule: { compiled: CompiledRule } };
  hash: string | null;
}

/**
 * Holds the matches of a batch back as their rules say, one after another: one that repeats a key or that a throttle skips is suppressed,
 * and one that a throttle queues is put off. Only a match that is to be started takes its key.
 */
export async function restrainMatches(
  tenant: string,
  { keys, starts }: Pick<PlanningBatch, 'keys' | 'starts'>,
  judged: readonly JudgedMatch[],
): Promise<PlannedMatch[]> {
  const named = judged.flatMap(({ match, hash }) => (hash === null ? [] : [{ rule: match.rule.id, hash }]));
  const holders = createKeyHolders(await keys.find(tenant, named));
  const found = new Map<number, StartSlots>();
  const slotsOf = async (rule: number, throttle: Throttle) => {
    const slots = found.get(rule) ?? createStartSlots(throttle, await starts.find(tenant, rule, throttle));
    found.set(rule, slots);
    return slots;
  };
  const matches: PlannedMatch[] = [];
  for (const each of judged) matches.push(await restrainMatch(each, holders, slotsOf));
  return matches;
}

/** Holds one match back. `slotsOf` returns the same slots for each match of a rule. */
async function restrainMatch(
  { match, hash }: JudgedMatch,
  holders: KeyHolders,
  slotsOf: (rule: number, throttle: Throttle) => Promise<StartSlots>,
): Promise<PlannedMatch> {
  if (match.status !== 'pending') return match;
  const { rule, event } = match;
  const { dedupe, throttle, ordered } = rule.compiled.content;
  const key = hash === null || dedupe === null ? null : keyOf(rule.id, hash, event.received, dedupe.window);
  const holder = key === null ? null : holders.find(key, event.received, key.window);
  if (holder !== null) return { ...match, status: 'suppressed', reason: DUPLICATE, duplicateOf: holder };
  // Whoever replays an event wants it to happen again.
  const slots = throttle === null || event.replayOf !== null ? null : await slotsOf(rule.id, throttle);
  const slot = slots === null ? null : slots.next();
  if (slot === 'never') return { ...match, status: 'suppressed', reason: THROTTLED };
  slots?.take();
  const lane = slots !== null || ordered ? rule.id : null;
  const started = { ...match, key, lane, notBefore: slot };
  if (key !== null) holders.take(key, started);
  return started;
}

function keyOf(rule: number, hash: string, received: Date, window: number) {
  return { rule, hash, window, until: new Date(received.getTime() + window * 1_000) };
}
