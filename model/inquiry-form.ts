import { isJsonObject, type Json, type JsonObject } from './json.ts';

// The form that comes with a decision, as pages and chats show it: a field for each property of its schema.

/** A field of a form. */
export interface FormField {
  name: string;
  schema: JsonObject;
  required: boolean;
}

/** The name of the one field that takes JSON, where a schema has no properties. */
export const WHOLE_FORM = '(whole)';

/** The fields that a schema asks for. */
export function formFields(schema: JsonObject | null): FormField[] {
  if (schema === null) return [];
  const { properties, required } = schema;
  if (!isJsonObject(properties ?? null)) return [{ name: WHOLE_FORM, schema: {}, required: true }];
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(properties as JsonObject).map(([name, field]) => ({
    name,
    schema: isJsonObject(field) ? field : {},
    required: needed.includes(name),
  }));
}

/** What may be chosen for a field; null: anything may be written. */
export function fieldChoices({ enum: words, type }: JsonObject): Json[] | null {
  if (Array.isArray(words)) return words;
  return type === 'boolean' ? [true, false] : null;
}

/** The response out of what was written into each field; what is empty is left out. Null without a form. */
export function formResponse(schema: JsonObject | null, written: (name: string) => string): Json {
  const fields = formFields(schema);
  const read = ({ name, schema: field }: FormField): Json => {
    const text = written(name);
    if (text === '') return null;
    // What is a text by its schema is one, whatever it looks like.
    return field.type === 'string' && fieldChoices(field) === null ? text : parsedOrText(text);
  };
  const [first] = fields;
  if (first === undefined) return null;
  if (first.name === WHOLE_FORM) return read(first);
  const entries = fields.map((field): [string, Json] => [field.name, read(field)]);
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

function parsedOrText(text: string): Json {
  try {
    const value = JSON.parse(text) as Json;
    // A whole number that would lose digits stays a text, which no schema takes for a number.
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value;
  } catch {
    return text;
  }
}
