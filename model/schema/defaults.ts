import { isJsonObject, type Json, type JsonObject, ownValue } from '../json.ts';
import { MAX_PAYLOAD_BYTES } from '../run-input.ts';
import { WorkExceeded, type WorkMeter } from '../work.ts';
import type { SchemaNode } from './node.ts';
import { Matcher } from './pattern.ts';

/** The number of schemas inside each other at one time; a default that is filled in inside itself never ends. */
const MAX_DEPTH = 1_000;
/** Bytes of defaults, as JSON, that are filled in for one unit of work. */
const BYTES_PER_UNIT = 64;

/** The error of defaults that take more bytes in one value than a payload may have. */
export class DefaultsTooLarge extends Error {
  constructor() {
    super(`has defaults of more than ${MAX_PAYLOAD_BYTES} bytes`);
    this.name = 'DefaultsTooLarge';
  }
}

/** Fills the defaults of a schema into one value. */
export class Filler {
  readonly #meter: WorkMeter;
  readonly #matcher: Matcher;
  #depth = 0;
  #bytes = 0;

  constructor(meter: WorkMeter) {
    this.#meter = meter;
    this.#matcher = new Matcher(meter);
  }

  /**
   * Returns a value with the defaults of its schema where a property is absent: at properties, entries of lists, references, `allOf`
   * and `dependentSchemas`, and inside filled-in defaults; never by a condition or an alternative. The value itself stays unchanged, and
   * is returned when nothing is absent. Throws WorkExceeded, and DefaultsTooLarge.
   */
  fill({ parts }: SchemaNode, value: Json): Json {
    this.#meter.charge(1);
    if (parts === null || typeof value !== 'object' || value === null) return value;
    if (this.#depth >= MAX_DEPTH) throw new WorkExceeded();
    this.#depth += 1;
    const { reference, schemas } = parts;
    const parted = schemas.list('allOf');
    // A default of one schema may be completed by another one.
    const shared =
      reference !== null ||
      parted.length > 0 ||
      schemas.patterns.length > 0 ||
      schemas.map('dependentSchemas').size > 0;
    let filled: Json = value;
    let before: Json;
    do {
      before = filled;
      if (isJsonObject(filled)) filled = this.#withProperties(schemas, filled);
      if (reference?.target) filled = this.fill(reference.target.node, filled);
      for (const node of parted) filled = this.fill(node, filled);
      if (Array.isArray(filled)) filled = this.#withEntries(schemas, filled);
      else if (isJsonObject(filled)) filled = this.#withOthers(schemas, filled);
    } while (shared && before !== filled);
    this.#depth -= 1;
    return filled;
  }

  #withProperties({ map }: Parts['schemas'], value: JsonObject): JsonObject {
    const properties = map('properties');
    this.#meter.charge(properties.size);
    const draft = new Draft(value, this.#meter);
    for (const [name, node] of properties) {
      const present = ownValue(value, name);
      const given = present === undefined ? this.#defaultOf(node) : present;
      if (given === undefined) continue;
      const entry = this.fill(node, given);
      if (entry !== present) draft.set(name, entry);
    }
    return draft.value;
  }

  /** Fills in defaults below patterns and further properties, and those that other properties require. */
  #withOthers({ map, one, patterns }: Parts['schemas'], value: JsonObject): JsonObject {
    let filled = value;
    for (const [name, node] of map('dependentSchemas')) {
      if (Object.hasOwn(filled, name)) filled = this.fill(node, filled) as JsonObject; // an object stays one
    }
    const additional = one('additionalProperties');
    if (additional === null && patterns.length === 0) return filled;
    const names = Object.keys(filled);
    this.#meter.charge(names.length);
    const properties = map('properties');
    const draft = new Draft(filled, this.#meter);
    for (const name of names) {
      const entry = filled[name]!;
      let complete: Json = entry;
      let matched = false;
      for (const [pattern, node] of patterns) {
        if (!this.#matcher.matches(pattern, name)) continue;
        matched = true;
        complete = this.fill(node, complete);
      }
      if (!matched && additional !== null && !properties.has(name)) complete = this.fill(additional, complete);
      if (complete !== entry) draft.set(name, complete);
    }
    return draft.value;
  }

  #withEntries({ list, one }: Parts['schemas'], value: Json[]): Json[] {
    const first = list('prefixItems');
    const rest = one('items');
    if (first.length === 0 && rest === null) return value;
    this.#meter.charge(value.length);
    let filled = value;
    for (const [index, entry] of value.entries()) {
      const node = first[index] ?? rest;
      const complete = node === null ? entry : this.fill(node, entry);
      if (complete === entry) continue;
      if (filled === value) filled = [...value];
      filled[index] = complete;
    }
    return filled;
  }

  /** Returns the default of a schema: its own, or else that of a schema that it refers to or consists of. Counts it as filled in. */
  #defaultOf({ parts }: SchemaNode): Json | undefined {
    this.#meter.charge(1);
    if (parts === null) return undefined;
    if (parts.default !== undefined) {
      this.#bytes += parts.default.bytes;
      if (this.#bytes > MAX_PAYLOAD_BYTES) throw new DefaultsTooLarge();
      this.#meter.charge(parts.default.bytes / BYTES_PER_UNIT);
      return parts.default.value;
    }
    const { reference, schemas } = parts;
    for (const node of [...(reference?.target ? [reference.target.node] : []), ...schemas.list('allOf')]) {
      const found = this.#defaultOf(node);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** An object that is copied once, when an entry of it changes. */
class Draft {
  value: JsonObject;
  readonly #meter: WorkMeter;
  #copied = false;

  constructor(value: JsonObject, meter: WorkMeter) {
    this.value = value;
    this.#meter = meter;
  }

  set(name: string, entry: Json): void {
    if (!this.#copied) {
      this.#meter.charge(Object.keys(this.value).length);
      this.value = { ...this.value };
      this.#copied = true;
    }
    // Assigning to `__proto__` would set the prototype.
    if (name !== '__proto__') this.value[name] = entry;
    else
      Object.defineProperty(this.value, name, { value: entry, configurable: true, enumerable: true, writable: true });
  }
}

type Parts = NonNullable<SchemaNode['parts']>;
