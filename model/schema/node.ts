import type { Json } from '../json.ts';
import type { Pattern } from './pattern.ts';
import type { Place } from './place.ts';
import type { Evaluated, Walk } from './walk.ts';

/** Checks one keyword of a schema. False when the value does not match; then it has reported why, if `place` is not null. */
export type Check = (walk: Walk, value: Json, place: Place | null, evaluated: Evaluated | null) => boolean;

/** The subschemas of a schema, by keyword. */
export interface Subschemas {
  one(keyword: string): SchemaNode | null;
  list(keyword: string): SchemaNode[];
  map(keyword: string): Map<string, SchemaNode>;
  patterns: [Pattern, SchemaNode][];
}

/** A schema or subschema, ready to be walked. */
export interface SchemaNode {
  /** Of the schemas `true` and `false`; null for an object. */
  verdict: boolean | null;
  checks: Check[];
  /** Whether a `$ref` leads here, so that one value may come here more than once. */
  shared: boolean;
  /** Whether it has `unevaluatedProperties` or `unevaluatedItems`. */
  tracks: boolean;
  /** Its parts, for whoever does more than check; null for the schemas `true` and `false`. */
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
