import type { Json, JsonObject } from '../../../../model/json.ts';
import { refuseInput } from '../../../client/request-error.ts';
import type { ShownRule } from '../../../client/shapes.ts';
import { readJsonText } from '../../../parts/forms/json-text.ts';

/** The fields of a rule that have no control, but are entered together as JSON. */
const FURTHER = [
  'description',
  'tags',
  'trigger_ref',
  'version',
  'run_tags',
  'dedupe',
  'throttle',
  'ordered',
  'allow_loops',
] as const;

/** A rule as the controls of its form show it. */
export interface RuleEntries {
  ref: string;
  label: string;
  type: string;
  webhook: string;
  when: string;
  /** Which of both `started` is. */
  kind: 'workflow' | 'action_ref';
  started: string;
  /** JSON. */
  parameters: string;
  /** JSON: an object with further fields. */
  further: string;
}

/** Returns the entries with which the form of a new rule begins; `workflow` is what it is to start, if that is known. */
export function beginRule(workflow: string | null): RuleEntries {
  return {
    ref: '',
    label: '',
    type: '',
    webhook: '',
    when: '',
    kind: 'workflow',
    started: workflow ?? '',
    parameters: '{}',
    further: '',
  };
}

/** Returns the entries of a stored rule. */
export function showRule(rule: ShownRule): RuleEntries {
  const { ref, label, type, trigger_ref, webhook, when, workflow, action_ref, parameters } = rule;
  return {
    ref,
    label,
    // The trigger says it.
    type: trigger_ref === null ? type : '',
    webhook: webhook ?? '',
    when: when ?? '',
    kind: workflow === null ? 'action_ref' : 'workflow',
    started: workflow ?? action_ref ?? '',
    parameters: JSON.stringify(parameters, null, 2),
    further: JSON.stringify(Object.fromEntries(FURTHER.map((name) => [name, rule[name]])), null, 2),
  };
}

/**
 * Reads what decides and is started from the form of a rule, as an update takes it: an optional text that is empty is null. Throws a
 * RequestError for what is not JSON.
 */
export function readRuleForm(entries: FormData): JsonObject {
  const text = (name: string) => String(entries.get(name) ?? '').trim();
  const optional = (name: string) => text(name) || null;
  const kind = text('kind') as RuleEntries['kind'];
  const further = readJsonText(text('further'), { name: 'further', label: 'Further fields' }, {});
  if (typeof further !== 'object' || further === null || Array.isArray(further)) {
    throw refuseInput('"Further fields" must be an object, as in { "ordered": true }.', 'further');
  }
  const parameters: Json = readJsonText(text('parameters'), { name: 'parameters', label: 'Parameters' }, {});
  return {
    label: text('label'),
    type: optional('type'),
    webhook: optional('webhook'),
    when: optional('when'),
    workflow: kind === 'workflow' ? text('started') : null,
    action_ref: kind === 'action_ref' ? text('started') : null,
    parameters,
    ...further,
  };
}

/** Returns the body of a new rule: its pack is the first part of its name. */
export function nameRule(ref: string, fields: JsonObject): JsonObject {
  return { ref, pack_ref: ref.split('.')[0]!, ...fields };
}

/** Returns the fields of a stored rule in the order in which `readRuleForm` reads them. */
export function listRuleFields(rule: ShownRule): JsonObject {
  const { label, type, trigger_ref, webhook, when, workflow, action_ref, parameters } = rule;
  const further = Object.fromEntries(FURTHER.map((name) => [name, rule[name]]));
  const fields = { label, type: trigger_ref === null ? type : null, webhook, when, workflow, action_ref, parameters };
  return { ...fields, ...further } as JsonObject; // the API answers with JSON
}
