import { type CompiledRule, compileRule } from '../../language/rules/compiler.ts';
import { type ConditionExplanation, explainRule } from '../../language/rules/explanation.ts';
import { type Match, matchRule, renderParameters } from '../../language/rules/matching.ts';
import { AppError } from '../../model/app-error.ts';
import type { TemplateEvent } from '../../model/events/event.ts';
import type { Issue } from '../../model/issue.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { hasPermission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import { readRule } from '../../model/rules/draft.ts';
import { matchesPattern } from '../../model/rules/patterns.ts';
import { type RuleCreate, startedRef } from '../../model/rules/rule.ts';
import { completeMadeUpEvent, type TestedEvents } from '../../model/rules/rule-test.ts';
import type { ActionService } from '../actions/custom-actions.ts';
import type { DefinitionReader } from '../definitions/reader.ts';
import { MASKED } from '../projections/hiding/hider.ts';
import { replaceAt, writeOnlyPaths } from '../projections/hiding/write-only.ts';
import { completeInput } from '../starts/inputs.ts';
import { buildRuleContent } from './rule-bodies.ts';
import type { RuleExaminer } from './rule-examiner.ts';
import type { RuleService } from './rules.ts';

/** Why a rule starts nothing for an event: it does not match, or it fails. */
export interface RuleReason {
  code: string;
  message: string;
  path?: string;
  line?: number;
  column?: number;
}

/** The result of a test of a rule on an event. */
export interface RuleTest {
  matched: boolean;
  /** Null: it starts a run. */
  reason: RuleReason | null;
  type: { pattern: string; matched: boolean };
  /** Null: the rule names no webhook. */
  webhook: { name: string; matched: boolean } | null;
  /** Null: the rule has no condition. */
  when: ConditionExplanation | null;
  /** Null: the rule does not match, or the parameters cannot be rendered. Write-only ones are hidden. */
  parameters: JsonObject | null;
  /** Null: nothing would be started. */
  would_start: { workflow: string; version: string | null; revision: number | null; issues: Issue[] } | null;
}

