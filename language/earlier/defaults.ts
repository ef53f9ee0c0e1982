import { isJsonObject, type Json, type JsonObject, ownValue } from '../../model/json.ts';

/** Fills in defaults as interpreters before 10 do: where a property is absent, through nested `properties` alone. */
export function applyDefaultsAsBefore10(schema: Json | undefined, value: Json): Json {
  if (!isJsonObject(schema) || !isJsonObject(value)) return value;
  const properties = ownValue(schema, 'properties');
  if (!isJsonObject(properties)) return value;
  const result: JsonObject = { ...value };
  for (const [name, property] of Object.entries(properties)) {
    const present = ownValue(result, name);
    if (present !== undefined) result[name] = applyDefaultsAsBefore10(property, present);
    else if (isJsonObject(property) && Object.hasOwn(property, 'default')) result[name] = property.default ?? null;
  }
  return result;
}
