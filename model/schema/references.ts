import { valueAt } from '../issue.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { decodeEscapes } from '../text.ts';
import type { SchemaNode } from './node.ts';

/** The length of a chain of references for one value. */
const MAX_REFERENCES = 32;

/** A schema with an identifier, or the outermost one: the base of the references inside it. */
export interface Resource {
  root: JsonObject;
  anchors: Map<string, JsonObject>;
}

/** A subschema while its document is being made. */
export interface Compiled {
  node: SchemaNode;
  path: string;
  resource: Resource;
  /** Subschemas that check the same value. */
  inPlace: SchemaNode[];
  reference: SchemaReference | null;
}

/** A `$ref` of a subschema, and its target once that is known. */
export interface SchemaReference {
  pointer: string;
  path: string;
  target: { node: SchemaNode } | null;
}

/**
 * Links every reference of a document. Returns the problems of references: those that lead nowhere, those that return to themselves for
 * the same value, and chains of more than 32.
 */
export function referenceProblems(
  compiled: ReadonlyMap<JsonObject, Compiled>,
  constant: (verdict: boolean) => SchemaNode,
): { path: string; message: string }[] {
  const problems: { path: string; message: string }[] = [];
  for (const { reference, resource } of compiled.values()) {
    if (reference === null) continue;
    const target = targetOf(reference.pointer, resource, compiled);
    if (typeof target === 'string') problems.push({ path: reference.path, message: target });
    else if (typeof target === 'boolean') reference.target = { node: constant(target) };
    else {
      reference.target = target;
      target.node.shared = true;
    }
  }
  return problems.length > 0 ? problems : chainProblems(compiled);
}

/** Returns the target of a reference; a text: why it has none. */
function targetOf(
  reference: string,
  resource: Resource,
  compiled: ReadonlyMap<JsonObject, Compiled>,
): Compiled | boolean | string {
  if (!reference.startsWith('#')) return 'must point into the same schema';
  const fragment = decodeEscapes(reference.slice(1));
  if (fragment === null) return `"${reference.slice(0, 200)}" is not a reference`;
  const found =
    fragment === '' || fragment.startsWith('/') ? valueAt(resource.root, fragment) : resource.anchors.get(fragment);
  if (typeof found === 'boolean') return found;
  return (isJsonObject(found) && compiled.get(found)) || `"${reference.slice(0, 200)}" does not lead to a schema`;
}

/** Finds references that return to themselves without descending into the value, and chains that are too long. */
function chainProblems(compiled: ReadonlyMap<JsonObject, Compiled>): { path: string; message: string }[] {
  const entries = new Map([...compiled.values()].map((entry) => [entry.node, entry]));
  const lengths = new Map<SchemaNode, number>();
  const open = new Set<SchemaNode>();
  /** Counts the references that follow one another from a schema; infinite in a circle. */
  const lengthFrom = (node: SchemaNode): number => {
    const known = lengths.get(node);
    if (known !== undefined) return known;
    if (open.has(node)) return Number.POSITIVE_INFINITY;
    const entry = entries.get(node);
    if (entry === undefined) return 0;
    open.add(node);
    let length = 0;
    for (const child of entry.inPlace) length = Math.max(length, lengthFrom(child));
    if (entry.reference?.target) length = Math.max(length, 1 + lengthFrom(entry.reference.target.node));
    open.delete(node);
    lengths.set(node, length);
    return length;
  };
  for (const { node, reference } of compiled.values()) {
    const length = reference === null ? 0 : lengthFrom(node);
    if (length === Number.POSITIVE_INFINITY) return [{ path: reference!.path, message: 'refers to itself' }];
    if (length > MAX_REFERENCES) {
      return [{ path: reference!.path, message: `follows more than ${MAX_REFERENCES} references one after another` }];
    }
  }
  return [];
}
