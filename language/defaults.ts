import { isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';

/** The value with the schema's defaults filled in where a property is absent, through nested properties. */
export function applyDefaults(schema: Json | undefined, value: Json): Json {
  if (!isJsonObject(schema) || !isJsonObject(value)) return value;
  const properties = ownValue(schema, 'properties');
  if (!isJsonObject(properties)) return value;
  const result: JsonObject = { ...value };
  for (const [name, property] of Object.entries(properties)) {
    const present = ownValue(result, name);
    if (present !== undefined) result[name] = applyDefaults(property, present);
    else if (isJsonObject(property) && Object.hasOwn(property, 'default')) result[name] = property.default ?? null;
  }
  return result;
}
