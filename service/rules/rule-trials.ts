import type { CompiledRule } from '../../language/rules/compiler.ts';
import { type ConditionExplanation, explainRule } from '../../language/rules/explanation.ts';
import { type LoopRefusal, refuseLoop } from '../../language/rules/loop-guard.ts';
import { type Match, matchRule, renderParameters } from '../../language/rules/matching.ts';
import { AppError } from '../../model/app-error.ts';
import type { TemplateEvent } from '../../model/events/event.ts';
import { isAsked } from '../../model/events/replay.ts';
import type { Issue } from '../../model/issue.ts';
import { exceedsLength, type Json, type JsonObject } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import { matchesPattern } from '../../model/rules/patterns.ts';
import { startedRef } from '../../model/rules/rule.ts';
import { MAX_PAYLOAD_BYTES } from '../../model/run-input.ts';
import type { ActionService } from '../actions/custom-actions.ts';
import type { DefinitionReader } from '../definitions/reader.ts';
import { MASKED } from '../projections/hiding/hider.ts';
import { replaceAt, writeOnlyPaths } from '../projections/hiding/write-only.ts';
import { completeInput } from '../starts/inputs.ts';
import type { RestraintTest, RestraintTests, TestedRule } from './restraint-tests.ts';

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
  /** The rules between the event and the outside, by their integer ids, and why this one starts nothing behind them; null: it may. */
  loop: { depth: number; chain: readonly number[]; suppressed: LoopRefusal['code'] | null };
  /** Null: the rule does not match, or the parameters cannot be rendered. Write-only ones are hidden. */
  parameters: JsonObject | null;
  /** Null: nothing would be started. */
  would_start: { workflow: string; version: string | null; revision: number | null; issues: Issue[] } | null;
  /** Null: the rule has no `dedupe` or does not match, its key cannot be rendered, or the event is a replay. */
  dedupe: RestraintTest['dedupe'];
  /** Null: the rule has no `throttle` or does not match, or the event repeats a key or is a replay. */
  throttle: RestraintTest['throttle'];
}

/** Why parameters are not shown, and would be refused. */
const TOO_LARGE: RuleReason = {
  code: 'too_large',
  message: `must not have more than ${MAX_PAYLOAD_BYTES} bytes`,
  path: '/parameters',
};

/** Why a rule that a replay does not name starts nothing for it. */
const NOT_ASKED: RuleReason = { code: 'not_asked', message: 'the event is a replay for other rules' };

/** The dependencies of the trials. */
export interface RuleTrialDependencies {
  definitions: Pick<DefinitionReader, 'get'>;
  actions: Pick<ActionService, 'get'>;
  restraints: RestraintTests;
}

/** An event that a rule is tried on. */
export interface TriedEvent {
  event: TemplateEvent;
  /** The integer ids of the rules between it and the outside. */
  chain: readonly number[];
  /** The integer ids of the rules that alone are applied to it; null: all. One that is not stored always is. */
  asked: readonly number[] | null;
}

/** Applies rules to events, and explains what comes of it. Starts nothing and writes nothing. */
export interface RuleTrials {
  /** Applies a rule to an event. */
  apply(principal: Principal, rule: TestedRule, event: TriedEvent): Promise<RuleTest>;
}

/** Creates the trials. */
export function createRuleTrials({ definitions, actions, restraints }: RuleTrialDependencies): RuleTrials {
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

  return {
    async apply(principal, tested, { event, chain, asked }) {
      const { id, compiled: rule } = tested;
      const { type, webhook, allow_loops: allowLoops } = rule.content;
      const { depth } = event;
      const isApplied = id === null || isAsked(asked, id);
      const match = matchRule(rule, event);
      const isMatch = isApplied && match.outcome === 'matched';
      const loop = refuseLoop({ rule: id, allowLoops }, { depth, chain });
      const said = {
        matched: isMatch,
        reason: isApplied ? (describeReason(match, rule, event) ?? loop) : NOT_ASKED,
        type: { pattern: type, matched: matchesPattern(type, event.type) },
        webhook: webhook === null ? null : { name: webhook, matched: webhook === event.webhook },
        when: explainRule(rule, event),
        loop: { depth, chain, suppressed: loop?.code ?? null },
      };
      const nothing = { parameters: null, would_start: null, dedupe: null, throttle: null };
      if (!isMatch || loop !== null) return { ...said, ...nothing };
      const { reason, dedupe, throttle } = await restraints.test(principal.tenant, tested, event);
      if (reason !== null) return { ...said, ...nothing, reason, dedupe, throttle };
      const rendered = renderParameters(rule, event);
      if ('error' in rendered) return { ...said, ...nothing, reason: rendered.error, dedupe, throttle };
      if (exceedsLength(rendered.parameters, MAX_PAYLOAD_BYTES)) {
        return { ...said, ...nothing, reason: TOO_LARGE, dedupe, throttle };
      }
      const { ref, version, revision, schema, issues } = await findTarget(principal, rule.content);
      const { parameters } = rendered;
      return {
        ...said,
        // A change of nothing but the write-only values leaves an object.
        parameters: replaceAt(parameters, writeOnlyPaths(schema), () => MASKED) as JsonObject,
        would_start: { workflow: ref, version, revision, issues: [...issues, ...inputIssues(parameters, schema)] },
        dedupe,
        throttle,
      };
    },
  };
}

/** Says why a rule does not match an event; null: it matches. */
function describeReason(match: Match, { content }: CompiledRule, event: TemplateEvent): RuleReason | null {
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
