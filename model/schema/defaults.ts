import { isJsonObject, type Json, type JsonObject, ownValue } from '../json.ts';
import { WorkExceeded, type WorkMeter } from '../work.ts';
import type { SchemaNode } from './node.ts';
import { Matcher } from './pattern.ts';

/** Values inside each other; a default that is filled in inside itself never ends. */
const MAX_DEPTH = 200;

/** Fills in defaults, for one meter. */
export class Filler {
  readonly #meter: WorkMeter;
  readonly #matcher: Matcher;
  #depth = 0;

  constructor(meter: WorkMeter) {
    this.#meter = meter;
    this.#matcher = new Matcher(meter);
  }

  /**
   * Returns a value with the defaults of its schema where a property is absent: at properties, entries of lists, references, `allOf`
   * and `dependentSchemas`, and inside what has been filled in; never by a condition or an alternative. The value itself stays as it
   * is, and comes back where nothing is absent. Throws WorkExceeded.
   */
  fill({ parts }: SchemaNode, value: Json): Json {
    this.#meter.charge(1);
    if (parts === null || typeof value !== 'object' || value === null) return value;
    if (this.#depth >= MAX_DEPTH) throw new WorkExceeded();
    this.#depth += 1;
    let filled: Json = value;
    // What one schema fills in may be what another one looks into.
    for (let before: Json | undefined; before !== filled; ) {
      before = filled;
      if (isJsonObject(filled)) filled = this.#withProperties(parts.schemas, filled);
      const { reference, schemas } = parts;
      if (reference?.target) filled = this.fill(reference.target.node, filled);
      for (const node of schemas.list('allOf')) filled = this.fill(node, filled);
      if (Array.isArray(filled)) filled = this.#withEntries(schemas, filled);
      else if (isJsonObject(filled)) filled = this.#withOthers(schemas, filled);
    }
    this.#depth -= 1;
    return filled;
  }

  #withProperties({ map }: Parts['schemas'], value: JsonObject): JsonObject {
    let filled = value;
    for (const [name, node] of map('properties')) {
      const present = ownValue(value, name);
      const given = present === undefined ? defaultOf(node) : present;
      if (given === undefined) continue;
      const entry = this.fill(node, given);
      if (entry !== present) filled = { ...filled, [name]: entry };
    }
    return filled;
  }

  /** Fills in what is below patterns and further properties, and what other properties bring with them. */
  #withOthers({ map, one, patterns }: Parts['schemas'], value: JsonObject): JsonObject {
    let filled = value;
    for (const [name, node] of map('dependentSchemas')) {
      if (Object.hasOwn(filled, name)) filled = this.fill(node, filled) as JsonObject; // an object stays one
    }
    const additional = one('additionalProperties');
    if (additional === null && patterns.length === 0) return filled;
    for (const [name, entry] of Object.entries(filled)) {
      const matching = patterns.flatMap(([pattern, node]) => (this.#matcher.matches(pattern, name) ? [node] : []));
      const others =
        matching.length === 0 && additional !== null && !map('properties').has(name) ? [additional] : matching;
      const complete = others.reduce((known, node) => this.fill(node, known), entry);
      if (complete !== entry) filled = { ...filled, [name]: complete };
    }
    return filled;
  }

  #withEntries({ list, one }: Parts['schemas'], value: Json[]): Json[] {
    const first = list('prefixItems');
    const rest = one('items');
    if (first.length === 0 && rest === null) return value;
    const filled = value.map((entry, index) => {
      const node = first[index] ?? rest;
      return node === null ? entry : this.fill(node, entry);
    });
    return filled.some((entry, index) => entry !== value[index]) ? filled : value;
  }
}

type Parts = NonNullable<SchemaNode['parts']>;

/** The default of a schema: its own, or else that of what it refers to or consists of. */
function defaultOf({ parts }: SchemaNode): Json | undefined {
  if (parts === null || parts.default !== undefined) return parts?.default;
  const { reference, schemas } = parts;
  for (const node of [...(reference?.target ? [reference.target.node] : []), ...schemas.list('allOf')]) {
    const found = defaultOf(node);
    if (found !== undefined) return found;
  }
  return undefined;
}
