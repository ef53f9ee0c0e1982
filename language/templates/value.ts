import { analyze, type TemplatePath } from '../../expression/analyze.ts';
import { isTemplate } from '../../expression/delimiters.ts';
import { TemplateError, type TemplateErrorKind } from '../../expression/errors.ts';
import type { Scope } from '../../expression/evaluator.ts';
import { examine } from '../../expression/examine.ts';
import { compileExpression, compileTemplate, renderTemplate, type Template } from '../../expression/template.ts';
import { type Issue, jsonPointer, Suggestions } from '../../model/issue.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { SecretTexts } from '../../model/secret-texts.ts';
import { type Piece, secretPieces } from './secret-pieces.ts';

/** Any JSON with templates in its strings, compiled: a node for what must be rendered, plain JSON for the rest. */
export type TemplateValue =
  | { kind: 'literal'; value: Json }
  | { kind: 'template'; template: Template; text: string; path: string }
  | { kind: 'secret'; pieces: Piece[]; path: string }
  | { kind: 'list'; entries: TemplateValue[] }
  | { kind: 'object'; entries: [string, TemplateValue][] };

/** Names and the values that they are set to, in order. */
export type Assignments = readonly (readonly [string, TemplateValue])[];

/** The error of a template that could not be rendered; `field` is its JSON pointer below the rendered value. */
export class RenderError extends Error {
  readonly field: string;
  readonly kind: TemplateErrorKind;
  readonly line: number;
  readonly column: number;

  constructor(field: string, error: TemplateError) {
    super(error.message, { cause: error });
    this.name = 'RenderError';
    this.field = field;
    this.kind = error.kind;
    this.line = error.line;
    this.column = error.column;
  }
}

/** A path that a template reads, with the pointer of the template. */
export interface Reference {
  path: TemplatePath;
  field: string;
}

/** The meaning of `secret.NAME` at a place: a secret, an issue, or a name like any other, as before there were secrets. */
export type SecretUse = 'allowed' | 'refused' | 'unknown';

/** The options of a compilation, and the lists that collect its findings. */
export interface Compilation {
  issues: Issue[];
  references: Reference[];
  secrets: SecretUse;
  suggestions: Suggestions;
  /** Collects the warnings of a definition that is being written, which is examined more closely; null: the definition runs. */
  warnings: Issue[] | null;
}

/** Creates the compilation of a definition that runs, which finds nothing but issues that forbid running it. */
export function createCompilation(issues: Issue[]): Compilation {
  return { issues, references: [], secrets: 'refused', suggestions: new Suggestions(), warnings: null };
}

/** Compiles any JSON with templates; syntax errors become issues with pointers below `base`. */
export function compileValue(value: Json, base: string, compilation: Compilation): TemplateValue {
  const compile = (current: Json, path: string): TemplateValue => {
    if (typeof current === 'string') {
      if (!isTemplate(current)) return { kind: 'literal', value: current };
      return compileText(current, path);
    }
    const entries = Array.isArray(current)
      ? current.map((entry, index) => compile(entry, `${path}${jsonPointer([index])}`))
      : isJsonObject(current)
        ? Object.entries(current).map(([key, entry]) => compile(entry, `${path}${jsonPointer([key])}`))
        : [];
    if (entries.every((entry) => entry.kind === 'literal')) return { kind: 'literal', value: current };
    if (Array.isArray(current)) return { kind: 'list', entries };
    const keys = Object.keys(current as object);
    return { kind: 'object', entries: entries.map((entry, index) => [keys[index]!, entry]) };
  };
  const compileText = (text: string, path: string): TemplateValue =>
    compileWith(compileTemplate, text, path, compilation) ?? { kind: 'literal', value: text };
  return compile(value, base);
}

/** Compiles a condition: an expression with or without braces. */
export function compileCondition(text: string, path: string, compilation: Compilation): TemplateValue {
  return compileWith(compileExpression, text, path, compilation) ?? { kind: 'literal', value: false };
}

