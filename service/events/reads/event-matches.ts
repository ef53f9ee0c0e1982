import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { compileRule } from '../../../language/rules/compiler.ts';
import type { EnforcementSummary } from '../../../model/events/enforcement.ts';
import { jsonSize } from '../../../model/json.ts';
import type { Principal } from '../../../model/principal.ts';
import { listPatterns } from '../../../model/rules/patterns.ts';
import type { EnforcementStore } from '../../../store/events/enforcements.ts';
import type { EventListStore } from '../../../store/events/event-lists.ts';
import type { FittingRule, FittingRuleStore } from '../../../store/rules/fitting-rules.ts';
import { demandPermission } from '../../access/demands.ts';
import type { RuleTest, RuleTrials } from '../../rules/rule-trials.ts';
import { enforcementSummary } from '../enforcements.ts';
import { unknownEvent } from '../event-lists.ts';
import { triedEvent } from './recorded-events.ts';

/** The result of applying a rule, as it is now, to an event, with what was recorded when the event was planned. */
export interface EventMatch extends RuleTest {
  rule: number;
  rule_ref: string;
  revision: number;
  enabled: boolean;
  /** Null: the rule did not match the event, or it did not exist. */
  enforcement: EnforcementSummary | null;
}

/** A page of them, in the order in which the rules were created; `next` is the rule after which the next page begins. */
export interface EventMatchList {
  matches: EventMatch[];
  next: number | null;
}

/** Explains which rules match events. Starts nothing and writes nothing. */
export interface EventMatches {
  /**
   * Applies the rules whose type fits an event to it, as they are now: also disabled ones. A page ends early when its rules say much, or take
   * long.
   * There are none for an invalid event, which matches nothing, and for an erased one. Throws `event_not_found`, and `permission_missing`
   * for who may not read rules.
   */
  list(principal: Principal, event: number, page: { after: number; limit: number }): Promise<EventMatchList>;
}

/** The dependencies of the service. */
export interface EventMatchDependencies {
  events: Pick<EventListStore, 'find'>;
  enforcements: Pick<EnforcementStore, 'list'>;
  rules: FittingRuleStore;
  trials: RuleTrials;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** The bytes of the matches of a page, as JSON, from which on it ends. */
const FULL_BYTES = 1024 * 1024;

/** Milliseconds of applying rules after which a page ends. */
const LONGEST = 250;

const NOTHING: EventMatchList = { matches: [], next: null };

/** Creates the service. */
export function createEventMatches(dependencies: EventMatchDependencies): EventMatches {
  const { events, enforcements, rules, trials, clock } = dependencies;

  async function enforcementsOf(tenant: string, event: number, found: readonly FittingRule[]) {
    const filter = { event, rules: found.map(({ id }) => id) };
    const rows = await enforcements.list(tenant, filter, { offset: 0, limit: found.length });
    return new Map(rows.map((row) => [row.rule, enforcementSummary(row)]));
  }

  return {
    async list(principal, id, { after, limit }) {
      demandPermission(principal, 'workflow:read', 'rules are shown to who may read workflows');
      const { tenant } = principal;
      const row = await events.find(tenant, id);
      if (row === null) throw unknownEvent(id);
      if (row.state === 'invalid' || row.erased !== null) return NOTHING;
      const event = triedEvent(row);
      const found = await rules.list(tenant, listPatterns(row.type), { after, limit: limit + 1 });
      const own = await enforcementsOf(tenant, id, found);
      const matches: EventMatch[] = [];
      const end = clock() + LONGEST;
      let bytes = 0;
      for (const { id: rule, ref, revision, enabled, content } of found.slice(0, limit)) {
        const compiled = compileRule({ ref, revision }, content);
        const test = await trials.apply(principal, { id: rule, compiled }, event);
        const match = { rule, rule_ref: ref, revision, enabled, enforcement: own.get(rule) ?? null, ...test };
        matches.push(match);
        bytes += jsonSize(match);
        if (bytes >= FULL_BYTES || clock() >= end) break;
        // Each may have done as much work as a condition is allowed.
        await yieldToOthers();
      }
      return { matches, next: matches.length < found.length ? matches.at(-1)!.rule : null };
    },
  };
}
