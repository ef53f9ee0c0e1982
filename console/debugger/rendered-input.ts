import { isTemplate } from '../../expression/template.ts';
import { isJsonObject, type Json, ownValue } from '../../model/json.ts';
import type { RenderedTemplate } from './protocol.ts';

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
