import type { z } from 'zod';
import { type Issue, Suggestions } from '../issue.ts';
import { exceedsLength, isJsonObject, type Json, jsonDepth, MAX_DEPTH } from '../json.ts';
import { convertIssues } from '../zod-issues.ts';
import { type RuleCreate, RuleCreateSchema, RuleUpdateSchema } from './rule.ts';

/** Fields of a rule, of which any may be missing. */
export type DraftedFields = { [Field in keyof RuleCreate]?: RuleCreate[Field] | undefined };

/** A rule that a person wrote: the fields whose shape is right, and what is wrong with the shape of the others. */
export interface RuleDraft {
  fields: DraftedFields;
  /** The fields whose shape is wrong: nothing is known about them. */
  malformed: ReadonlySet<string>;
  /** The key of `dedupe`, also where another field of that is wrong; null without one. */
  key: string | null;
  issues: Issue[];
}

/** Most characters of a rule: checking so many takes a few milliseconds. */
const MAX_RULE = 65_536;

/** Reads the body of a new rule. */
export function readRule(body: unknown, suggestions = new Suggestions()): RuleDraft {
  return readDraft(RuleCreateSchema, body, suggestions);
}

/** Reads the body of a change. */
export function readRuleUpdate(body: unknown, suggestions = new Suggestions()): RuleDraft {
  return readDraft(RuleUpdateSchema, body, suggestions);
}

function readDraft(
  schema: typeof RuleCreateSchema | typeof RuleUpdateSchema,
  body: unknown,
  suggestions: Suggestions,
): RuleDraft {
  if (jsonDepth(body, MAX_DEPTH) > MAX_DEPTH) {
    return unreadable('too_deep', `must not be nested deeper than ${MAX_DEPTH} levels`);
  }
  if (exceedsLength(body, MAX_RULE)) return unreadable('too_large', `must not have more than ${MAX_RULE} characters`);
  if (!isJsonObject(body)) return unreadable('type_invalid', 'must be an object');
  const parsed = schema.safeParse(body);
  const key = keyIn(body.dedupe);
  if (parsed.success) return { fields: parsed.data, malformed: new Set(), key, issues: [] };
  const issues = convertIssues(parsed.error, schema, body, '', suggestions);
  const fields: Record<string, unknown> = {};
  const malformed = new Set<string>();
  for (const [name, field] of Object.entries<z.ZodType>(schema.shape)) {
    if (!Object.hasOwn(body, name)) continue;
    const read = field.safeParse(body[name]);
    if (read.success) fields[name] = read.data;
    else malformed.add(name);
  }
  return { fields: fields as DraftedFields, malformed, key, issues }; // each field has passed its own schema
}

function keyIn(dedupe: Json | undefined): string | null {
  return isJsonObject(dedupe) && typeof dedupe.key === 'string' ? dedupe.key : null;
}

function unreadable(code: string, message: string): RuleDraft {
  return { fields: {}, malformed: EVERYTHING, key: null, issues: [{ code, path: '', message }] };
}

const EVERYTHING: ReadonlySet<string> = new Set(Object.keys(RuleCreateSchema.shape));
