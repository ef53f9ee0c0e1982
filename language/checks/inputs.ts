import { isTemplate } from '../../expression/delimiters.ts';
import { type Issue, MORE_ISSUES, type Suggestions, valueAt } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { SchemaIssue } from '../../model/schema/walk.ts';

/**
 * Divides the mismatches of an input with templates, whose values are only known when they are rendered: what is wrong in any case, and
 * fields that are required and absent. `base` is the pointer of the input.
 */
export function sortMismatches(
  found: readonly SchemaIssue[],
  { input, base, schema, suggestions }: { input: Json; base: string; schema: JsonObject; suggestions: Suggestions },
): { wrong: Issue[]; absent: Issue[] } {
  const wrong: Issue[] = [];
  const absent: Issue[] = [];
  const isUnknown = ({ code, path }: SchemaIssue) =>
    code !== 'limit_exceeded' && hasTemplate(valueAt(input, path.slice(base.length)));
  for (const mismatch of found) {
    if (mismatch.code === MORE_ISSUES || isUnknown(mismatch)) continue;
    const { keyword, ...issue } = mismatch;
    if (keyword === 'required') absent.push({ ...issue, code: 'input_missing' });
    else if (issue.code === 'unknown_field') wrong.push(unknownField(issue, schema, suggestions));
    else wrong.push({ ...issue, code: 'input_invalid' });
  }
  // The mismatches that were left out may all be of values that templates give: they alone refuse nothing.
  const listed = [wrong, absent].find((list) => list.length > 0);
  const more = found.filter(({ code }) => code === MORE_ISSUES);
  listed?.push(...more.map(({ keyword: _, ...issue }) => issue));
  return { wrong, absent };
}

function unknownField(issue: Issue, schema: JsonObject, suggestions: Suggestions): Issue {
  const field = issue.path.split('/').at(-1)!;
  const known = isJsonObject(schema.properties) ? Object.keys(schema.properties) : [];
  return { ...issue, message: `unknown field "${field}".${suggestions.didYouMean(field, known)}` };
}

/** Returns whether a value has templates in its strings. */
export function hasTemplate(value: Json | undefined): boolean {
  if (typeof value === 'string') return isTemplate(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasTemplate);
}
