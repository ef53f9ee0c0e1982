import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { Evaluated } from './evaluated.ts';
import type { Check, SchemaNode, SchemaValidation, Subschemas } from './node.ts';
import type { ValuePlace } from './place.ts';

/** The checks of the keywords that apply subschemas to the same value. */
export function inPlaceChecks(schemas: Subschemas): Check[] {
  return [...allOfCheck(schemas), ...choiceChecks(schemas), ...conditionCheck(schemas), ...dependentCheck(schemas)];
}

function allOfCheck({ list }: Subschemas): Check[] {
  return list('allOf').map(
    (node): Check =>
      (walk, value, place, evaluated) =>
        walk.visit(node, value, place, evaluated),
  );
}

/** Visits an alternative; its entries count as evaluated only if it matches. */
function tries(walk: SchemaValidation, node: SchemaNode, value: Json, evaluated: Evaluated | null): boolean {
  if (evaluated === null) return walk.visit(node, value, null, null);
  const own = new Evaluated();
  const valid = walk.visit(node, value, null, own);
  if (valid) evaluated.merge(own, walk.meter);
  return valid;
}

function choiceChecks({ list, one }: Subschemas): Check[] {
  const checks: Check[] = [];
  const any = list('anyOf');
  if (any.length > 0) {
    checks.push((walk, value, place, evaluated) => {
      let matched = false;
      for (const node of any) {
        // Each matching alternative must be visited, since it evaluates entries.
        if (matched && evaluated === null) break;
        if (tries(walk, node, value, evaluated)) matched = true;
      }
      return matched || walk.fail(place, 'anyOf', 'matches none of the alternatives of "anyOf"');
    });
  }
  const exactly = list('oneOf');
  if (exactly.length > 0) {
    checks.push((walk, value, place, evaluated) => {
      let count = 0;
      for (const node of exactly) if (tries(walk, node, value, evaluated)) count += 1;
      if (count === 1) return true;
      const found = count === 0 ? 'none' : String(count);
      return walk.fail(place, 'oneOf', `must match exactly one of the alternatives of "oneOf", not ${found}`);
    });
  }
  const not = one('not');
  if (not !== null) {
    checks.push(
      (walk, value, place) =>
        !walk.visit(not, value, null, null) || walk.fail(place, 'not', 'must not match the schema of "not"'),
    );
  }
  return checks;
}

function conditionCheck({ one }: Subschemas): Check[] {
  const condition = one('if');
  if (condition === null) return [];
  const then = one('then');
  const otherwise = one('else');
  return [
    (walk, value, place, evaluated) => {
      const branch = tries(walk, condition, value, evaluated) ? then : otherwise;
      return branch === null || walk.visit(branch, value, place, evaluated);
    },
  ];
}

function dependentCheck({ map }: Subschemas): Check[] {
  const dependents = map('dependentSchemas');
  if (dependents.size === 0) return [];
  return [
    (walk, value, place, evaluated) => {
      if (!isJsonObject(value)) return true;
      walk.meter.charge(Math.ceil(dependents.size / 8));
      let valid = true;
      for (const [name, node] of dependents) {
        if (!Object.hasOwn(value, name) || walk.visit(node, value, place, evaluated)) continue;
        valid = false;
        if (place === null) break;
      }
      return valid;
    },
  ];
}

/** The checks of the keywords that apply subschemas to properties, or name properties. */
export function objectChecks(schema: JsonObject, schemas: Subschemas): Check[] {
  return [
    ...requiredCheck(schema),
    ...dependentRequiredCheck(schema),
    ...propertyNamesCheck(schemas),
    ...propertiesCheck(schemas),
    ...otherPropertiesCheck(schemas),
  ];
}

function requiredCheck({ required }: JsonObject): Check[] {
  if (!Array.isArray(required) || required.length === 0) return [];
  const names = required.map(String);
  return [
    (walk, value, place) => {
      if (!isJsonObject(value)) return true;
      walk.meter.charge(Math.ceil(names.length / 8));
      return allPresent(walk, value, place, names, 'required', 'is required');
    },
  ];
}

function dependentRequiredCheck({ dependentRequired }: JsonObject): Check[] {
  if (!isJsonObject(dependentRequired)) return [];
  const dependents = Object.entries(dependentRequired);
  return dependents.map(([name, names]): Check => {
    const needed = Array.isArray(names) ? names.map(String) : [];
    return (walk, value, place) => {
      walk.meter.charge(1 + Math.ceil(needed.length / 8));
      if (!isJsonObject(value) || !Object.hasOwn(value, name)) return true;
      return allPresent(walk, value, place, needed, 'dependentRequired', `is required with "${name.slice(0, 200)}"`);
    };
  });
}

function allPresent(
  walk: SchemaValidation,
  value: JsonObject,
  place: ValuePlace | null,
  names: readonly string[],
  keyword: string,
  message: string,
): boolean {
  let valid = true;
  for (const name of names) {
    if (Object.hasOwn(value, name)) continue;
    valid = walk.fail(place?.child(name) ?? null, keyword, message, 'required');
    if (place === null) break;
  }
  return valid;
}

function propertyNamesCheck({ one }: Subschemas): Check[] {
  const names = one('propertyNames');
  if (names === null) return [];
  return [
    (walk, value, place) =>
      eachKey(walk, value, place, (key) => {
        if (walk.visit(names, key, null, null)) return true;
        return walk.fail(place?.child(key) ?? null, 'propertyNames', 'has a name that does not match "propertyNames"');
      }),
  ];
}

