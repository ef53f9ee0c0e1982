import type { TemplatePath } from '../../expression/analyze.ts';
import { type Expression, listContents, listParts, type Statement } from '../../expression/ast.ts';
import type { Position } from '../../expression/errors.ts';
import type { Issue, Suggestions } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../../model/json.ts';
import { EVENT_FIELDS } from '../../model/rules/event-fields.ts';
import type { Reference, TemplateValue } from '../templates/value.ts';

const RULE_FIELDS = ['ref', 'revision'];

/** Checks the names that the templates of a rule read, one by one, and gathers what is wrong with them. */
export class RuleReferences {
  readonly issues: Issue[] = [];
  /** The schema of the payload; null: it can be anything. */
  readonly #schema: JsonObject | null;
  readonly #suggestions: Suggestions;

  constructor(schema: JsonObject | null, suggestions: Suggestions) {
    this.#schema = schema;
    this.#suggestions = suggestions;
  }

  check({ path, field }: Reference): void {
    const message = this.#faultOf(path);
    if (message === null) return;
    this.issues.push({ code: 'unknown_name', path: field, message, line: path.line, column: path.column });
  }

  #faultOf(path: TemplatePath): string | null {
    const { root, keys, called, guarded } = path;
    const [key] = keys;
    if (called !== null) {
      return `"${root}()" is not available in a rule: what it does depends on the event alone`;
    }
    if (root === 'event') {
      if (key === undefined) return null;
      if (!(EVENT_FIELDS as readonly (string | number)[]).includes(key)) return this.#unknownField(String(key));
      return key === 'payload' && !guarded ? this.#payloadFault(keys.slice(1)) : null;
    }
    if (root === 'rule') {
      if (key === undefined || RULE_FIELDS.includes(String(key))) return null;
      return `"rule" has no "${key}".${this.#suggestions.didYouMean(String(key), RULE_FIELDS)}`;
    }
    const isField = (EVENT_FIELDS as readonly string[]).includes(root);
    const near = isField ? ` Did you mean "event.${root}"?` : this.#suggestions.didYouMean(root, ['event', 'rule']);
    return `unknown name "${root}": a rule sees "event" and "rule".${near}`;
  }

  #unknownField(key: string): string {
    if (key === 'data') return '"event" has no "data". Did you mean "payload"?';
    return `"event" has no "${key}".${this.#suggestions.didYouMean(key, EVENT_FIELDS)}`;
  }

  #payloadFault(keys: readonly (string | number)[]): string | null {
    let schema: Json | undefined = this.#schema ?? undefined;
    let owner = 'event.payload';
    for (const key of keys) {
      const known = closedProperties(schema);
      if (known !== null && !Object.hasOwn(known, key)) {
        return `"${owner}" has no "${key}".${this.#suggestions.didYouMean(String(key), Object.keys(known))}`;
      }
      schema = propertyOf(schema, key);
      owner += typeof key === 'number' ? `[${key}]` : `.${key}`;
    }
    return null;
  }
}

/** Returns the schema of a property that a schema declares by itself. */
export function propertyOf(schema: Json | undefined, key: string | number): Json | undefined {
  if (!isJsonObject(schema) || !isJsonObject(schema.properties)) return undefined;
  return ownValue(schema.properties, String(key));
}

/** Returns the properties of a schema that allows no others. */
function closedProperties(schema: Json | undefined): JsonObject | null {
  if (!isJsonObject(schema) || schema.additionalProperties !== false) return null;
  return isJsonObject(schema.properties) && schema.patternProperties === undefined ? schema.properties : null;
}

/** Finds uses of the filter `random`: what a rule does must be found again at any time. */
export function checkChance(value: TemplateValue): Issue[] {
  switch (value.kind) {
    case 'list':
      return value.entries.flatMap(checkChance);
    case 'object':
      return value.entries.flatMap(([, entry]) => checkChance(entry));
    case 'template':
      return inStatements(value.template.statements).map(({ line, column }) => {
        const message = 'the filter random is not available in a rule: what it does depends on the event alone';
        return { code: 'unknown_filter', path: value.path, message, line, column };
      });
    default:
      return [];
  }
}

function inStatements(statements: readonly Statement[]): Position[] {
  return statements.flatMap((statement) => {
    const { expressions, filters, bodies } = listContents(statement);
    return [
      ...expressions.flatMap(inExpression),
      ...filters.flatMap((filter) => [
        ...(filter.name === 'random' ? [filter] : []),
        ...filter.args.positional.flatMap(inExpression),
      ]),
      ...bodies.flatMap(inStatements),
    ];
  });
}

function inExpression(expression: Expression): Position[] {
  const own = expression.kind === 'filter' && expression.name === 'random' ? [expression] : [];
  return [...own, ...listParts(expression).flatMap(inExpression)];
}
