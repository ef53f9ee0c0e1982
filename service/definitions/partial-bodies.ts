import { setImmediate } from 'node:timers/promises';
import { type PartialDefinition, partialDefinition } from '../../language/checks/partial-definition.ts';
import { AppError } from '../../model/app-error.ts';
import { PackRefSchema, RefSchema } from '../../model/definition.ts';
import type { Issue } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { refMismatch } from '../../model/pack-issues.ts';

/** A workflow whose definition may have gaps. */
export interface PartialContent extends PartialDefinition {
  paramSchema: JsonObject | null;
  outSchema: JsonObject | null;
}

/** A workflow or an action that a definition may name although it is not stored yet. */
export interface UnstoredPart {
  ref: string;
  paramSchema: JsonObject | null;
  runs: 'workflow' | 'worker';
}

/** The means by which a body is examined. */
interface PartialExamination {
  /** Whether the body is one of a workflow that is not stored yet. */
  isNew: boolean;
  /** Makes a definition out of a value whose shape may be wrong; null: nothing is left to examine. */
  complete(value: Json): Promise<PartialDefinition | null>;
  /** Finds the issues of a workflow next to others that are not stored. */
  examine(content: PartialContent, unstored: readonly UnstoredPart[]): Promise<Issue[]>;
}

/** The number of workflows of one body that are examined. */
const MAX_WORKFLOWS = 1_000;

/** Codes that depend on what else a pack has. */
const ABOUT_OTHERS = new Set(['unknown_action', 'unknown_workflow']);

/** Makes a definition out of a value whose shape may be wrong; null: nothing is left to examine. Pure. */
export function completedDefinition(value: Json): PartialDefinition | null {
  return partialDefinition(value);
}

/**
 * Returns the issues about the meaning of a workflow, or of each workflow of a pack, in a body whose shape is wrong, as far as its
 * other parts allow. Returns none for a body that takes too much work, or while too many bodies wait.
 */
export async function issuesOfPartialBody(body: unknown, by: PartialExamination): Promise<Issue[]> {
  if (!isJsonObject(body as Json)) return [];
  const { workflows, actions } = body as JsonObject;
  try {
    if (!Array.isArray(workflows)) return await issuesOfWorkflow(body as JsonObject, [], by);
    const all = [...named(workflows, 'workflow'), ...named(actions, 'worker')];
    const unstored = all.flatMap((each) => (each === null ? [] : [each]));
    const issues: Issue[] = [];
    for (const [index, workflow] of workflows.slice(0, MAX_WORKFLOWS).entries()) {
      if (!isJsonObject(workflow)) continue;
      // Other requests have their turn between two workflows.
      await setImmediate();
      const found = await issuesOfWorkflow(workflow, unstored, { ...by, isNew: true });
      const certain = unstored.length === all.length ? found : found.filter(({ code }) => !ABOUT_OTHERS.has(code));
      issues.push(...certain.map((issue) => ({ ...issue, path: `/workflows/${index}${issue.path}` })));
    }
    return issues;
  } catch (error) {
    if (error instanceof AppError && (error.code === 'busy' || error.code === 'work_exceeded')) return [];
    throw error;
  }
}

async function issuesOfWorkflow(
  body: JsonObject,
  unstored: readonly UnstoredPart[],
  { complete, examine, isNew }: PartialExamination,
): Promise<Issue[]> {
  const [ref, pack_ref] = [RefSchema.safeParse(body.ref).data, PackRefSchema.safeParse(body.pack_ref).data];
  const mismatch = ref === undefined || pack_ref === undefined ? [] : refMismatch({ ref, pack_ref });
  const partial = body.definition === undefined ? null : await complete(body.definition);
  if (partial === null) return mismatch;
  const content = { ...partial, paramSchema: schemaIn(body, 'param_schema'), outSchema: schemaIn(body, 'out_schema') };
  const self: UnstoredPart[] = ref === undefined ? [] : [{ ref, paramSchema: content.paramSchema, runs: 'workflow' }];
  const found = await examine(content, [...unstored, ...self]);
  // A new workflow without a ref may be the one that its definition calls.
  const certain = isNew && ref === undefined ? found.filter(({ code }) => !ABOUT_OTHERS.has(code)) : found;
  return [...mismatch, ...certain];
}

/** The parts of a pack as others name them; null for a part without a ref. */
function named(parts: Json | undefined, runs: UnstoredPart['runs']): (UnstoredPart | null)[] {
  if (!Array.isArray(parts)) return parts === undefined ? [] : [null];
  return parts.map((part) => {
    const ref = isJsonObject(part) ? RefSchema.safeParse(part.ref) : null;
    return ref?.success ? { ref: ref.data, paramSchema: schemaIn(part as JsonObject, 'param_schema'), runs } : null;
  });
}

function schemaIn(body: JsonObject, field: 'param_schema' | 'out_schema'): JsonObject | null {
  const schema = body[field];
  return schema !== undefined && isJsonObject(schema) ? schema : null;
}
