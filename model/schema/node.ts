import type { Json } from '../json.ts';
import type { WorkMeter } from '../work.ts';
import type { Evaluated } from './evaluated.ts';
import type { Matcher, Pattern } from './pattern.ts';
import type { ValuePlace } from './place.ts';

/** One validation in progress, as the checks of a schema see it. */
export interface SchemaValidation {
  readonly meter: WorkMeter;
  readonly matcher: Matcher;
  /** Returns whether a value matches a schema. Throws WorkExceeded. */
  visit(node: SchemaNode, value: Json, place: ValuePlace | null, evaluated: Evaluated | null): boolean;
  /** Records a mismatch, unless `place` is null. Always returns false. */
  fail(place: ValuePlace | null, keyword: string, message: string, code?: string): false;
}

/** Checks one keyword of a schema. Returns false when the value does not match, after recording why unless `place` is null. */
export type Check = (
  walk: SchemaValidation,
  value: Json,
  place: ValuePlace | null,
  evaluated: Evaluated | null,
) => boolean;

/** The subschemas of a schema, by keyword. */
export interface Subschemas {
  one(keyword: string): SchemaNode | null;
  list(keyword: string): SchemaNode[];
  map(keyword: string): Map<string, SchemaNode>;
  patterns: [Pattern, SchemaNode][];
}

/** A schema or subschema, ready to be walked. */
export interface SchemaNode {
  /** The verdict of the schemas `true` and `false`; null for an object. */
  verdict: boolean | null;
  checks: Check[];
  /** Whether a `$ref` leads here, so that one value may come here more than once. */
  shared: boolean;
  /** Whether it has `unevaluatedProperties` or `unevaluatedItems`. */
  tracks: boolean;
  /** Its parts, for uses other than checking; null for the schemas `true` and `false`. */
  parts: {
    /** Its default, and the bytes that this takes as JSON. */
    default: { value: Json; bytes: number } | undefined;
    reference: { target: { node: SchemaNode } | null } | null;
    schemas: Subschemas;
  } | null;
}

/** A schema with everything that checking it needs. */
export interface SchemaDocument {
  root: SchemaNode;
  /** Whether any of its schemas tracks. */
  tracks: boolean;
  /** Units of work that each validation costs before the first check; 0 for schemas of ordinary size. */
  weight: number;
  /** Whether any of its schemas has a default. */
  defaults: boolean;
}
