import { canonicalJson, type Json } from '../../model/json.ts';
import type { DraftedFields, RuleDraft } from '../../model/rules/draft.ts';
import type { RuleContent, RuleCreate } from '../../model/rules/rule.ts';
import type { HashedContent, RuleFields, StoredRule } from '../../store/rules/rule-reads.ts';
import { sha256Hex } from '../access/hash.ts';

/** Returns the body with which a stored rule could be created. */
export function toRuleBody({ ref, packRef, label, description, tags, enabled, content }: StoredRule): RuleCreate {
  const { type, trigger_ref, ...rest } = content;
  return {
    ref,
    pack_ref: packRef,
    label,
    description,
    tags,
    enabled,
    ...(trigger_ref === null ? { type } : { trigger_ref }),
    ...rest,
  };
}

/** Alternatives: who gives one of them takes the other one away. */
const ALTERNATIVES = [
  ['type', 'trigger_ref'],
  ['workflow', 'action_ref'],
] as const;

/** Returns the rule that an update of a stored one describes. */
export function mergeUpdate(stored: StoredRule, update: RuleDraft): RuleDraft {
  const before: DraftedFields = toRuleBody(stored);
  for (const pair of ALTERNATIVES) {
    const isGiven = pair.some((name) => update.fields[name] != null || update.malformed.has(name));
    if (isGiven) for (const name of pair) delete before[name];
  }
  for (const name of update.malformed) delete before[name as keyof RuleCreate];
  const given = Object.entries(update.fields).filter(([, value]) => value !== undefined);
  return { ...update, fields: { ...before, ...Object.fromEntries(given) } };
}

/** Returns the fields of a rule that change without a new revision. */
export function readRuleFields({ label, description = null, tags = [], enabled = true }: RuleCreate): RuleFields {
  return { label, description, tags, enabled };
}

/** Builds what a revision holds; `triggerType` is the type of the trigger that the rule names. */
export function buildRuleContent(body: RuleCreate, triggerType: string | undefined): HashedContent {
  const content: RuleContent = {
    trigger_ref: body.trigger_ref ?? null,
    type: triggerType ?? body.type ?? '',
    webhook: body.webhook ?? null,
    when: body.when ?? null,
    workflow: body.workflow ?? null,
    action_ref: body.action_ref ?? null,
    version: body.version ?? null,
    parameters: body.parameters ?? {},
    run_tags: body.run_tags ?? [],
    dedupe: body.dedupe ?? null,
    throttle: body.throttle ?? null,
    ordered: body.ordered ?? false,
    allow_loops: body.allow_loops ?? false,
  };
  // It was parsed from JSON.
  return { content, hash: sha256Hex(canonicalJson(content as unknown as Json)) };
}

/** Reports whether two states of a rule have the same fields. */
export function sameRuleFields(a: RuleFields, b: RuleFields): boolean {
  const shown = ({ label, description, tags, enabled }: RuleFields) =>
    JSON.stringify([label, description, tags, enabled]);
  return shown(a) === shown(b);
}
