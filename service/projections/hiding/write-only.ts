import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
import { decodeEscapes } from '../../../model/text.ts';

/** Paths that one schema may have, and schemas that are looked at in it; beyond, everything is hidden. */
const MAX_PATHS = 1_000;
const MAX_VISITS = 50_000;

/** A step of a path to every entry of a list, and the beginning of one to every property but those in the JSON list that follows. */
const EVERY_ENTRY = '*';
const EVERY_PROPERTY = '\u0001';

const SAME_VALUE = ['not', 'if', 'then', 'else'] as const;
const SAME_VALUE_LISTS = ['allOf', 'anyOf', 'oneOf'] as const;
const OTHER_PROPERTIES = ['additionalProperties', 'unevaluatedProperties'] as const;
const ENTRIES = ['items', 'contains', 'unevaluatedItems'] as const;

/**
 * Returns where an input has write-only values by its schema, wherever a validator looks: paths of property names and places in lists,
 * `*` for every entry of a list. In doubt, such as behind a condition or below a schema that contains itself, a value is hidden.
 */
export function writeOnlyPaths(schema: JsonObject | null): string[][] {
  if (schema === null) return [];
  const mentioning = mentions(schema);
  if (!mentioning.has(schema)) return [];
  const paths = new Map<string, string[]>();
  const anchors = anchorsOf(schema);
  const above = new Set<Json>();
  let visits = 0;

  function add(path: string[]): void {
    paths.set(JSON.stringify(path), path);
  }

  function visit(node: Json | undefined, path: string[]): void {
    if (node === undefined || !isJsonObject(node) || !mentioning.has(node)) return;
    visits += 1;
    if (visits > MAX_VISITS || paths.size > MAX_PATHS) return;
    if (node.writeOnly === true || above.has(node)) {
      add(path);
      return;
    }
    above.add(node);
    visitParts(node, path);
    above.delete(node);
  }

  function visitParts(node: JsonObject, path: string[]): void {
    if (typeof node.$ref === 'string') visit(referred(schema!, anchors, node.$ref), path);
    for (const part of sameValueParts(node)) visit(part, path);
    for (const [step, part] of [...propertyParts(node), ...entryParts(node)]) visit(part, [...path, step]);
    // A name cannot be hidden by itself.
    if (isJsonObject(node.propertyNames ?? null) && mentioning.has(node.propertyNames!)) add(path);
  }

  visit(schema, []);
  return visits > MAX_VISITS || paths.size > MAX_PATHS ? [[]] : [...paths.values()];
}

/** Returns the subschemas that apply to the same value. */
function sameValueParts(node: JsonObject): (Json | undefined)[] {
  return [
    ...SAME_VALUE.map((word) => node[word]),
    ...SAME_VALUE_LISTS.flatMap((word) => listAt(node, word)),
    ...Object.values(objectAt(node, 'dependentSchemas')),
  ];
}

/** Returns the subschemas that apply to properties, each with the step of the path to them. */
function propertyParts(node: JsonObject): [string, Json | undefined][] {
  const properties = objectAt(node, 'properties');
  const others = EVERY_PROPERTY + JSON.stringify(Object.keys(properties));
  return [
    ...Object.entries(properties),
    ...Object.values(objectAt(node, 'patternProperties')).map((part): [string, Json] => [`${EVERY_PROPERTY}[]`, part]),
    ...OTHER_PROPERTIES.map((word): [string, Json | undefined] => [others, node[word]]),
  ];
}

/** Returns the subschemas that apply to entries of a list, each with the step of the path to them. */
function entryParts(node: JsonObject): [string, Json | undefined][] {
  return [
    ...listAt(node, 'prefixItems').map((part, index): [string, Json] => [String(index), part]),
    ...ENTRIES.map((word): [string, Json | undefined] => [EVERY_ENTRY, node[word]]),
  ];
}

function objectAt(node: JsonObject, name: string): JsonObject {
  const value = node[name] ?? null;
  return isJsonObject(value) ? value : {};
}

function listAt(node: JsonObject, name: string): Json[] {
  const value = node[name];
  return Array.isArray(value) ? value : [];
}

/** Returns an input in which the values at some paths are replaced; null and missing values stay. */
export function replaceAt(value: Json, paths: readonly (readonly string[])[], replace: (value: Json) => Json): Json {
  return paths.reduce<Json>((shown, path) => replaceOne(shown, path, replace), value);
}

function replaceOne(value: Json, path: readonly string[], replace: (value: Json) => Json): Json {
  const [name, ...rest] = path;
  if (name === undefined) return value === null ? null : replace(value);
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      name === EVERY_ENTRY || name === String(index) ? replaceOne(item, rest, replace) : item,
    );
  }
  if (!isJsonObject(value)) return value;
  if (name.startsWith(EVERY_PROPERTY)) {
    const except = new Set(JSON.parse(name.slice(1)) as string[]); // written above
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [key, except.has(key) ? field : replaceOne(field, rest, replace)]),
    );
  }
  return Object.hasOwn(value, name) ? { ...value, [name]: replaceOne(value[name]!, rest, replace) } : value;
}

/**
 * Returns the parts of a schema that contain `writeOnly` or a reference, whatever it leads to; empty for a schema without `writeOnly`.
 */
function mentions(schema: JsonObject): ReadonlySet<Json> {
  const found = new Set<Json>();
  let says = false;
  const look = (value: Json): boolean => {
    if (typeof value !== 'object' || value === null) return false;
    const isObject = isJsonObject(value);
    if (isObject && value.writeOnly === true) says = true;
    let any = isObject && (value.writeOnly === true || typeof value.$ref === 'string');
    for (const part of Object.values(value)) any = look(part) || any;
    if (any) found.add(value);
    return any;
  };
  look(schema);
  return says ? found : new Set();
}

/** Returns the schema to which a reference within a schema leads; undefined if it leads nowhere. */
function referred(schema: JsonObject, anchors: ReadonlyMap<string, Json>, reference: string): Json | undefined {
  const pointer = reference.slice(1);
  const fragment = decodeEscapes(pointer) ?? pointer;
  if (fragment === '') return schema;
  if (!fragment.startsWith('/')) return anchors.get(fragment);
  let found: Json | undefined = schema;
  for (const part of fragment.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(found)) found = found[Number(key)];
    else found = found !== undefined && isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
}

/** Returns the schemas with an anchor, by its name, and the whole schema. */
function anchorsOf(schema: JsonObject): Map<string, Json> {
  const anchors = new Map<string, Json>([['', schema]]);
  const look = (value: Json): void => {
    if (Array.isArray(value)) value.forEach(look);
    else if (isJsonObject(value)) {
      if (typeof value.$anchor === 'string') anchors.set(value.$anchor, value);
      Object.values(value).forEach(look);
    }
  };
  look(schema);
  return anchors;
}