function compileWith(
  compile: (text: string) => Template,
  text: string,
  path: string,
  compilation: Compilation,
): TemplateValue | null {
  const { issues, references, secrets, suggestions } = compilation;
  try {
    const template = compile(text);
    const { references: read, unknown } = analyze(template.statements);
    // Without a key it is a name like any other: a parameter may be called so.
    const isSecret = ({ root, keys }: TemplatePath) => secrets !== 'unknown' && root === 'secret' && keys.length > 0;
    const [secret, ...others] = read.filter(isSecret);
    for (const reference of read) if (!isSecret(reference)) references.push({ path: reference, field: path });
    for (const { what, name, candidates, line, column } of unknown) {
      const message = `there is no ${what} "${name}".${suggestions.didYouMean(name, candidates)}`;
      issues.push({ code: `unknown_${what}`, path, message, line, column });
    }
    addFindings(template, path, compilation);
    if (secret === undefined) return { kind: 'template', template, text, path };
    const pieces = secrets === 'allowed' ? secretPieces(template, 1 + others.length) : null;
    if (pieces !== null) return { kind: 'secret', pieces, path };
    const message = 'a secret stands in the input of a task alone, as {{ secret.NAME }}, and nothing is done with it';
    issues.push({ code: 'secret_misplaced', path, message, line: secret.line, column: secret.column });
    return null;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { message, line, column } = error;
    issues.push({ code: 'template_invalid', path, message, line, column });
    return null;
  }
}

/** Adds the issues and warnings of a closer examination, when a definition is written. */
function addFindings({ statements }: Template, path: string, { issues, warnings, suggestions }: Compilation): void {
  if (warnings === null) return;
  for (const { candidates, name, ...finding } of examine(statements)) {
    const near = candidates === undefined ? '' : `.${suggestions.didYouMean(name ?? '', candidates)}`;
    const found = finding.code === 'attr_finds_nothing' ? warnings : issues;
    found.push({ ...finding, path, message: `${finding.message}${near}` });
  }
}

/** Renders a condition. Throws a RenderError when it cannot be rendered, or is neither true nor false. */
export function renderCondition(condition: TemplateValue, scope: Scope): boolean {
  const value = renderValue(condition, scope);
  if (typeof value === 'boolean') return value;
  const path = condition.kind === 'template' ? condition.path : '';
  const message = `must be true or false, not ${shown(value)}; the filter bool makes one of it`;
  throw new RenderError(path, new TemplateError('type', message, { line: 1, column: 1 }));
}

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/**
 * Renders a compiled value. Throws a RenderError at the first template that cannot be rendered. A secret is shown by its name;
 * `onSecret` is called for each text that has one.
 */
export function renderValue(value: TemplateValue, scope: Scope, onSecret?: OnSecret): Json {
  switch (value.kind) {
    case 'literal':
      return value.value;
    case 'template':
      return rendered(value.template, value.path, scope);
    case 'secret': {
      const pieces = value.pieces.map((piece) =>
        'secret' in piece ? piece : String(rendered(piece.template, value.path, scope)),
      );
      onSecret?.(value.path, pieces);
      return pieces.map((piece) => (typeof piece === 'string' ? piece : `{{ secret.${piece.secret} }}`)).join('');
    }
    case 'list':
      return value.entries.map((entry) => renderValue(entry, scope, onSecret));
    case 'object':
      return Object.fromEntries(value.entries.map(([key, entry]) => [key, renderValue(entry, scope, onSecret)]));
  }
}

/** Called for a text with secrets, with its pointer and its pieces. */
type OnSecret = (path: string, pieces: SecretTexts[string]) => void;

function rendered(template: Template, path: string, scope: Scope): Json {
  try {
    return renderTemplate(template, scope) as Json; // what leaves the engine is plain
  } catch (error) {
    if (error instanceof TemplateError) throw new RenderError(path, error);
    throw error;
  }
}

/** Returns whether an input contains secrets. */
export function hasSecrets(value: TemplateValue): boolean {
  if (value.kind === 'list') return value.entries.some(hasSecrets);
  if (value.kind === 'object') return value.entries.some(([, entry]) => hasSecrets(entry));
  return value.kind === 'secret';
}
