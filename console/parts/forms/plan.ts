import { type FormField, fieldChoices, formFields } from '../../../model/inquiry-form.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';

/** The way in which a person enters a value: a text, a number, one of several values, a list with one value in each line, fields, or JSON. */
export type ControlPlan =
  | { kind: 'text' | 'number' | 'integer' | 'json' }
  | { kind: 'choice'; choices: readonly Json[] }
  | { kind: 'list'; of: 'text' | 'number' | 'integer' }
  | { kind: 'group'; fields: readonly Field[] };

/** A field of a form for a JSON schema. */
export interface Field {
  /** The name of the property. */
  name: string;
  /** The name of its control, which differs from that of all other fields. */
  path: string;
  /** Its title or, without one, its name. */
  label: string;
  note: string;
  isRequired: boolean;
  /** Whether what is entered must not be seen. */
  isSecret: boolean;
  /** The value that the schema gives it; undefined: none. */
  start: Json | undefined;
  control: ControlPlan;
}

/** How deep fields stand in each other before one of them takes JSON. */
const DEEPEST = 4;

/** Words with which a schema says more than a form can show. */
const BEYOND = ['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'patternProperties', 'const'];

const SCALARS: Record<string, 'text' | 'number' | 'integer'> = { string: 'text', number: 'number', integer: 'integer' };

/** How many fields a group has before it takes JSON. */
const MOST = 100;

/** Plans the form for a schema: one field, which has further ones where the schema is that of an object. `name` names it. */
export function planForm(schema: JsonObject, name: string): Field {
  return planField(schema, { name, path: name, isRequired: true, depth: 0 });
}

interface Place {
  name: string;
  path: string;
  isRequired: boolean;
  depth: number;
}

function planField(schema: JsonObject, { name, path, isRequired, depth }: Place): Field {
  const { title, description, default: start, writeOnly } = schema;
  const isSecret = writeOnly === true;
  return {
    name,
    path,
    label: typeof title === 'string' && title.trim() !== '' ? title : name,
    note: typeof description === 'string' ? description : '',
    isRequired,
    isSecret,
    start,
    control: planControl(schema, path, depth),
  };
}

function planControl(schema: JsonObject, path: string, depth: number): ControlPlan {
  if (BEYOND.some((word) => Object.hasOwn(schema, word))) return { kind: 'json' };
  const choices = fieldChoices(schema);
  if (choices !== null) return { kind: 'choice', choices };
  const type = typeIn(schema);
  const scalar = scalarOf(type);
  if (scalar !== null) return { kind: scalar };
  if (type === 'array') return planList(schema.items);
  if (!isJsonObject(schema.properties) || depth >= DEEPEST) return { kind: 'json' };
  const fields = formFields(schema);
  return fields.length > MOST ? { kind: 'json' } : { kind: 'group', fields: fields.map(planPart) };

  function planPart({ name, schema: field, required }: FormField): Field {
    const below = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return planField(field, { name, path: below, isRequired: required, depth: depth + 1 });
  }
}

function planList(items: Json | undefined): ControlPlan {
  if (!isJsonObject(items) || BEYOND.some((word) => Object.hasOwn(items, word))) return { kind: 'json' };
  const of = items.enum === undefined ? scalarOf(typeIn(items)) : null;
  return of === null || items.writeOnly === true ? { kind: 'json' } : { kind: 'list', of };
}

/** Returns the one type of a schema; what may be null instead can be left out. */
function typeIn({ type }: JsonObject): Json | undefined {
  if (!Array.isArray(type)) return type;
  const others = type.filter((each) => each !== 'null');
  return others.length === 1 ? others[0] : undefined;
}

function scalarOf(type: Json | undefined): 'text' | 'number' | 'integer' | null {
  return typeof type === 'string' && Object.hasOwn(SCALARS, type) ? SCALARS[type]! : null;
}

/** Reports whether a field, or one in it, takes what must not be seen. */
export function hasSecret({ isSecret, control }: Field): boolean {
  return isSecret || (control.kind === 'group' && control.fields.some(hasSecret));
}
