import { type FormField, fieldChoices, formFields } from '../../../model/inquiry-form.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';

/** The way in which a person enters a value: a text, a number, one of several values, a list with one value per line, fields, or JSON. */
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
  /** Whether the object that it is a property of must have it. */
  isRequired: boolean;
  /** Whether the form is incomplete without it: it is required, and so are all groups that it is in. */
  isDemanded: boolean;
  /** Whether what is entered must not be seen: its schema says so, or that of a group that it is in. */
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

/**
 * Plans the form for a schema: one field, which has further ones where the schema is that of an object. `name` names it. With `mayBeEmpty`, a
 * form that is one control can be left empty.
 */
export function planForm(schema: JsonObject, name: string, { mayBeEmpty = false } = {}): Field {
  const whole = planField(schema, {
    name,
    path: name,
    isRequired: true,
    isDemanded: true,
    isSecret: false,
    depth: 0,
  });
  return mayBeEmpty ? { ...whole, isDemanded: whole.control.kind === 'group' } : whole;
}

/** The place of a field in the form, and all that follows from it. */
interface Place extends Pick<Field, 'name' | 'path' | 'isRequired' | 'isDemanded' | 'isSecret'> {
  depth: number;
}

function planField(schema: JsonObject, place: Place): Field {
  const { title, description, default: start } = schema;
  const { name, path, isRequired, isDemanded } = place;
  const inherited = place.isSecret || schema.writeOnly === true;
  const control = planControl(schema, { ...place, isSecret: inherited });
  return {
    name,
    path,
    label: typeof title === 'string' && title.trim() !== '' ? title : name,
    note: typeof description === 'string' ? description : '',
    isRequired,
    isDemanded,
    // One control takes all that is in the value.
    isSecret: inherited || (control.kind !== 'group' && namesSecret(schema)),
    start,
    control,
  };
}

/** Reports whether any part of a schema says that a value must not be seen. */
function namesSecret(schema: Json): boolean {
  if (Array.isArray(schema)) return schema.some(namesSecret);
  return isJsonObject(schema) && (schema.writeOnly === true || Object.values(schema).some(namesSecret));
}

function planControl(schema: JsonObject, { path, depth, isDemanded, isSecret }: Place): ControlPlan {
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
    return planField(field, {
      name,
      path: `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      isRequired: required,
      isDemanded: required && isDemanded,
      isSecret,
      depth: depth + 1,
    });
  }
}

function planList(items: Json | undefined): ControlPlan {
  if (!isJsonObject(items) || BEYOND.some((word) => Object.hasOwn(items, word))) return { kind: 'json' };
  const of = items.enum === undefined ? scalarOf(typeIn(items)) : null;
  return of === null ? { kind: 'json' } : { kind: 'list', of };
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
