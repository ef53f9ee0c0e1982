import { stat } from 'node:fs/promises';
import type { JsonObject } from '../model/json.ts';
import type { Ambiguities } from '../model/yaml-ambiguity.ts';
import { CliError, EXIT } from './cli-error.ts';
import { readObject } from './files.ts';

/** Reports whether an argument is a file, and not the ref of a workflow, which has no slash. */
export async function isFile(argument: string): Promise<boolean> {
  if (argument === '-' || argument.includes('/')) return true;
  return stat(argument).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Reads a file that `apply` takes, or a definition by itself. Throws a CliError (usage). */
export async function readDefinition(path: string, ambiguities: Ambiguities): Promise<JsonObject> {
  const content = await readObject(path, ambiguities);
  const { definition, param_schema, out_schema } = Object.hasOwn(content, 'tasks') ? { definition: content } : content;
  if (definition === undefined) throw new CliError(EXIT.usage, `${path} holds no workflow: it has no definition`);
  return {
    definition,
    ...(param_schema !== undefined && { param_schema }),
    ...(out_schema !== undefined && { out_schema }),
  };
}
