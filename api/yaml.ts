import { parseDocument } from 'yaml';
import { AppError } from '../model/app-error.ts';
import type { Json } from '../model/json.ts';

/** Aliases that a document may resolve: against those that grow without end. */
const MAX_ALIASES = 100;

/** Reads a YAML 1.2 document as JSON. Throws `yaml_malformed` with line and column, also for what JSON does not have. */
export function parseYaml(text: string): Json {
  const document = parseDocument(text, { schema: 'core', stringKeys: true, uniqueKeys: true });
  const [trouble] = [...document.errors, ...document.warnings];
  if (trouble !== undefined) throw malformed(trouble.message.split('\n')[0]!.replace(/:$/, ''));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    throw malformed((cause as Error).message, cause);
  }
  const written = JSON.stringify(value, (_, field: unknown) => {
    if (typeof field === 'number' && !Number.isFinite(field)) throw malformed(`${field} is no number of JSON`);
    return field;
  });
  return written === undefined ? null : (JSON.parse(written) as Json);
}

function malformed(message: string, cause?: unknown): AppError {
  return new AppError('yaml_malformed', `the body is not YAML: ${message}`, { cause });
}
