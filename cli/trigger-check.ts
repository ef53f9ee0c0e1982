import type { Issue } from '../model/issue.ts';
import type { JsonObject } from '../model/json.ts';
import { TriggerCreateSchema } from '../model/rules/trigger.ts';
import { issuesOfTrigger } from '../model/rules/trigger-issues.ts';
import { convertIssues } from '../model/zod-issues.ts';

/** Finds all issues of a trigger that is not stored: the API has no request that only validates one. */
export function examineTrigger(body: JsonObject): Issue[] {
  const parsed = TriggerCreateSchema.safeParse(body);
  return parsed.success ? issuesOfTrigger(parsed.data) : convertIssues(parsed.error, TriggerCreateSchema, body);
}
