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
    const words = [
      typeWords(said),
      said.writeOnly === true ? 'hidden' : '',
      needed.includes(name) ? 'required' : '',
      said.default === undefined ? '' : `default ${JSON.stringify(said.default)}`,
    ];
    const notes = [said.title, said.description].filter((text) => typeof text === 'string');
    return { name, words: words.filter((word) => word !== '').join(', '), note: notes.join('. ') };
  });
}

/** How many values a field has before they are not listed. */
const LISTED = 6;

function typeWords({ enum: values, type, items, format }: JsonObject): string {
  if (Array.isArray(values) && values.length <= LISTED)
    return values.map((value) => JSON.stringify(value)).join(' or ');
  if (type === 'array' && isJsonObject(items ?? null)) {
    const inner = typeWords(items as JsonObject);
    return inner === '' ? 'list' : `list of ${inner}`;
  }
  const types = (Array.isArray(type) ? type : [type ?? '']).map((each: Json) => String(each)).join(' or ');
  if (typeof format !== 'string') return types;
  return types === '' ? format : `${types} (${format})`;
}
