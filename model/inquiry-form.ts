import { isJsonObject, type Json, type JsonObject } from './json.ts';

// The form of a decision, as pages and chats show it: a field for each property of its schema.

/** A field of a form. */
export interface FormField {
  name: string;
  schema: JsonObject;
  required: boolean;
}

/** The name of the only field, which takes JSON, of a schema without properties. */
export const WHOLE_FORM = '(whole)';

/** Returns the fields of a form with a schema. */
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

/** Returns the choices of a field; null: any text may be entered. */
export function fieldChoices({ enum: words, type }: JsonObject): Json[] | null {
  if (Array.isArray(words)) return words;
  return type === 'boolean' ? [true, false] : null;
}

/** Builds the response from the text of each field; leaves out empty ones. Returns null without a form. */
export function formResponse(schema: JsonObject | null, written: (name: string) => string): Json {
  const fields = formFields(schema);
  const read = ({ name, schema: field }: FormField): Json => {
    const text = written(name);
    if (text === '') return null;
    // The value of a field that is a text by its schema stays a text, whatever it looks like.
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