/** The result of a test of a rule on the newest events of its type. */
export interface RecentTest {
  /** The number of events that were looked at. */
  considered: number;
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
  /** Reads an event. Throws `event_not_found`. */
  get(principal: Principal, id: number): Promise<TemplateEvent>;
  /** Reads events of a type or pattern, newest first, and where to go on; those that match no rule are left out. */
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
  definitions: Pick<DefinitionReader, 'get'>;
  actions: Pick<ActionService, 'get'>;
  events: RecordedEvents;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Events that are read and tested at once: their payloads may be large, and their conditions slow. */
const AT_ONCE = 20;

/** Creates the service. */
export function createRuleTestService({
  rules,
  examiner,
  definitions,
  actions,
  events: recorded,
  clock,
}: RuleTestDependencies): RuleTestService {
  /** Finds what a rule would start now. */
  async function findTarget(
    principal: Principal,
    content: CompiledRule['content'],
  ): Promise<{
    ref: string;
    version: string | null;
    revision: number | null;
    schema: JsonObject | null;
    issues: Issue[];
  }> {
    const { workflow, version } = content;
    const ref = startedRef(content);
    try {
      if (workflow === null) {
        const { paramSchema } = await actions.get(principal, ref);
        return { ref, version: null, revision: null, schema: paramSchema, issues: [] };
      }
      const found = await definitions.get(principal, ref, { version: version ?? undefined });
      const message = `workflow "${ref}" is disabled`;
      const issues = found.enabled ? [] : [{ code: 'workflow_disabled', path: '/workflow', message }];
      return { ref, version: found.version, revision: found.revision, schema: found.paramSchema, issues };
    } catch (error) {
      if (!(error instanceof AppError) || !error.code.endsWith('_not_found')) throw error;
      const issue = { code: error.code, path: workflow === null ? '/action_ref' : '/workflow', message: error.message };
      return { ref, version: null, revision: null, schema: null, issues: [issue] };
    }
  }

  async function test(principal: Principal, rule: CompiledRule, event: TemplateEvent): Promise<RuleTest> {
    const { type, webhook } = rule.content;
    const match = matchRule(rule, event);
    const said = {
      matched: match.outcome === 'matched',
      reason: describeReason(match, rule, event),
      type: { pattern: type, matched: matchesPattern(type, event.type) },
      webhook: webhook === null ? null : { name: webhook, matched: webhook === event.webhook },
      when: explainRule(rule, event),
    };
    if (match.outcome !== 'matched') return { ...said, parameters: null, would_start: null };
    const rendered = renderParameters(rule, event);
    if ('error' in rendered) return { ...said, reason: rendered.error, parameters: null, would_start: null };
    const { ref, version, revision, schema, issues } = await findTarget(principal, rule.content);
    const { parameters } = rendered;
    return {
      ...said,
      // A change of nothing but the write-only values leaves an object.
      parameters: replaceAt(parameters, writeOnlyPaths(schema), () => MASKED) as JsonObject,
      would_start: { workflow: ref, version, revision, issues: [...issues, ...inputIssues(parameters, schema)] },
    };
  }

  /** Tests a rule on the newest events, in parts, so that neither their payloads nor their conditions hold up others. */
  async function testRecent(principal: Principal, rule: CompiledRule, count: number): Promise<RecentTest> {
    const result: RecentTest = { considered: 0, matched: [], undefined: 0, failed: [] };
    let before: number | undefined;
    while (result.considered < count) {
      const limit = Math.min(AT_ONCE, count - result.considered);
      const { events, next } = await recorded.page(principal, rule.content.type, { limit, before });
      for (const event of events) {
        const match = matchRule(rule, event);
        result.considered += 1;
        if (match.outcome === 'matched') result.matched.push(event.id);
        else if (match.outcome === 'failed') result.failed.push({ event: event.id, reason: match.reason });
        else if (match.reason.code === 'undefined') result.undefined += 1;
      }
      if (next === null) break;
      before = next;
    }
    return result;
  }

  async function testOn(principal: Principal, rule: CompiledRule, { event, recent }: TestedEvents) {
    if (recent !== undefined || typeof event === 'number') demandReader(principal);
    if (recent !== undefined) return testRecent(principal, rule, recent);
    if (typeof event === 'number') return test(principal, rule, await recorded.get(principal, event));
    // A body has one of both.
    return test(principal, rule, completeMadeUpEvent(event!, principal.subject, new Date(clock())));
  }

  return {
    async testStored(principal, ref, events) {
      const { revision, content } = await rules.get(principal, ref);
      return testOn(principal, compileRule({ ref, revision }, content), events);
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
      return testOn(principal, compileRule({ ref: body.ref, revision: 0 }, content), events);
    },
  };
}

/** Throws `permission_missing` unless a principal may read recorded events. */
function demandReader(principal: Principal): void {
  const permission = 'execution:read';
  if (hasPermission(principal, permission)) return;
  const message = `recorded events are shown to who may read executions: the permission "${permission}" is required`;
  throw new AppError('permission_missing', message, { details: { permission } });
}

/** Says why a rule does not match an event; null: it matches. */
export function describeReason(match: Match, { content }: CompiledRule, event: TemplateEvent): RuleReason | null {
  if (match.outcome === 'matched') return null;
  const { reason } = match;
  switch (reason.code) {
    case 'type_mismatch':
      return { code: reason.code, message: `the rule is about "${content.type}", and the event is "${event.type}"` };
    case 'webhook_mismatch':
      return { code: reason.code, message: `the event did not come in by the webhook "${content.webhook}"` };
    case 'condition_false':
      return { code: reason.code, message: 'the condition is false' };
    case 'undefined':
      return { code: reason.code, message: `the event has no "${reason.path}"`, path: reason.path };
    default:
      return reason;
  }
}

function inputIssues(parameters: JsonObject, schema: JsonObject | null): Issue[] {
  try {
    completeInput(parameters as Record<string, Json>, 'parameters', schema);
    return [];
  } catch (error) {
    if (error instanceof AppError)
      return error.issues ?? [{ code: error.code, path: '/parameters', message: error.message }];
    throw error;
  }
}
