import { jsonPointer } from '../issue.ts';
import { isJsonObject, type Json, type JsonObject, jsonSize } from '../json.ts';
import { inPlaceChecks, listChecks, objectChecks, unevaluatedChecks } from './applicators.ts';
import { createAssertions } from './assertions.ts';
import { defaultProblems, usedDefaults } from './default-checks.ts';
import type { SchemaDocument, SchemaNode, Subschemas } from './node.ts';
import { compilePattern, type Pattern, PatternError } from './pattern.ts';
import { type Compiled, type Resource, referenceProblems } from './references.ts';

/** Largest schema, in subschemas and in instructions of all its patterns. */
const MAX_SUBSCHEMAS = 2_000;
const MAX_INSTRUCTIONS = 10_000;
/** Subschemas inside each other. */
const MAX_NESTING = 200;
/** The size of a schema from which a validation is charged for preparing it. */
const FREE_SUBSCHEMAS = 100;
const FREE_INSTRUCTIONS = 500;
const UNITS_PER_INSTRUCTION = 8;

/** A problem of a schema; `path` is a JSON pointer below its root. */
export interface SchemaProblem {
  path: string;
  message: string;
}

/** The error of a schema that cannot be used. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  readonly problem: SchemaProblem;

  constructor(problem: SchemaProblem) {
    super(`the schema cannot be used: ${problem.path === '' ? 'it' : problem.path} ${problem.message}`);
    this.problem = problem;
  }
}

const ready = new WeakMap<JsonObject, SchemaDocument>();

/** Prepares a schema (2020-12), once for each object. Throws SchemaError for its first problem. */
export function schemaDocument(schema: JsonObject): SchemaDocument {
  const known = ready.get(schema);
  if (known !== undefined) return known;
  const { document, problems } = compileSchema(schema);
  const [problem] = problems;
  if (problem !== undefined) throw new SchemaError(problem);
  ready.set(schema, document);
  return document;
}

/** Returns every problem that makes a schema unusable, except wrong types of its keywords. */
export function schemaProblems(schema: JsonObject): SchemaProblem[] {
  return compileSchema(schema).problems;
}

/** Finds the defaults of a schema that do not match their own subschema; none in an unusable schema. */
export function unmatchedDefaults(schema: JsonObject): SchemaProblem[] {
  const { document, problems, compiled } = compileSchema(schema);
  return problems.length > 0 ? [] : defaultProblems(compiled, document.tracks);
}

/** Returns every default in a schema that can be used, with its pointer, and whether anything is ever filled in by it. */
export function schemaDefaults(schema: JsonObject): { path: string; value: Json; used: boolean }[] {
  const { document, problems, compiled } = compileSchema(schema);
  if (problems.length > 0 || !document.defaults) return [];
  const used = usedDefaults(document.root);
  return compiled.flatMap(({ node, path }) => {
    const found = node.parts?.default;
    return found === undefined ? [] : [{ path: `${path}/default`, value: found.value, used: used.has(node) }];
  });
}

function compileSchema(schema: JsonObject): {
  document: SchemaDocument;
  problems: SchemaProblem[];
  compiled: { node: SchemaNode; path: string }[];
} {
  const compiler = new Compiler();
  const root = compiler.node(schema, '', null, 0);
  const problems = [...compiler.problems, ...(compiler.full ? [] : referenceProblems(compiler.compiled, constant))];
  const weight =
    Math.max(0, compiler.compiled.size - FREE_SUBSCHEMAS) +
    Math.max(0, compiler.instructions - FREE_INSTRUCTIONS) * UNITS_PER_INSTRUCTION;
  const compiled = [...compiler.compiled.values()];
  const tracks = compiled.some(({ node }) => node.tracks);
  const defaults = compiled.some(({ node }) => node.parts?.default !== undefined);
  return { document: { root, tracks, weight, defaults }, problems, compiled };
}

const ANYTHING: SchemaNode = { verdict: true, checks: [], shared: false, tracks: false, parts: null };
const NOTHING: SchemaNode = { verdict: false, checks: [], shared: false, tracks: false, parts: null };

function constant(verdict: boolean): SchemaNode {
  return verdict ? ANYTHING : NOTHING;
}

/** Keywords with one subschema, a list of them, and an object of them. Those of `IN_PLACE` check the same value. */
const ONE = [
  ...['not', 'if', 'then', 'else', 'items', 'contains', 'additionalProperties', 'propertyNames'],
  ...['unevaluatedItems', 'unevaluatedProperties'],
];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const MAPS = ['$defs', 'properties', 'patternProperties', 'dependentSchemas'];
const IN_PLACE: ReadonlySet<string> = new Set([
  ...['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas'],
]);

class Compiler {
  readonly compiled = new Map<JsonObject, Compiled>();
  readonly problems: SchemaProblem[] = [];
  instructions = 0;
  /** Whether the schema is too large, so that the rest of it was not read. */
  full = false;

