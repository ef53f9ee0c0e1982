import { NEWEST_DIALECT } from '../../expression/dialect.ts';
import type { Scope } from '../../expression/evaluator.ts';
import type { Value } from '../../expression/values.ts';
import type { TemplateEvent } from '../../model/events/event.ts';
import type { Issue } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { matchesPattern } from '../../model/rules/patterns.ts';
import { WorkMeter } from '../../model/work.ts';
import { RenderError, renderValue, type TemplateValue } from '../templates/value.ts';
import { findPath } from './absent-paths.ts';
import type { CompiledRule } from './compiler.ts';

/** Most work of a condition, and of a key, in units: a few milliseconds. */
export const CONDITION_WORK = 20_000;

/** Most work of the parameters of a start. */
const PARAMETER_WORK = 100_000;

/** Most characters of the key of `dedupe`. */
const MAX_KEY = 1_000;

/** Why a rule cannot be applied to an event; `path` points into the rule, line and column into a template. */
export interface RuleFailure {
  code: 'template_error' | 'condition_not_boolean';
  message: string;
  path: string;
  line?: number;
  column?: number;
}

/** Why a rule does not match an event. `path` is the path in the condition that the event does not have, for `undefined`. */
export type NoMatch =
  | { code: 'type_mismatch' | 'webhook_mismatch' | 'condition_false' }
  | { code: 'undefined'; path: string };

/** The result of applying a rule to an event. */
export type Match =
  | { outcome: 'matched' }
  | { outcome: 'none'; reason: NoMatch }
  | { outcome: 'failed'; reason: RuleFailure };

/**
 * Applies a rule to an event. The result depends on nothing else, so it can be found again at any time. Paths that the event does not
 * have mean no match; other errors are failures.
 */
export function matchRule(rule: CompiledRule, event: TemplateEvent): Match {
  const { content, when, fault } = rule;
  if (!matchesPattern(content.type, event.type)) return { outcome: 'none', reason: { code: 'type_mismatch' } };
  if (content.webhook !== null && content.webhook !== event.webhook) {
    return { outcome: 'none', reason: { code: 'webhook_mismatch' } };
  }
  if (fault !== null) return { outcome: 'failed', reason: describeFault(fault) };
  return when === null ? { outcome: 'matched' } : matchCondition(when, createRuleScope(rule, event, CONDITION_WORK));
}

function matchCondition(when: TemplateValue, scope: Scope): Match {
  try {
    const value = renderValue(when, scope);
    if (value === true) return { outcome: 'matched' };
    if (value === false) return { outcome: 'none', reason: { code: 'condition_false' } };
    const message = `must be true or false, not ${kindOf(value)}; the filter bool makes one of it`;
    return { outcome: 'failed', reason: { code: 'condition_not_boolean', message, path: '/when' } };
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    if (error.kind !== 'undefined') return { outcome: 'failed', reason: describeFailure(error) };
    return { outcome: 'none', reason: { code: 'undefined', path: findPath(when, error) } };
  }
}

/** Renders what a rule starts a run with. Strict: a path that the event does not have is an error. */
export function renderParameters(
  rule: CompiledRule,
  event: TemplateEvent,
): { parameters: JsonObject } | { error: RuleFailure } {
  if (rule.fault !== null) return { error: describeFault(rule.fault) };
  const rendered = render(rule.parameters, createRuleScope(rule, event, PARAMETER_WORK));
  if ('error' in rendered) return rendered;
  const { value } = rendered;
  if (isJsonObject(value)) return { parameters: value };
  const message = `must evaluate to an object, not ${kindOf(value)}`;
  return { error: { code: 'template_error', message, path: '/parameters' } };
}

/** Renders the key of `dedupe`, a text; null for a rule without one. A path that the event does not have is an error. */
export function renderDedupeKey(
  rule: CompiledRule,
  event: TemplateEvent,
): { key: string } | { error: RuleFailure } | null {
  if (rule.key === null) return null;
  const rendered = render(rule.key, createRuleScope(rule, event, CONDITION_WORK));
  if ('error' in rendered) return rendered;
  const { value } = rendered;
  const key = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof key === 'string' && key.length <= MAX_KEY) return { key };
  const message =
    typeof key === 'string'
      ? `must have at most ${MAX_KEY} characters, not ${key.length}`
      : `must evaluate to a text, not ${kindOf(key)}`;
  return { error: { code: 'template_error', message, path: '/dedupe/key' } };
}

/** Creates the names that the templates of a rule see, which may do so much work together. */
export function createRuleScope(
  { name }: Pick<CompiledRule, 'name'>,
  event: TemplateEvent,
  work: number | WorkMeter,
): Scope {
  const { ref, revision } = name;
  return {
    // An event is nothing but JSON.
    lookup: (root) =>
      root === 'event' ? (event as unknown as Value) : root === 'rule' ? { ref, revision } : undefined,
    names: () => ['event', 'rule'],
    dialect: NEWEST_DIALECT,
    meter: typeof work === 'number' ? new WorkMeter(work) : work,
  };
}

function render(value: TemplateValue, scope: Scope): { value: Json } | { error: RuleFailure } {
  try {
    return { value: renderValue(value, scope) };
  } catch (error) {
    if (error instanceof RenderError) return { error: describeFailure(error) };
    throw error;
  }
}

function describeFault({ code: _, ...issue }: Issue): RuleFailure {
  return { code: 'template_error', ...issue };
}

function describeFailure({ field, message, line, column }: RenderError): RuleFailure {
  return { code: 'template_error', message, path: field, line, column };
}

function kindOf(value: Json): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value === 'string' ? 'text' : typeof value}`;
}
