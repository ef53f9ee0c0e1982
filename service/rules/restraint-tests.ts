import type { CompiledRule } from '../../language/rules/compiler.ts';
import { type RuleFailure, renderDedupeKey } from '../../language/rules/matching.ts';
import type { TemplateEvent } from '../../model/events/event.ts';
import type { StartSlotStore } from '../../store/events/start-slots.ts';
import type { RuleKeyStore } from '../../store/rules/rule-keys.ts';
import { DUPLICATE, hashDedupeKey, isWithinWindow } from '../events/restraints/keys.ts';
import { createStartSlots, THROTTLED } from '../events/restraints/slots.ts';

/** A rule to test; `id` is null for one that is not stored. */
export interface TestedRule {
  id: number | null;
  compiled: CompiledRule;
}

/** The key that a rule makes of an event, and the enforcement that has it already; null: none has. */
export interface DedupeTest {
  key: string;
  duplicate_of: number | null;
}

/** The starts of a rule that count against its throttle now, at most as many as its limit, and until when a further one waits. */
export interface ThrottleTest {
  limit: number;
  per: number;
  policy: 'queue' | 'skip';
  taken: number;
  not_before: string | null;
}

/** The results of `dedupe` and `throttle` for a match; `reason` is null if it is started, now or later. */
export interface RestraintTest {
  dedupe: DedupeTest | null;
  throttle: ThrottleTest | null;
  reason: RuleFailure | typeof DUPLICATE | typeof THROTTLED | null;
}

/** Finds how a rule holds back an event that it matches. */
export interface RestraintTests {
  /** Tests `dedupe` and `throttle`: each is null for a rule without it, and for a replay, to which it does not apply. */
  test(tenant: string, rule: TestedRule, event: TemplateEvent): Promise<RestraintTest>;
}

/** Creates the tests over the keys and the starts of rules. */
export function createRestraintTests(
  keys: Pick<RuleKeyStore, 'find'>,
  starts: Pick<StartSlotStore, 'find'>,
): RestraintTests {
  /** Finds the enforcement that holds a key when an event is received, unless it is that of the event itself. */
  async function findHolder(
    tenant: string,
    { rule, hash }: { rule: number; hash: string },
    event: TemplateEvent,
    window: number,
  ): Promise<number | null> {
    const [held] = await keys.find(tenant, [{ rule, hash }]);
    if (held === undefined || held.event === event.id) return null;
    return isWithinWindow(held.since, new Date(event.received), window) ? held.enforcement : null;
  }

  async function testThrottle(tenant: string, { id, compiled }: TestedRule) {
    const { throttle } = compiled.content;
    if (throttle === null) return null;
    const taken = id === null ? { now: new Date(0), slots: [] } : await starts.find(tenant, id, throttle);
    const next = createStartSlots(throttle, taken).next();
    const notBefore = next instanceof Date ? next.toISOString() : null;
    return { next, said: { ...throttle, taken: taken.slots.length, not_before: notBefore } };
  }

  return {
    async test(tenant, rule, event) {
      const nothing = { dedupe: null, throttle: null, reason: null };
      // Whoever replays an event wants it to happen again.
      if (event.replay_of !== null) return nothing;
      const { window } = rule.compiled.content.dedupe ?? { window: 0 };
      const key = renderDedupeKey(rule.compiled, event);
      if (key !== null && 'error' in key) return { ...nothing, reason: key.error };
      const held = key && rule.id !== null && { rule: rule.id, hash: hashDedupeKey(key.key) };
      const holder = held ? await findHolder(tenant, held, event, window) : null;
      const dedupe = key && { key: key.key, duplicate_of: holder };
      if (holder !== null) return { ...nothing, dedupe, reason: DUPLICATE };
      const throttled = await testThrottle(tenant, rule);
      const reason = throttled?.next === 'never' ? THROTTLED : null;
      return { dedupe, throttle: throttled?.said ?? null, reason };
    },
  };
}
