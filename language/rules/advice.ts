import { analyze, type TemplatePath } from '../../expression/analyze.ts';
import { type Expression, listParts } from '../../expression/ast.ts';
import type { Issue } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Reference, TemplateValue } from '../templates/value.ts';
import { propertyOf } from './references.ts';

/** Returns warnings about a condition that means something else than it seems to; `schema` is that of the payload. */
export function findConditionWarnings(
  when: TemplateValue,
  references: readonly Reference[],
  schema: JsonObject | null,
): Issue[] {
  const read = references.filter(({ field }) => field === '/when').map(({ path }) => path);
  if (!read.some(({ root }) => root === 'event')) {
    const message = 'does not depend on the event: it is the same for each';
    return [{ code: 'condition_constant', path: '/when', message }];
  }
  const [statement] = when.kind === 'template' ? when.template.statements : [];
  if (statement?.kind !== 'output') return [];
  const below = new Set(listOptional(statement.of).map(placeOf));
  // A path that is guarded anywhere was thought of.
  const guarded = new Set(read.filter((path) => path.guarded).map(textOf));
  const careless = read.filter(
    (path) => below.has(placeOf(path)) && !guarded.has(textOf(path)) && isUncertain(path, schema),
  );
  return careless.map((path) => {
    const text = textOf(path);
    const message = `an event without "${text}" does not match, whatever the rest of the condition says: put "${text} is defined and" in front, or use the filter default`;
    return { code: 'guard_advised', path: '/when', message, line: path.line, column: path.column };
  });
}

/** Returns the paths that stand below `or` or `not`, where an absent one might not matter. */
function listOptional(expression: Expression): TemplatePath[] {
  const isChoice =
    (expression.kind === 'binary' && expression.operator === 'or') ||
    (expression.kind === 'unary' && expression.operator === 'not');
  if (!isChoice) return listParts(expression).flatMap(listOptional);
  // Within a part, what is guarded there stays so.
  return listParts(expression)
    .flatMap((of) => analyze([{ kind: 'output', of }]).references)
    .filter(({ guarded }) => !guarded);
}

function textOf({ root, keys }: TemplatePath): string {
  return [root, ...keys].join('.');
}

function placeOf({ line, column }: Pick<TemplatePath, 'line' | 'column'>): string {
  return `${line}:${column}`;
}

/** Returns whether an event may lack a path: a part of its payload that the schema does not require. */
function isUncertain({ root, keys }: TemplatePath, schema: JsonObject | null): boolean {
  if (root !== 'event' || keys[0] !== 'payload' || keys.length < 2) return false;
  let current: Json | undefined = schema ?? undefined;
  for (const key of keys.slice(1)) {
    const required: Json | undefined = isJsonObject(current) ? current.required : undefined;
    if (!Array.isArray(required) || !required.includes(String(key))) return true;
    current = propertyOf(current, key);
  }
  return false;
}
