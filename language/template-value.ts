import { analyze, type Reference as Path } from '../expression/analyze.ts';
import { TemplateError } from '../expression/errors.ts';
import type { Scope } from '../expression/evaluator.ts';
import {
  compileExpression,
  compileTemplate,
  isTemplate,
  renderTemplate,
  type Template,
} from '../expression/template.ts';
import { didYouMean, type Issue, jsonPointer } from '../model/issue.ts';
import { isJsonObject, type Json } from '../model/json.ts';

/** Any JSON with templates in its strings, compiled: a node for what must be rendered, plain JSON for the rest. */
export type TemplateValue =
  | { kind: 'literal'; value: Json }
  | { kind: 'template'; template: Template; text: string; path: string }
  | { kind: 'list'; entries: TemplateValue[] }
  | { kind: 'object'; entries: [string, TemplateValue][] };

/** A template failed while it was rendered; `field` is its JSON pointer below what was rendered. */
export class RenderError extends Error {
  readonly field: string;
  readonly line: number;
  readonly column: number;

  constructor(field: string, error: TemplateError) {
    super(error.message, { cause: error });
    this.name = 'RenderError';
    this.field = field;
    this.line = error.line;
    this.column = error.column;
  }
}

/** A path that a template reads, with the pointer of the template. */
export interface Reference {
  path: Path;
  field: string;
}

/** Compiles any JSON with templates; syntax errors become issues with pointers below `base`. */
export function compileValue(value: Json, base: string, issues: Issue[], references: Reference[]): TemplateValue {
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
  const compileText = (text: string, path: string) =>
    compileWith(compileTemplate, text, path, issues, references) ?? { kind: 'literal', value: text };
  return compile(value, base);
}

/** Compiles a bare or written-out expression that is to give true or false. */
export function compileCondition(text: string, path: string, issues: Issue[], references: Reference[]): TemplateValue {
  return compileWith(compileExpression, text, path, issues, references) ?? { kind: 'literal', value: false };
}

function compileWith(
  compile: (text: string) => Template,
  text: string,
  path: string,
  issues: Issue[],
  references: Reference[],
): TemplateValue | null {
  try {
    const template = compile(text);
    const { references: read, unknown, misused } = analyze(template.statements);
    for (const reference of read) references.push({ path: reference, field: path });
    for (const { what, name, candidates, line, column } of unknown) {
      const message = `there is no ${what} "${name}".${didYouMean(name, candidates)}`;
      issues.push({ code: `unknown_${what}`, path, message, line, column });
    }
    for (const use of misused) issues.push({ code: 'argument_invalid', path, ...use });
    return { kind: 'template', template, text, path };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { message, line, column } = error;
    issues.push({ code: 'template_invalid', path, message, line, column });
    return null;
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

/** Renders a compiled value. Throws a RenderError at the first template that cannot be rendered. */
export function renderValue(value: TemplateValue, scope: Scope): Json {
  switch (value.kind) {
    case 'literal':
      return value.value;
    case 'template':
      try {
        return renderTemplate(value.template, scope) as Json; // what leaves the engine is plain
      } catch (error) {
        if (error instanceof TemplateError) throw new RenderError(value.path, error);
        throw error;
      }
    case 'list':
      return value.entries.map((entry) => renderValue(entry, scope));
    case 'object':
      return Object.fromEntries(value.entries.map(([key, entry]) => [key, renderValue(entry, scope)]));
  }
}
