import { stringify, type ToStringOptions } from 'yaml';
import type { Json } from './json.ts';
import { parseYaml, YamlMalformed } from './yaml.ts';

/** Long texts are folded, and texts of several lines are written as blocks. */
const READABLE: ToStringOptions = { lineWidth: 120 };

/** Every text stands in one line, as in JSON. */
const EXACT: ToStringOptions = { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', doubleQuotedAsJSON: true };

/**
 * Writes JSON as YAML that every reader understands alike: texts that YAML 1.1 or 1.2 would read as another value are quoted. `parseYaml`
 * returns an equal value.
 */
export function formatYaml(value: Json): string {
  const text = write(value, READABLE);
  // The library writes some texts of spaces and line ends as blocks that stand for other texts.
  return isReadAs(text, value) ? text : write(value, EXACT);
}

function write(value: Json, options: ToStringOptions): string {
  return stringify(value, { ...options, compat: 'yaml-1.1', aliasDuplicateObjects: false });
}

function isReadAs(text: string, value: Json): boolean {
  try {
    return JSON.stringify(parseYaml(text)) === JSON.stringify(value);
  } catch (error) {
    if (error instanceof YamlMalformed) return false;
    throw error;
  }
}
