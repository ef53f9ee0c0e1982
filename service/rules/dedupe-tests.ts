import type { CompiledRule } from '../../language/rules/compiler.ts';
import { type RuleFailure, renderDedupeKey } from '../../language/rules/matching.ts';
import type { TemplateEvent } from '../../model/events/event.ts';
import type { RuleKeyStore } from '../../store/rules/rule-keys.ts';
import { hashDedupeKey, isWithinWindow } from '../events/restraints/keys.ts';

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

/** Finds what `dedupe` of a rule does with an event that the rule matches. */
export interface DedupeTests {
  /** Tests the key of an event; null for a rule without one, and for a replay, to which `dedupe` does not apply. */
  test(
    tenant: string,
    rule: TestedRule,
    event: TemplateEvent,
  ): Promise<{ dedupe: DedupeTest | null } | { error: RuleFailure }>;
}

/** Creates the tests over the keys that matches hold. */
export function createDedupeTests(keys: Pick<RuleKeyStore, 'find'>): DedupeTests {
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

  return {
    async test(tenant, { id, compiled }, event) {
      const { dedupe } = compiled.content;
      const rendered = event.replay_of === null ? renderDedupeKey(compiled, event) : null;
      if (rendered === null || dedupe === null) return { dedupe: null };
      if ('error' in rendered) return rendered;
      const { key } = rendered;
      if (id === null) return { dedupe: { key, duplicate_of: null } };
      const held = { rule: id, hash: hashDedupeKey(key) };
      return { dedupe: { key, duplicate_of: await findHolder(tenant, held, event, dedupe.window) } };
    },
  };
}
