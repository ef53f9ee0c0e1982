import { isTemplate } from '../../expression/delimiters.ts';
import { isJsonObject, type Json, ownValue } from '../../model/json.ts';

/** A template of an input, and the value that it gave. */
export interface RenderedTemplate {
  /** JSON pointer within the input; empty: the whole input. */
  path: string;
  template: string;
  value: Json;
}

/** Lists the templates of an input as it was written, each with the value at the same place of the rendered input. */
export function listTemplates(written: Json, rendered: Json, path = ''): RenderedTemplate[] {
  if (typeof written === 'string') return isTemplate(written) ? [{ path, template: written, value: rendered }] : [];
  if (Array.isArray(written)) {
    const values = Array.isArray(rendered) ? rendered : [];
    return written.flatMap((each, index) => listTemplates(each, values[index] ?? null, `${path}/${index}`));
  }
  if (!isJsonObject(written)) return [];
  const values = isJsonObject(rendered) ? rendered : {};
  return Object.entries(written).flatMap(([name, each]) =>
    listTemplates(each, ownValue(values, name) ?? null, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}
