import { canonicalJson, isJsonObject, type JsonObject, ownValue } from '../../../../model/json.ts';
import { RequestError, refuseInput } from '../../../client/request-error.ts';
import type { ShownRule } from '../../../client/shapes.ts';
import { readJsonText } from '../../../parts/forms/json-text.ts';

/** The fields of a rule that have no control, but are entered together as JSON, with their empty values. */
const FURTHER = {
  description: null,
  tags: [],
  trigger_ref: null,
  version: null,
  run_tags: [],
  dedupe: null,
  throttle: null,
  ordered: false,
  allow_loops: false,
} satisfies Partial<ShownRule>;

/** The controls that hold fields with other names. */
const CONTROLS: Record<string, string> = {
  pack_ref: 'ref',
  workflow: 'started',
  action_ref: 'started',
  ...Object.fromEntries(Object.keys(FURTHER).map((name) => [name, 'further'])),
};

/** A rule as the controls of its form show it. */
export interface RuleEntries {
  ref: string;
  label: string;
  type: string;
  webhook: string;
  when: string;
  /** Whether `started` names a workflow or an action. */
  kind: 'workflow' | 'action_ref';
  started: string;
  /** JSON. */
  parameters: string;
  /** JSON: an object with further fields. */
  further: string;
}

/** The entries with which the form of a new rule begins. */
export const NEW_RULE: RuleEntries = {
  ref: '',
  label: '',
  type: '',
  webhook: '',
  when: '',
  kind: 'workflow',
  started: '',
  parameters: '{}',
  further: '',
};

/** Returns the entries of a stored rule. */
export function showRule(rule: ShownRule): RuleEntries {
  const { ref, label, webhook, when, workflow, action_ref, parameters } = rule;
  return {
    ref,
    label,
    type: ownType(rule) ?? '',
    webhook: webhook ?? '',
    when: when ?? '',
    kind: workflow === null ? 'action_ref' : 'workflow',
    started: workflow ?? action_ref ?? '',
    parameters: JSON.stringify(parameters, null, 2),
    further: JSON.stringify(listFurther(rule), null, 2),
  };
}

/**
 * Reads the fields of a rule from its form, as an update takes them: an optional field that is empty or missing has its empty value. Throws a
 * RequestError for what is not JSON, and for further fields that do not exist.
 */
export function readRuleForm(entries: FormData): JsonObject {
  const text = (name: string) => String(entries.get(name) ?? '').trim();
  const optional = (name: string) => text(name) || null;
  const kind = text('kind') as RuleEntries['kind'];
  const further = readFurther(text('further'));
  return {
    label: text('label'),
    type: optional('type'),
    webhook: optional('webhook'),
    when: optional('when'),
    workflow: kind === 'workflow' ? text('started') : null,
    action_ref: kind === 'action_ref' ? text('started') : null,
    parameters: readJsonText(text('parameters'), { name: 'parameters', label: 'Parameters' }, {}),
    ...further,
  };
}

function readFurther(text: string): JsonObject {
  const further = readJsonText(text, { name: 'further', label: 'Further fields' }, {});
  if (!isJsonObject(further)) {
    throw refuseInput('"Further fields" must be an object, as in { "ordered": true }.', 'further');
  }
  const unknown = Object.keys(further).find((name) => !Object.hasOwn(FURTHER, name));
  if (unknown !== undefined) {
    const names = Object.keys(FURTHER).join(', ');
    throw refuseInput(`"Further fields" cannot have "${unknown}". They are ${names}.`, 'further');
  }
  return { ...FURTHER, ...further };
}

/** Returns the body of a new rule: its pack is the first part of its name. */
export function nameRule(ref: string, fields: JsonObject): JsonObject {
  return { ref, pack_ref: ref.split('.')[0]!, ...fields };
}

/** Returns the fields of a stored rule in the order in which `readRuleForm` reads them. */
export function listRuleFields(rule: ShownRule): JsonObject {
  const { label, webhook, when, workflow, action_ref, parameters } = rule;
  const type = ownType(rule);
  // The API answers with JSON.
  return { label, type, webhook, when, workflow, action_ref, parameters, ...listFurther(rule) } as JsonObject;
}

/** Returns the fields that differ from those of a stored rule: an update with them alone keeps the authors of the rest. */
export function pickChanges(fields: JsonObject, stored: JsonObject): JsonObject {
  const changes = Object.entries(fields).filter(
    ([name, value]) => canonicalJson(value) !== canonicalJson(ownValue(stored, name) ?? null),
  );
  return Object.fromEntries(changes);
}

/** Returns a refusal of the API as one that names the control which holds the field. */
export function locateRefusal(refusal: RequestError): RequestError {
  const { message, status, code, requestId, control, details, further } = refusal;
  const holder = control === null ? null : (ownValue(CONTROLS, control) ?? control);
  return new RequestError(message, { status, code, requestId, control: holder, details, further });
}

/** Returns the type that a rule names itself; null: its trigger has the type. */
function ownType({ type, trigger_ref }: ShownRule): string | null {
  return trigger_ref === null ? type : null;
}

function listFurther(rule: ShownRule): JsonObject {
  const names = Object.keys(FURTHER) as (keyof typeof FURTHER)[];
  return Object.fromEntries(names.map((name) => [name, rule[name]])) as JsonObject; // the API answers with JSON
}