function propertiesCheck({ map }: Subschemas): Check[] {
  const properties = map('properties');
  if (properties.size === 0) return [];
  return [
    (walk, value, place, evaluated) => {
      if (!isJsonObject(value)) return true;
      walk.meter.charge(Math.ceil(properties.size / 8));
      let valid = true;
      for (const [name, node] of properties) {
        if (!Object.hasOwn(value, name)) continue;
        evaluated?.keys.add(name);
        if (walk.visit(node, value[name]!, place?.child(name) ?? null, null)) continue;
        valid = false;
        if (place === null) break;
      }
      return valid;
    },
  ];
}

/** Checks properties by the patterns of their names, and those that nothing names by `additionalProperties`. */
function otherPropertiesCheck({ map, one, patterns }: Subschemas): Check[] {
  const properties = map('properties');
  const additional = one('additionalProperties');
  if (patterns.length === 0 && additional === null) return [];
  return [
    (walk, value, place, evaluated) =>
      eachKey(walk, value, place, (key, entry) => {
        const valid = validByPatterns(walk, patterns, key, entry, place);
        if (valid === null && (properties.has(key) || additional === null)) return true;
        evaluated?.keys.add(key);
        return valid ?? walk.visit(additional!, entry, place?.child(key) ?? null, null);
      }),
  ];
}

/** Returns whether a property matches the schemas of all patterns that match its name; null: there is no such pattern. */
function validByPatterns(
  walk: SchemaValidation,
  patterns: Subschemas['patterns'],
  key: string,
  entry: Json,
  place: ValuePlace | null,
): boolean | null {
  let valid: boolean | null = null;
  for (const [pattern, node] of patterns) {
    if (!walk.matcher.matches(pattern, key)) continue;
    valid = walk.visit(node, entry, place?.child(key) ?? null, null) && valid !== false;
    if (!valid && place === null) break;
  }
  return valid;
}

/** The checks of the keywords that apply subschemas to entries of lists. */
export function listChecks(schema: JsonObject, { list, one }: Subschemas): Check[] {
  const checks: Check[] = [];
  const first = list('prefixItems');
  const rest = one('items');
  if (first.length > 0 || rest !== null) {
    checks.push((walk, value, place, evaluated) => {
      if (!Array.isArray(value)) return true;
      let valid = true;
      const end = rest === null ? Math.min(first.length, value.length) : value.length;
      for (let index = 0; index < end; index += 1) {
        evaluated?.keys.add(index);
        if (walk.visit(first[index] ?? rest!, value[index]!, place?.child(index) ?? null, null)) continue;
        valid = false;
        if (place === null) break;
      }
      return valid;
    });
  }
  const contained = one('contains');
  if (contained !== null) checks.push(containsCheck(schema, contained));
  return checks;
}

function containsCheck({ minContains, maxContains }: JsonObject, node: SchemaNode): Check {
  const least = typeof minContains === 'number' ? minContains : 1;
  const most = typeof maxContains === 'number' ? maxContains : Number.POSITIVE_INFINITY;
  return (walk, value, place, evaluated) => {
    if (!Array.isArray(value)) return true;
    let count = 0;
    for (const [index, entry] of value.entries()) {
      if (!walk.visit(node, entry, null, null)) continue;
      count += 1;
      evaluated?.keys.add(index);
      if (count >= least && most === Number.POSITIVE_INFINITY && evaluated === null) return true;
    }
    const report = (keyword: string, bound: string): false =>
      walk.fail(place, keyword, `must have ${bound} "contains", not ${count}`);
    if (count < least)
      return report(minContains === undefined ? 'contains' : 'minContains', `at least ${entries(least)}`);
    return count <= most || report('maxContains', `at most ${entries(most)}`);
  };
}

function entries(count: number): string {
  return count === 1 ? '1 entry that matches' : `${count} entries that match`;
}

/** The checks of entries that nothing else has evaluated; they come last. */
export function unevaluatedChecks({ one }: Subschemas): Check[] {
  const properties = one('unevaluatedProperties');
  const items = one('unevaluatedItems');
  const checks: Check[] = [];
  if (properties !== null) {
    checks.push((walk, value, place, evaluated) => {
      if (!isJsonObject(value) || evaluated === null) return true;
      const valid = eachKey(
        walk,
        value,
        place,
        (key, entry) => evaluated.has(key) || walk.visit(properties, entry, place?.child(key) ?? null, null),
      );
      evaluated.all = true;
      return valid;
    });
  }
  if (items === null) return checks;
  checks.push((walk, value, place, evaluated) => {
    if (!Array.isArray(value) || evaluated === null) return true;
    walk.meter.charge(Math.ceil(value.length / 8));
    let valid = true;
    for (const [index, entry] of value.entries()) {
      if (evaluated.has(index) || walk.visit(items, entry, place?.child(index) ?? null, null)) continue;
      valid = false;
      if (place === null) break;
    }
    evaluated.all = true;
    return valid;
  });
  return checks;
}

/** Returns whether a check holds for every property of an object; without a place it stops at the first mismatch. */
function eachKey(
  walk: SchemaValidation,
  value: Json,
  place: ValuePlace | null,
  check: (key: string, entry: Json) => boolean,
): boolean {
  if (!isJsonObject(value)) return true;
  const keys = Object.keys(value);
  walk.meter.charge(Math.ceil(keys.length / 4));
  let valid = true;
  for (const key of keys) {
    if (check(key, value[key]!)) continue;
    valid = false;
    if (place === null) break;
  }
  return valid;
}
