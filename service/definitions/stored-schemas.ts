import type { Definition } from '../../model/definition.ts';
import { jsonPointer } from '../../model/issue.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { ActionSpec } from '../../model/run-input.ts';
import { schemaProblems } from '../../model/schema/document.ts';
import { KNOWN_ACTIONS } from '../actions/actions.ts';
import type { Reached } from './sub-workflows.ts';

/** A stored schema; `name` is for people, `path` is its JSON pointer. */
export interface NamedSchema {
  name: string;
  path: string;
  schema: JsonObject;
}

/** The first problem of a schema that cannot be used. */
export interface UnusableSchema {
  name: string;
  path: string;
  message: string;
}

/** The most characters of schemas without patterns that are compiled on the event loop. */
const SMALL = 65_536;

/** Finds the first schema that cannot be used; null when all can. Pure. */
export function findUnusableSchema(schemas: readonly NamedSchema[]): UnusableSchema | null {
  for (const { name, path, schema } of schemas) {
    const [problem] = schemaProblems(schema);
    if (problem !== undefined) return { name, path: path + problem.path, message: problem.message };
  }
  return null;
}

/** Reports whether schemas with this text compile fast enough for the event loop; patterns do not. */
export function isSmallSchemaText(text: string): boolean {
  return text.length <= SMALL && !text.includes('"pattern');
}

/** Returns the response schemas of inquiries that are not templates. */
export function listFormSchemas({ tasks }: Definition): NamedSchema[] {
  return tasks.flatMap(({ name, action, input }, index) => {
    if (action !== 'core.inquiry' || input === undefined || !isJsonObject(input)) return [];
    const { response_schema: schema } = input;
    if (schema === undefined || !isJsonObject(schema) || JSON.stringify(schema).includes('{{')) return [];
    return [{ name: `response_schema of "${name}"`, path: `/definition/tasks/${index}/input/response_schema`, schema }];
  });
}

/** Returns every schema that a run of a definition checks with, each once, except for its `param_schema`. */
export function schemasOfRun(
  definition: Definition,
  outSchema: JsonObject | null,
  { actions, workflows }: Reached,
): NamedSchema[] {
  const own = outSchema === null ? [] : [{ name: 'out_schema', path: '/out_schema', schema: outSchema }];
  const all = [...own, ...listFormSchemas(definition), ...schemasOfActions(actions)];
  for (const [ref, workflow] of Object.entries(workflows)) {
    const within = ({ name, path, schema }: NamedSchema): NamedSchema => ({
      name: `${name} of "${ref}"`,
      path: jsonPointer(['workflows', ref]) + path,
      schema,
    });
    if (workflow.out_schema) all.push(within({ name: 'out_schema', path: '/out_schema', schema: workflow.out_schema }));
    all.push(...listFormSchemas(workflow.definition).map(within), ...schemasOfActions(workflow.actions));
  }
  return [...new Map(all.map((named) => [named.schema, named])).values()];
}

function schemasOfActions(actions: Record<string, ActionSpec>): NamedSchema[] {
  return Object.entries(actions).flatMap(([ref, spec]) => {
    if (KNOWN_ACTIONS.has(ref)) return [];
    return (['param_schema', 'out_schema'] as const).flatMap((field): NamedSchema[] => {
      const schema = spec[field];
      if (schema === undefined) return [];
      return [{ name: `${field} of "${ref}"`, path: jsonPointer(['actions', ref, field]), schema }];
    });
  });
}
