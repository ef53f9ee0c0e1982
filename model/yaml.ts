import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  Parser,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { jsonPointer } from './issue.ts';
import { isJsonObject, type Json, type JsonObject, jsonSize, MAX_DEPTH } from './json.ts';
import { inexactness } from './json-reader.ts';
import type { Ambiguities } from './yaml-ambiguity.ts';

/** Tokens of YAML's lexer that a document may have: words, marks, spaces and ends of lines. */
const MAX_TOKENS = 100_000;

/** The number of values that a document has once its aliases are replaced, and of the bytes that it takes as JSON. */
const MAX_NODES = 200_000;
const MAX_BYTES = 2 * 1024 * 1024;

/** The length of a message, in characters: it may name a key, a tag or an alias of any length. */
const SHOWN = 300;

/** The number of entries on the parser's stack: a level of nesting is at most two, and the current position some more. */
const MAX_STACK = 2 * MAX_DEPTH + 8;

/** Tags of the types of JSON, which values without a tag have, too. */
const TAGS = new Set(['map', 'seq', 'str', 'null', 'bool', 'int', 'float'].map((name) => `tag:yaml.org,2002:${name}`));

const TEXT_TAG = 'tag:yaml.org,2002:str';

/** Stands for a merge key in a path. */
const MERGED = Symbol('<<');

/** The error of a text that is not YAML, or that JSON cannot represent; the message says why, with line and column. */
export class YamlMalformed extends Error {
  override name = 'YamlMalformed';
}

/** The number of tokens that may still be read, of one document or of several that are read together. */
export interface TokenAllowance {
  left: number;
}

/**
 * Reads one YAML 1.2 document as JSON, and takes its tokens from the allowance. Throws YamlMalformed for the first
 * thing that is wrong, with line and column: also for values that JSON does not have, and for more tokens, levels or repetitions
 * by alias than are allowed. `ambiguities` collects the plain scalars that YAML 1.1 reads differently; null: they are not collected.
 */
export function parseYaml(
  text: string,
  allowance: TokenAllowance = { left: MAX_TOKENS },
  ambiguities: Ambiguities | null = null,
): Json {
  const root = composeYaml(text, allowance);
  return new YamlReader(text, findTargets(root), ambiguities).read(root, 0);
}

/**
 * Returns the nodes of one YAML 1.2 document; null for an empty one. Throws YamlMalformed for the first thing that is wrong with the
 * text, and for more tokens or levels than are allowed; nodes may still hold what JSON does not have.
 */
export function composeYaml(text: string, allowance: TokenAllowance = { left: MAX_TOKENS }): Node | null {
  const composer = new Composer({
    schema: 'core',
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'silent',
    // The library compares each key with all before it; here a set does.
    uniqueKeys: false,
  });
  let root: Node | null = null;
  let documents = 0;
  for (const document of composer.compose(tokensOf(text, allowance), true, text.length)) {
    const [trouble] = [...document.errors, ...document.warnings];
    if (trouble !== undefined) throw malformed(troubleOf(trouble, text), text, trouble.pos[0]);
    documents += 1;
    if (documents > 1)
      throw malformed('there is more than one document: use one file for each, or a pack', text, document.range[0]);
    root = document.contents;
  }
  return root;
}

/** The tokens of a document for the composer; stops at the first error, and at the limits of tokens and levels. */
function* tokensOf(text: string, allowance: TokenAllowance): Generator<CST.Token> {
  const parser = new Parser();
  let left = Math.min(MAX_TOKENS, allowance.left);
  for (const lexeme of new Lexer().lex(text)) {
    left -= 1;
    allowance.left -= 1;
    if (left < 0) throw malformed('the document has too many tokens', text, parser.offset);
    for (const token of parser.next(lexeme)) {
      if (token.type === 'error') throw malformed(token.message, text, token.offset);
      yield token;
    }
    if (parser.stack.length > MAX_STACK) throw tooDeep(text, parser.offset);
  }
  for (const token of parser.end()) {
    if (token.type === 'error') throw malformed(token.message, text, token.offset);
    yield token;
  }
}

/** Finds the node that each alias stands for: the last one before it with that anchor. An alias without one is left out. */
export function findTargets(root: Node | null): ReadonlyMap<Node, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  const visit = (node: unknown): void => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined) targets.set(node, target);
      return;
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return;
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    for (const part of partsOf(node)) visit(part);
  };
  visit(root);
  return targets;
}

/** Returns the keys and values of a map, and the items of a list, as they are written. */
function partsOf(node: Node): unknown[] {
  if (isMap(node)) return node.items.flatMap(({ key, value }) => [key, value]);
  return isSeq(node) ? node.items : [];
}

/** Turns the nodes of one document into JSON; a node that an alias repeats counts each time. */
class YamlReader {
  readonly #text: string;
  readonly #targets: ReadonlyMap<Node, Node>;
  readonly #open = new Set<Node>();
  readonly #ambiguities: Ambiguities | null;
  /** Keys and indexes that lead to the current node. */
  readonly #path: (string | number | typeof MERGED)[] = [];
  #aliases = 0;
  #nodes = 0;
  #bytes = 0;

  constructor(text: string, targets: ReadonlyMap<Node, Node>, ambiguities: Ambiguities | null) {
    this.#text = text;
    this.#targets = targets;
    this.#ambiguities = ambiguities;
  }

