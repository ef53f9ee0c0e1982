import { isTemplate } from '../../expression/delimiters.ts';
import type { Issue } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { schemaDefaults } from '../../model/schema/document.ts';

/** Finds defaults of the parameters of a workflow that do not do what they seem to; `base` is the pointer of the schema. */
export function defaultWarnings(schema: JsonObject, base: string): Issue[] {
  return schemaDefaults(schema).flatMap(({ path, value, used }): Issue[] => {
    const warning = (code: string, message: string): Issue[] => [{ code, path: base + path, message }];
    const unused =
      'is never used: defaults apply only to optional properties, and not below a condition or an alternative';
    const template = 'is not rendered as a template: use a variable of the workflow instead';
    return [
      ...(used ? [] : warning('default_unused', unused)),
      ...(holdsTemplate(value) ? warning('template_in_default', template) : []),
    ];
  });
}

function holdsTemplate(value: Json): boolean {
  if (typeof value === 'string') return isTemplate(value);
  if (Array.isArray(value)) return value.some(holdsTemplate);
  return isJsonObject(value) && Object.values(value).some(holdsTemplate);
}
