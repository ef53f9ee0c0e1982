import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';

/** A field of an object, as its schema describes it. */
export interface DescribedField {
  name: string;
  /** Its type in words, such as `string, required` or `"GET" or "POST"`; empty where its schema does not say it in a few words. */
  words: string;
  /** Its title and description; empty: it has neither. */
  note: string;
}

/** Describes the fields that the schema of an object declares, in its order. */
export function describeFields({ properties, required }: JsonObject): DescribedField[] {
  if (!isJsonObject(properties ?? null)) return [];
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(properties as JsonObject).map(([name, schema]) => {
    const said: JsonObject = isJsonObject(schema) ? schema : {};
    const words = [typeWords(said), ...(needed.includes(name) ? ['required'] : []), ...defaultWords(said)];
    const notes = [said.title, said.description].filter((text) => typeof text === 'string');
    return { name, words: words.filter((word) => word !== '').join(', '), note: notes.join('. ') };
  });
}

/** How many values a field has before they are not listed. */
const LISTED = 6;

function typeWords({ enum: values, type, items, format, writeOnly }: JsonObject): string {
  if (Array.isArray(values) && values.length <= LISTED)
    return values.map((value) => JSON.stringify(value)).join(' or ');
  const secret = writeOnly === true ? ['hidden'] : [];
  if (type === 'array' && isJsonObject(items ?? null)) {
    const inner = typeWords(items as JsonObject);
    return [inner === '' ? 'list' : `list of ${inner}`, ...secret].join(', ');
  }
  const types = (Array.isArray(type) ? type : [type ?? '']).map((each: Json) => String(each)).join(' or ');
  return [typeof format === 'string' ? `${types} (${format})` : types, ...secret].join(', ');
}

function defaultWords({ default: value }: JsonObject): string[] {
  return value === undefined ? [] : [`default ${JSON.stringify(value)}`];
}
