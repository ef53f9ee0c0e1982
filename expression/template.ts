/** A place in a template: line and column from 1, in code points. */
export interface Position {
  line: number;
  column: number;
}

/** What went wrong in a template. `undefined` is the only kind that can appear while rendering. */
export type TemplateErrorKind = 'syntax' | 'undefined' | 'type';

/** An error in a template, with the place in its text. */
export class TemplateError extends Error {
  readonly kind: TemplateErrorKind;
  readonly line: number;
  readonly column: number;

  constructor(kind: TemplateErrorKind, message: string, position: Position) {
    super(message);
    this.name = 'TemplateError';
    this.kind = kind;
    this.line = position.line;
    this.column = position.column;
  }
}

/** Plain data that templates read. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

/** A bare path: a root name and the keys or indexes below it. */
export interface Path extends Position {
  root: string;
  keys: (string | number)[];
}

/** A compiled string. `whole`: it is exactly one `{{ … }}`, so its value keeps its own type. */
export interface Template {
  parts: (string | Path)[];
  whole: boolean;
}

/** Gives the value of a root name, or undefined when there is none. */
export interface Scope {
  lookup(root: string): Value | undefined;
  /** The root names that there are, for messages. */
  names(): string[];
}

/** True when a string has anything in it that the template language would read. */
export function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%') || text.includes('{#');
}

/** Compiles one string. Throws a TemplateError of kind `syntax`. */
export function compileTemplate(text: string): Template {
  const parts: (string | Path)[] = [];
  let index = 0;
  while (index < text.length) {
    const open = nextOpening(text, index);
    if (open === -1) break;
    if (text[open + 1] !== '{') {
      throw new TemplateError('syntax', 'statements and comments are not supported', positionAt(text, open));
    }
    const close = text.indexOf('}}', open + 2);
    if (close === -1) throw new TemplateError('syntax', 'this {{ is never closed by }}', positionAt(text, open));
    if (open > index) parts.push(text.slice(index, open));
    parts.push(parsePath(text, open + 2, close));
    index = close + 2;
  }
  if (index < text.length) parts.push(text.slice(index));
  return { parts, whole: parts.length === 1 && typeof parts[0] !== 'string' };
}

/** Renders a template over plain data. Throws a TemplateError when a name or key does not exist. */
export function renderTemplate(template: Template, scope: Scope): Value {
  const [first] = template.parts;
  if (template.whole && typeof first === 'object') return resolvePath(first, scope);
  return template.parts.map((part) => (typeof part === 'string' ? part : spell(resolvePath(part, scope)))).join('');
}

/** Text as Jinja2 spells a value inside text: `True`, `None`, `{'a': 1}`. */
function spell(value: Value, nested = false): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return nested ? quote(value) : value;
  if (Array.isArray(value)) return `[${value.map((entry) => spell(entry, true)).join(', ')}]`;
  const entries = Object.entries(value).map(([key, entry]) => `${quote(key)}: ${spell(entry, true)}`);
  return `{${entries.join(', ')}}`;
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r');
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

function resolvePath(path: Path, scope: Scope): Value {
  let value = scope.lookup(path.root);
  if (value === undefined) {
    throw new TemplateError('undefined', `'${path.root}' is not defined; there are: ${list(scope.names())}`, path);
  }
  for (const key of path.keys) {
    const next: Value | undefined = member(value, key);
    if (next === undefined) throw new TemplateError('undefined', missing(value, key), path);
    value = next;
  }
  return value;
}

function member(value: Value, key: string | number): Value | undefined {
  if (Array.isArray(value)) {
    if (typeof key !== 'number') return undefined;
    return value[key < 0 ? value.length + key : key];
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const name = String(key);
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function missing(value: Value, key: string | number): string {
  if (Array.isArray(value)) return `no element ${key} in a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return `no key '${key}'; there are: ${list(Object.keys(value))}`;
  const kind = value === null ? 'null' : `a ${typeof value}`;
  return `no key '${key}' in ${kind}`;
}

function list(names: string[]): string {
  if (names.length === 0) return 'none';
  return names.length > 20 ? `${names.slice(0, 20).join(', ')} and ${names.length - 20} more` : names.join(', ');
}

function nextOpening(text: string, from: number): number {
  for (let index = text.indexOf('{', from); index !== -1; index = text.indexOf('{', index + 1)) {
    const next = text[index + 1];
    if (next === '{' || next === '%' || next === '#') return index;
  }
  return -1;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const INTEGER = /-?\d{1,9}/y;
const QUOTED = /'([^'\\]*)'|"([^"\\]*)"/y;
const SPACE = /\s*/y;

function parsePath(text: string, from: number, to: number): Path {
  let index = from;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = index;
    const match = pattern.exec(text);
    if (match === null || pattern.lastIndex > to) return null;
    index = pattern.lastIndex;
    return match;
  };
  const refuse = (message: string): never => {
    throw new TemplateError('syntax', message, positionAt(text, index));
  };
  take(SPACE);
  const position = positionAt(text, index);
  const root = take(NAME)?.[0] ?? refuse('a name is expected here, as in {{ task.output.field }}');
  const keys: (string | number)[] = [];
  while (index < to && (text[index] === '.' || text[index] === '[')) {
    const bracket = text[index] === '[';
    index += 1;
    const quoted = bracket ? take(QUOTED) : null;
    const name = quoted ? (quoted[1] ?? quoted[2]) : bracket ? undefined : take(NAME)?.[0];
    const integer = name === undefined ? take(INTEGER)?.[0] : undefined;
    if (name === undefined && integer === undefined) refuse('a key is expected here');
    const key = name ?? Number(integer);
    if (typeof key === 'string' && key.startsWith('__')) refuse(`'${key}' is not a key that data can have`);
    keys.push(key);
    if (bracket && text[index] !== ']') refuse('a ] is expected here');
    if (bracket) index += 1;
  }
  take(SPACE);
  if (index !== to) refuse('only a path is supported here, as in {{ task.output.field }}');
  if (root.startsWith('__')) refuse(`'${root}' is not a name that data can have`);
  return { root, keys, ...position };
}

function positionAt(text: string, index: number): Position {
  const before = text.slice(0, index).split('\n');
  return { line: before.length, column: [...before.at(-1)!].length + 1 };
}
