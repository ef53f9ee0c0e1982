import { AppError } from '../model/app-error.ts';
import type { Definition } from '../model/definition.ts';
import { jsonSize } from '../model/json.ts';
import { type ActionSpec, type EmbeddedWorkflow, MAX_EMBEDDED_BYTES } from '../model/run-input.ts';
import type { StoredWorkflow } from '../store/definitions.ts';
import { KNOWN_ACTIONS, specsOf, workflowSpec } from './actions.ts';

/** Finds the newest revisions of some workflows, those that there are. */
export type FindWorkflows = (refs: readonly string[]) => Promise<StoredWorkflow[]>;

/** What the tasks of a definition run, and every workflow that a run of it can reach. */
export interface Reached {
  actions: Record<string, ActionSpec>;
  workflows: Record<string, EmbeddedWorkflow>;
}

/** The refs of a definition that are none of the built-in actions: workflows, or nothing. */
export function workflowRefsOf({ tasks }: Definition): string[] {
  return [...new Set(tasks.map(({ action }) => action))].filter((ref) => !KNOWN_ACTIONS.has(ref));
}

/**
 * Everything that a run of a definition can reach, as it is now; `self` is the workflow that is to be started, which may
 * name itself. Throws `sub_workflow_invalid` for a workflow that is not there or disabled, and for too many of them.
 */
export async function reachWorkflows(
  definition: Definition,
  self: StoredWorkflow | null,
  find: FindWorkflows,
): Promise<Reached> {
  const found = new Map<string, StoredWorkflow>(self === null ? [] : [[self.ref, self]]);
  const named = new Set<string>();
  for (let level = [definition]; level.length > 0; ) {
    for (const ref of level.flatMap(workflowRefsOf)) named.add(ref);
    const missing = [...named].filter((ref) => !found.has(ref));
    const next = missing.length === 0 ? [] : await find(missing);
    for (const workflow of next) found.set(workflow.ref, workflow);
    const lost = missing.find((ref) => !found.has(ref));
    if (lost !== undefined) throw unavailable(`the workflow '${lost}', which a run can reach, is not there`);
    const disabled = next.find(({ enabled }) => !enabled);
    if (disabled !== undefined) throw unavailable(`the workflow '${disabled.ref}', which a run can reach, is disabled`);
    level = next.map((workflow) => workflow.definition);
  }
  const actionsOf = (of: Definition): Record<string, ActionSpec> => ({
    ...specsOf(of),
    ...Object.fromEntries(workflowRefsOf(of).map((ref) => [ref, workflowSpec(found.get(ref)!.paramSchema)])),
  });
  const workflows = Object.fromEntries(
    [...named].map((ref) => [ref, embedded(found.get(ref)!, actionsOf(found.get(ref)!.definition))]),
  );
  const bytes = jsonSize(workflows);
  if (named.size > 0 && bytes > MAX_EMBEDDED_BYTES) {
    throw unavailable(`the workflows that a run can reach have ${bytes} bytes, more than ${MAX_EMBEDDED_BYTES}`);
  }
  return { actions: actionsOf(definition), workflows };
}

function embedded(
  { id, version, revision, hash, definition, paramSchema, outSchema }: StoredWorkflow,
  actions: Record<string, ActionSpec>,
): EmbeddedWorkflow {
  return {
    ...{ version, revision, hash, definition_id: id, definition, actions },
    ...(paramSchema === null ? {} : { param_schema: paramSchema }),
    ...(outSchema === null ? {} : { out_schema: outSchema }),
  };
}

function unavailable(message: string): AppError {
  return new AppError('sub_workflow_invalid', message);
}