  node(schema: Json, path: string, around: Resource | null, depth: number): SchemaNode {
    if (typeof schema === 'boolean') return constant(schema);
    if (!isJsonObject(schema)) return this.#refuse(path, 'must be a schema');
    if (this.full) return NOTHING;
    if (this.compiled.size >= MAX_SUBSCHEMAS) {
      this.full = true;
      return this.#refuse('', `has more than ${MAX_SUBSCHEMAS} subschemas`);
    }
    if (depth > MAX_NESTING) return this.#refuse(path, `is inside more than ${MAX_NESTING} others`);
    const resource = around === null || isResource(schema) ? { root: schema, anchors: new Map() } : around;
    const node: SchemaNode = { verdict: null, checks: [], shared: false, tracks: false, parts: null };
    const entry: Compiled = { node, path, resource, inPlace: [], reference: null };
    this.compiled.set(schema, entry);
    this.#fill(schema, entry, depth);
    return node;
  }

  #fill(schema: JsonObject, entry: Compiled, depth: number): void {
    const { node, path, resource } = entry;
    const sub = (value: Json, keyword: string, pointer: string): SchemaNode => {
      const child = this.node(value, path + pointer, resource, depth + 1);
      if (IN_PLACE.has(keyword)) entry.inPlace.push(child);
      return child;
    };
    const { $anchor: anchor, $ref: reference } = schema;
    if (typeof anchor === 'string') resource.anchors.set(anchor, schema);
    if (Object.hasOwn(schema, '$dynamicRef')) this.#refuse(`${path}/$dynamicRef`, 'is not supported');
    const schemas = this.#subschemas(schema, path, sub);
    const checks = [
      ...createAssertions(
        schema,
        typeof schema.pattern === 'string' ? this.#pattern(schema.pattern, `${path}/pattern`) : null,
      ),
      ...inPlaceChecks(schemas),
      ...objectChecks(schema, schemas),
      ...listChecks(schema, schemas),
    ];
    if (typeof reference === 'string') {
      entry.reference = { pointer: reference, path: `${path}/$ref`, target: null };
      const link = entry.reference;
      checks.unshift((walk, value, place, evaluated) => walk.visit(link.target!.node, value, place, evaluated));
    } else if (reference !== undefined) this.#refuse(`${path}/$ref`, 'must be a text');
    const value = Object.hasOwn(schema, 'default') ? schema.default : undefined;
    node.parts = {
      default: value === undefined ? undefined : { value, bytes: jsonSize(value) },
      reference: entry.reference,
      schemas,
    };
    const last = unevaluatedChecks(schemas);
    node.tracks = last.length > 0;
    node.checks.push(...checks, ...last);
  }

  #subschemas(
    schema: JsonObject,
    path: string,
    sub: (value: Json, keyword: string, pointer: string) => SchemaNode,
  ): Subschemas {
    const own = (keyword: string): Json | undefined => (Object.hasOwn(schema, keyword) ? schema[keyword] : undefined);
    const ones = new Map<string, SchemaNode>();
    const lists = new Map<string, SchemaNode[]>();
    const maps = new Map<string, Map<string, SchemaNode>>();
    for (const keyword of ONE) {
      const value = own(keyword);
      if (value !== undefined) ones.set(keyword, sub(value, keyword, `/${keyword}`));
    }
    for (const keyword of LISTS) {
      const value = own(keyword);
      if (value === undefined) continue;
      if (!Array.isArray(value)) this.#refuse(`${path}/${keyword}`, 'must be a list of schemas');
      else
        lists.set(
          keyword,
          value.map((entry, index) => sub(entry, keyword, `/${keyword}/${index}`)),
        );
    }
    for (const keyword of MAPS) {
      const value = own(keyword);
      if (value === undefined) continue;
      if (!isJsonObject(value)) {
        this.#refuse(`${path}/${keyword}`, 'must be an object of schemas');
        continue;
      }
      const entries = Object.entries(value).map(([name, entry]): [string, SchemaNode] => [
        name,
        sub(entry, keyword, `/${keyword}${jsonPointer([name])}`),
      ]);
      maps.set(keyword, new Map(entries));
    }
    const patterns = [...(maps.get('patternProperties') ?? [])].flatMap(([source, node]): [Pattern, SchemaNode][] => {
      const pattern = this.#pattern(source, `${path}/patternProperties${jsonPointer([source])}`);
      return pattern === null ? [] : [[pattern, node]];
    });
    return {
      one: (keyword) => ones.get(keyword) ?? null,
      list: (keyword) => lists.get(keyword) ?? [],
      map: (keyword) => maps.get(keyword) ?? new Map(),
      patterns,
    };
  }

  #pattern(source: string, path: string): Pattern | null {
    if (this.instructions > MAX_INSTRUCTIONS) return null;
    try {
      const pattern = compilePattern(source);
      this.instructions += pattern.instructions;
      if (this.instructions > MAX_INSTRUCTIONS) this.#refuse('', 'has patterns that are too large together');
      return pattern;
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      this.#refuse(path, error.message);
      return null;
    }
  }

  #refuse(path: string, message: string): SchemaNode {
    this.problems.push({ path, message });
    return NOTHING;
  }
}

/** Whether a schema has an identifier, so that references in it are relative to it. */
function isResource({ $id: id }: JsonObject): boolean {
  return typeof id === 'string' && !id.startsWith('#');
}
