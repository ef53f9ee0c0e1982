import { BUILTIN_ACTIONS } from './builtin-actions.ts';

// The Automation API calls workflow definitions rules, with UUIDs (version 8, RFC 9562) that are computed from what they identify.

const WORKFLOW = 'f0000000-0000-8000-8000-';
const ACTION = 'f0000000-0000-8001-8000-';
const EVENT_RULE = 'f0000000-0000-8002-8000-';

/** A rule: one that starts runs for events, a workflow definition, or a built-in action, which runs as a run of one task. */
export type Rule = { definition: number } | { action: string } | { eventRule: number };

/** Returns the UUID of a rule; for a ref without an action, one that no rule has. */
export function ruleUuid(rule: Rule): string {
  if ('eventRule' in rule) return eventRuleUuid(rule.eventRule);
  if ('definition' in rule) return WORKFLOW + rule.definition.toString(16).padStart(12, '0');
  return ACTION + nameNumber(rule.action).toString(16).padStart(12, '0');
}

/** Returns the rule of a UUID; undefined for one that no rule has. */
export function parseRuleUuid(uuid: string): Rule | undefined {
  const text = uuid.toLowerCase();
  if (text.startsWith(EVENT_RULE)) return { eventRule: Number.parseInt(text.slice(EVENT_RULE.length), 16) };
  if (text.startsWith(WORKFLOW)) return { definition: Number.parseInt(text.slice(WORKFLOW.length), 16) };
  const found = BUILTIN_ACTIONS.find(({ ref }) => ruleUuid({ action: ref }) === text);
  return found === undefined ? undefined : { action: found.ref };
}

/** Returns a number for a name, below 2^47, which never changes. */
function nameNumber(name: string): number {
  let number = 7;
  for (const character of name) number = (number * 131 + character.codePointAt(0)!) % 2 ** 40;
  return number;
}

/** Returns the UUID of a rule that starts runs for events, by its integer id. */
export function eventRuleUuid(id: number): string {
  return EVENT_RULE + id.toString(16).padStart(12, '0');
}
