import { type CompiledRule, compileRule } from '../../language/rules/compiler.ts';
import { type Match, matchRule } from '../../language/rules/matching.ts';
import type { TemplateEvent } from '../../model/events/event.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import { readRule } from '../../model/rules/draft.ts';
import type { RuleCreate } from '../../model/rules/rule.ts';
import { completeMadeUpEvent, type TestedEvents } from '../../model/rules/rule-test.ts';
import { demandPermission } from '../access/demands.ts';
import { createPause } from '../background/pauses.ts';
import type { TestedRule } from './restraint-tests.ts';
import { buildRuleContent } from './rule-bodies.ts';
import type { RuleExaminer } from './rule-examiner.ts';
import type { RuleReason, RuleTest, RuleTrials, TriedEvent } from './rule-trials.ts';
import type { RuleService } from './rules.ts';

/** The result of a test of a rule on the newest events of its type. */
export interface RecentTest {
  /** The number of events that were looked at: fewer than were asked for where there are no more, and where a limit has ended the test. */
  considered: number;
  /** The limit that has ended the test before the last event: the bytes of the payloads, or the time that it took. Null: none has. */
  limited_by: 'size' | 'time' | null;
  /** The ids of those that match, newest first. */
  matched: number[];
  /** The number of those that do not have a path of the condition. */
  undefined: number;
  failed: { event: number; reason: RuleReason }[];
}

/**
 * Tests rules on events: on one that is recorded or made up, or on the newest ones of the type of the rule. Starts nothing and writes
 * nothing. Throws `permission_missing` where recorded events are asked for by who may not read executions, and `event_not_found`.
 */
export interface RuleTestService {
  /** Tests a stored rule. Throws `rule_not_found`. */
  testStored(principal: Principal, ref: string, events: TestedEvents): Promise<RuleTest | RecentTest>;
  /** Tests a rule that need not be stored. Throws `rule_invalid` with all issues, with pointers below `/rule`. */
  testUnsaved(principal: Principal, rule: unknown, events: TestedEvents): Promise<RuleTest | RecentTest>;
}

/** Reads recorded events of a tenant. */
export interface RecordedEvents {
  /** Reads an event. Throws `event_not_found`, and `event_erased` where nothing is left to apply rules to. */
  get(principal: Principal, id: number): Promise<TriedEvent>;
  /**
   * Reads some events of a type or pattern, newest first, and where to go on; those that match no rule are left out. There are fewer than
   * the limit where they are large.
   */
  page(
    principal: Principal,
    type: string,
    window: { limit: number; before: number | undefined },
  ): Promise<{ events: TemplateEvent[]; next: number | null }>;
}

/** The dependencies of the service. */
export interface RuleTestDependencies {
  rules: Pick<RuleService, 'get'>;
  examiner: RuleExaminer;
  trials: RuleTrials;
  events: RecordedEvents;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Events that are read at once, and the bytes of payloads from which on no further ones are read. */
const AT_ONCE = 20;
const MAX_TESTED = 32 * 1024 * 1024;

/** Milliseconds of work on conditions, and of the whole test, after which no further events are tested. */
const LONGEST_WORK = 1_000;
const LONGEST = 10_000;

const READERS = 'recorded events are shown to who may read executions';

/** Creates the service. */
export function createRuleTestService(dependencies: RuleTestDependencies): RuleTestService {
  const { rules, examiner, trials, events: recorded, clock } = dependencies;

  async function testOn(principal: Principal, rule: TestedRule, { event, recent }: TestedEvents) {
    if (recent !== undefined || typeof event === 'number') demandPermission(principal, 'execution:read', READERS);
    if (recent !== undefined) return testRecent({ recorded, clock }, principal, rule.compiled, recent);
    if (typeof event === 'number') return trials.apply(principal, rule, await recorded.get(principal, event));
    // A body has one of both.
    const madeUp = completeMadeUpEvent(event!, principal.subject, new Date(clock()));
    return trials.apply(principal, rule, { event: madeUp, chain: [], asked: null });
  }

  return {
    async testStored(principal, ref, events) {
      const { id, revision, content } = await rules.get(principal, ref);
      return testOn(principal, { id, compiled: compileRule({ ref, revision }, content) }, events);
    },

    async testUnsaved(principal, rule, events) {
      const draft = readRule(rule);
      const { issues, triggerType } = await examiner.examine(principal.tenant, draft);
      if (issues.length > 0) {
        throw refusal(
          'rule_invalid',
          issues.map((issue) => ({ ...issue, path: `/rule${issue.path}` })),
        );
      }
      // Without issues, every field is there that has to be.
      const body = draft.fields as RuleCreate;
      const { content } = buildRuleContent(body, triggerType);
      return testOn(principal, { id: null, compiled: compileRule({ ref: body.ref, revision: 0 }, content) }, events);
    },
  };
}

/**
 * Tests a rule on the newest events, in parts, so that neither their payloads nor their conditions hold up others. What others do meanwhile is
 * not charged as work of the test.
 */
async function testRecent(
  { recorded, clock }: { recorded: RecordedEvents; clock: () => number },
  principal: Principal,
  rule: CompiledRule,
  count: number,
): Promise<RecentTest> {
  const result: RecentTest = { considered: 0, limited_by: null, matched: [], undefined: 0, failed: [] };
  const end = clock() + LONGEST;
  const pause = createPause();
  let [bytes, worked] = [0, 0];
  let before: number | undefined;
  const findLimit = () => {
    if (bytes >= MAX_TESTED) return 'size';
    return worked >= LONGEST_WORK || clock() >= end ? 'time' : null;
  };
  const isOver = () => {
    result.limited_by = findLimit();
    return result.limited_by !== null;
  };
  while (result.considered < count && !isOver()) {
    const limit = Math.min(AT_ONCE, count - result.considered);
    const { events, next } = await recorded.page(principal, rule.content.type, { limit, before });
    for (const event of events) {
      if (isOver()) return result;
      const due = pause();
      if (due !== null) await due;
      const begun = clock();
      addMatch(result, event.id, matchRule(rule, event));
      worked += clock() - begun;
      bytes += event.payload_bytes;
    }
    if (next === null) break;
    before = next;
  }
  return result;
}

function addMatch(result: RecentTest, event: number, match: Match): void {
  result.considered += 1;
  if (match.outcome === 'matched') result.matched.push(event);
  else if (match.outcome === 'failed') result.failed.push({ event, reason: match.reason });
  else if (match.reason.code === 'undefined') result.undefined += 1;
}
