import { isReservedType } from '../events/type-pattern.ts';
import { type Issue, jsonPointer } from '../issue.ts';
import type { Json, JsonObject } from '../json.ts';
import { jsonSchemaIssues } from '../json-schema.ts';
import { refMismatch } from '../pack-issues.ts';
import { SCHEMA_WORK, validateBySchema } from '../schema/validate.ts';
import { WorkMeter } from '../work.ts';
import type { TriggerCreate } from './trigger.ts';

/** Returns the issues of a trigger whose shape is valid. */
export function issuesOfTrigger(body: TriggerCreate): Issue[] {
  const { ref, type, schema = null, examples = [] } = body;
  const issues = refMismatch(body);
  if (isReservedType(type ?? ref)) {
    const message = 'must not begin with "io.fermata.": such events come from Fermata alone';
    issues.push({ code: 'type_reserved', path: type === undefined ? '/ref' : '/type', message });
  }
  return [...issues, ...issuesOfPayloads(schema, examples)];
}

/** Returns the issues of the schema of a trigger, and of the examples that must match it. */
export function issuesOfPayloads(schema: JsonObject | null, examples: readonly Json[]): Issue[] {
  if (schema === null) return [];
  const issues = jsonSchemaIssues(schema, '/schema', 'anything');
  if (issues.length > 0) return issues;
  const meter = new WorkMeter(SCHEMA_WORK);
  return examples.flatMap((example, index) =>
    validateBySchema(schema, example, `/examples${jsonPointer([index])}`, meter).map(
      ({ keyword: _, ...issue }) => issue,
    ),
  );
}
