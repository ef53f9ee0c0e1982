import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';

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
  const paths = new Map<string, string[]>();
  const anchors = anchorsOf(schema);
  let visits = 0;

  function add(path: string[]): void {
    paths.set(JSON.stringify(path), path);
  }

  function visit(node: Json | undefined, path: string[], above: ReadonlySet<Json>): void {
    if (node === undefined || !isJsonObject(node)) return;
    visits += 1;
    if (visits > MAX_VISITS || paths.size > MAX_PATHS) return;
    const loops = above.has(node);
    if (node.writeOnly === true || (loops && mentions(node, anchors))) add(path);
    if (node.writeOnly === true || loops) return;
    const within = new Set([...above, node]);
    const below = (name: string) => Object.entries(isJsonObject(node[name] ?? null) ? (node[name] as JsonObject) : {});
    const listed = (name: string) => (Array.isArray(node[name]) ? (node[name] as Json[]) : []);
    if (typeof node.$ref === 'string') visit(referred(schema!, anchors, node.$ref), path, within);
    for (const word of SAME_VALUE) visit(node[word], path, within);
    for (const word of SAME_VALUE_LISTS) for (const part of listed(word)) visit(part, path, within);
    for (const [, part] of below('dependentSchemas')) visit(part, path, within);
    const properties = below('properties');
    for (const [name, property] of properties) visit(property, [...path, name], within);
    const others = EVERY_PROPERTY + JSON.stringify(properties.map(([name]) => name));
    for (const [, part] of below('patternProperties')) visit(part, [...path, `${EVERY_PROPERTY}[]`], within);
    for (const word of OTHER_PROPERTIES) visit(node[word], [...path, others], within);
    // A name cannot be hidden by itself.
    if (mentions(node.propertyNames, anchors)) add(path);
    for (const [index, part] of listed('prefixItems').entries()) visit(part, [...path, String(index)], within);
    for (const word of ENTRIES) visit(node[word], [...path, EVERY_ENTRY], within);
  }

  visit(schema, [], new Set());
  return visits > MAX_VISITS || paths.size > MAX_PATHS ? [[]] : [...paths.values()];
}

/** An input with what is at some paths replaced; what is null, or not there, stays. */
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

/** Whether a schema says `writeOnly` anywhere in it, or in what it refers to: whatever it refers to counts. */
function mentions(node: Json | undefined, anchors: ReadonlyMap<string, Json>): boolean {
  const text = JSON.stringify(node ?? null);
  if (text.includes('"writeOnly":true')) return true;
  return (
    text.includes('"$ref"') && [...anchors.values()].some((each) => JSON.stringify(each).includes('"writeOnly":true'))
  );
}

/** What a reference within a schema means; undefined where it means nothing. */
function referred(schema: JsonObject, anchors: ReadonlyMap<string, Json>, reference: string): Json | undefined {
  const fragment = decoded(reference.slice(1));
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

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The schemas with an anchor, by its name, and the whole. */
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
