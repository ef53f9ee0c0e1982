import type { KnownAction } from '../../language/checks/actions.ts';
import type { Gaps } from '../../language/checks/partial-definition.ts';
import { type Validation, validateDefinition } from '../../language/validate.ts';
import type { Definition } from '../../model/definition.ts';
import { capIssues, Suggestions } from '../../model/issue.ts';
import type { JsonObject } from '../../model/json.ts';
import { jsonSchemaIssues } from '../../model/json-schema.ts';
import { KNOWN_ACTIONS } from '../actions/actions.ts';
import { isSmallSchemaText, listFormSchemas } from './stored-schemas.ts';

/** A definition with its schemas, and the stored actions that it may name. */
export interface ExaminationRequest {
  definition: Definition;
  paramSchema: JsonObject | null;
  outSchema: JsonObject | null;
  actions: Record<string, KnownAction>;
  /** The unknown parts of a definition that is examined although its shape is wrong. */
  gaps?: Gaps | null;
}

/** The most characters of a definition with its schemas, as JSON. */
const MAX_DEFINITION = 1_048_576;

/**
 * The most characters of a definition that is examined on the event loop: each check of so few takes a few milliseconds, if there are
 * no patterns and no schemas of other authors.
 */
export const SMALL_DEFINITION = 16_384;

/** Finds all issues and warnings of a definition with its schemas. Pure. */
export function examineDefinition(request: ExaminationRequest): Validation {
  const { definition, paramSchema, outSchema, actions, gaps = null } = request;
  const size = textOf(request).length;
  if (size > MAX_DEFINITION) {
    const message = `the definition has ${size} characters; at most ${MAX_DEFINITION} are allowed`;
    return { issues: [{ code: 'too_large', path: '/definition', message }], warnings: [] };
  }
  const suggestions = new Suggestions();
  const schemaIssues = [
    ...(paramSchema === null ? [] : jsonSchemaIssues(paramSchema, '/param_schema', 'object', suggestions)),
    ...(outSchema === null ? [] : jsonSchemaIssues(outSchema, '/out_schema', 'anything', suggestions)),
    ...listFormSchemas(definition).flatMap(({ path, schema }) =>
      jsonSchemaIssues(schema, path, 'anything', suggestions),
    ),
  ];
  const known = new Map([...KNOWN_ACTIONS, ...Object.entries(actions)]);
  const { issues, warnings } = validateDefinition(definition, paramSchema, known, suggestions, gaps);
  return { issues: capIssues([...schemaIssues, ...issues]), warnings: capIssues(warnings) };
}

/** Reports whether an examination is small enough for the event loop. */
export function isSmallExamination(request: ExaminationRequest): boolean {
  const text = textOf(request);
  return Object.keys(request.actions).length === 0 && text.length <= SMALL_DEFINITION && isSmallSchemaText(text);
}

function textOf({ definition, paramSchema, outSchema }: ExaminationRequest): string {
  return JSON.stringify([definition, paramSchema, outSchema]);
}