  read(node: unknown, depth: number): Json {
    if (node === null) return null;
    if (isAlias(node)) {
      const found = this.#targets.get(node);
      if (found === undefined) throw this.#malformed(`undefined alias *${node.source}`, node);
      if (this.#open.has(found)) throw this.#malformed(`the alias *${node.source} is inside its own anchor`, node);
      this.#aliases += 1;
      const value = this.read(found, depth);
      this.#aliases -= 1;
      return value;
    }
    const { tag } = node as Node & { tag?: string };
    if (tag !== undefined && !TAGS.has(tag))
      throw this.#malformed(`the tag ${tag} has no meaning in JSON`, node as Node);
    if (isScalar(node)) {
      const { value } = node;
      const fault = faultOf(node);
      if (fault !== null) throw this.#malformed(fault, node);
      this.#count(jsonSize(value), node);
      // A scalar that an alias repeats was examined at its anchor.
      if (node.type === 'PLAIN' && tag !== TEXT_TAG && this.#aliases === 0) {
        this.#ambiguities?.examine(node.source ?? '', () => this.#pointer());
      }
      return value as Json; // The core schema knows no other scalars.
    }
    if (!isMap(node) && !isSeq(node)) throw this.#malformed('this value cannot be represented in JSON', node as Node);
    if (depth >= MAX_DEPTH) throw tooDeep(this.#text, node.range?.[0] ?? 0);
    this.#count(2, node);
    this.#open.add(node);
    const value = isMap(node)
      ? this.#object(node, depth)
      : node.items.map((item, index) => this.#below(index, item, depth));
    this.#open.delete(node);
    return value;
  }

  #object(map: YAMLMap, depth: number): JsonObject {
    const entries = new Map<string, Json>();
    const own = new Set<string>();
    for (const { key, value } of map.items) {
      if (!isScalar(key) || typeof key.value !== 'string') throw this.#malformed('a key must be text', key as Node);
      if (own.has(key.value)) throw this.#malformed(`duplicate key "${key.value}"`, key);
      if (key.value === '__proto__') throw this.#malformed('the key "__proto__" is reserved', key);
      const fault = faultOf(key);
      if (fault !== null) throw this.#malformed(fault, key);
      own.add(key.value);
      this.#count(jsonSize(key.value), key);
      const merges = key.value === '<<' && key.type === 'PLAIN';
      const said = this.#below(merges ? MERGED : key.value, value, depth);
      if (merges) this.#merge(said, entries, key);
      else entries.set(key.value, said);
    }
    return Object.fromEntries(entries);
  }

  /** Reads the value of a list at an index, or of a map under a key. */
  #below(key: string | number | typeof MERGED, node: unknown, depth: number): Json {
    this.#path.push(key);
    const value = this.read(node, depth + 1);
    this.#path.pop();
    return value;
  }

  /** Returns the pointer of the current node; a map that is merged, alone or in a list, has that of the map that merges it. */
  #pointer(): string {
    const isMerged = (key: string | number | typeof MERGED, at: number) =>
      key === MERGED || (typeof key === 'number' && this.#path[at - 1] === MERGED);
    return jsonPointer(this.#path.filter((key, at) => !isMerged(key, at)));
  }

  /** Adds the entries of merged maps: the first one of several maps wins, and the entries of the map itself win over all. */
  #merge(value: Json, entries: Map<string, Json>, node: Node): void {
    for (const merged of Array.isArray(value) ? value : [value]) {
      if (!isJsonObject(merged)) throw this.#malformed('"<<" can merge only maps; quote it to use it as a key', node);
      for (const [key, entry] of Object.entries(merged)) if (!entries.has(key)) entries.set(key, entry);
    }
  }

  #count(bytes: number, node: Node): void {
    this.#nodes += 1;
    this.#bytes += bytes + 1; // what separates it from the next
    if (this.#nodes > MAX_NODES)
      throw this.#malformed(`after expanding aliases, it has more than ${MAX_NODES} values`, node);
    if (this.#bytes > MAX_BYTES) throw this.#malformed('after expanding aliases, it has more than 2 MiB as JSON', node);
  }

  #malformed(message: string, { range }: Node): YamlMalformed {
    return malformed(message, this.#text, range?.[0] ?? 0);
  }
}

/** Returns why JSON cannot represent a scalar as it is written; null: it can. */
function faultOf({ value, source = '' }: Scalar): string | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : 'a text contains an unpaired surrogate';
  if (typeof value !== 'number') return null;
  if (!/\d/.test(source)) return `${value} cannot be represented in JSON`; // .inf, .nan
  const inexact = inexactness(source);
  return inexact === null ? null : `the value ${inexact.message}`;
}

/** Returns the message of a fault that the parser found, with advice for common mistakes. */
function troubleOf({ code, message, pos: [at] }: YAMLError, text: string): string {
  // YAML reads a template without quotes as a map whose only key is a map.
  if (code === 'NON_STRING_KEY' && text.slice(0, at + 1).endsWith('{{')) {
    return 'quote a template that begins a value: "{{ x }}"';
  }
  return code === 'NON_STRING_KEY' ? 'a key must be text' : message;
}

function tooDeep(text: string, offset: number): YamlMalformed {
  return malformed(`it is nested deeper than ${MAX_DEPTH} levels`, text, offset);
}

function malformed(message: string, text: string, offset: number): YamlMalformed {
  const { line, column } = findPlace(text, offset);
  const shown = message.length > SHOWN ? `${message.slice(0, SHOWN)}…` : message;
  return new YamlMalformed(`${shown} at line ${line}, column ${column}`);
}

/** A place in a text: both numbers count from 1, columns in UTF-16 units. */
export interface TextPlace {
  line: number;
  column: number;
}

/** Returns the place of an offset in a text. */
export function findPlace(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
