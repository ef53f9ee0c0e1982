import { AppError } from '../../model/app-error.ts';
import type { Definition } from '../../model/definition.ts';
import { jsonSize } from '../../model/json.ts';
import { type ActionSpec, type EmbeddedWorkflow, MAX_EMBEDDED_BYTES } from '../../model/run-input.ts';
import type { StoredAction } from '../../store/definitions/actions.ts';
import type { StoredWorkflow } from '../../store/definitions/definitions.ts';
import { findSpecs, KNOWN_ACTIONS, storedSpec, workflowSpec } from '../actions/actions.ts';
import { writeOnlyPaths } from '../projections/hiding/write-only.ts';

/** Finds the present workflows and stored actions with some refs. */
export type FindNamed = (refs: readonly string[]) => Promise<{ workflows: StoredWorkflow[]; actions: StoredAction[] }>;

/** The actions of a definition, and every workflow that a run of it can reach. */
export interface Reached {
  actions: Record<string, ActionSpec>;
  workflows: Record<string, EmbeddedWorkflow>;
}

/** Returns the refs in a definition that are not built-in actions. */
export function listStoredRefs({ tasks }: Definition): string[] {
  return [...new Set(tasks.map(({ action }) => action))].filter((ref) => !KNOWN_ACTIONS.has(ref));
}

/**
 * Resolves everything that a run of a definition can reach; `self` is the workflow to start, which may name itself. Throws
 * `sub_workflow_invalid` for a workflow that is missing or disabled, and for too many of them.
 */
export async function reachWorkflows(
  definition: Definition,
  self: StoredWorkflow | null,
  find: FindNamed,
): Promise<Reached> {
  const found = new Map<string, StoredWorkflow>(self === null ? [] : [[self.ref, self]]);
  const named = new Set<string>();
  const outside = new Map<string, StoredAction>();
  for (let level = [definition]; level.length > 0; ) {
    for (const ref of level.flatMap(listStoredRefs)) if (!outside.has(ref)) named.add(ref);
    const missing = [...named].filter((ref) => !found.has(ref));
    const { workflows: next, actions } = missing.length === 0 ? NOTHING : await find(missing);
    for (const workflow of next) found.set(workflow.ref, workflow);
    for (const action of actions) {
      outside.set(action.ref, action);
      named.delete(action.ref);
    }
    const lost = missing.find((ref) => !found.has(ref) && !outside.has(ref));
    if (lost !== undefined) throw unavailable(`"${lost}", which a run can reach, is neither an action nor a workflow`);
    const disabled = next.find(({ enabled }) => !enabled);
    if (disabled !== undefined) throw unavailable(`the workflow "${disabled.ref}", which a run can reach, is disabled`);
    level = next.map((workflow) => workflow.definition);
  }
  const circular = [...found.values()].find((workflow) => sharesWithItself(workflow, found));
  if (circular !== undefined) {
    throw unavailable(`"${circular.ref}" can start itself and would wait for its own concurrency key`);
  }
  const actionsOf = (of: Definition): Record<string, ActionSpec> => ({
    ...findSpecs(of),
    ...Object.fromEntries(
      listStoredRefs(of).map((ref) => {
        const action = outside.get(ref);
        return [ref, action === undefined ? workflowSpec(found.get(ref)!.paramSchema) : storedSpec(action)];
      }),
    ),
  });
  const workflows = Object.fromEntries(
    [...named].map((ref) => [ref, embedded(found.get(ref)!, actionsOf(found.get(ref)!.definition))]),
  );
  const bytes = jsonSize(workflows);
  if (named.size > 0 && bytes > MAX_EMBEDDED_BYTES) {
    throw unavailable(
      `the workflows that a run can reach have ${bytes} bytes; at most ${MAX_EMBEDDED_BYTES} are allowed`,
    );
  }
  return { actions: actionsOf(definition), workflows };
}

/** Reports whether a workflow with a concurrency key can start itself, directly or not: the sub-workflow would wait for the key that
 * the run above it holds. */
function sharesWithItself({ ref, definition }: StoredWorkflow, found: ReadonlyMap<string, StoredWorkflow>): boolean {
  if (definition.concurrency_key === undefined) return false;
  const reached = new Set(listStoredRefs(definition));
  for (const next of reached)
    for (const below of listStoredRefs(found.get(next)?.definition ?? EMPTY)) reached.add(below);
  return reached.has(ref);
}

const EMPTY: Definition = { tasks: [] };

const NOTHING = { workflows: [], actions: [] };

function embedded(
  { id, version, revision, hash, definition, paramSchema, outSchema }: StoredWorkflow,
  actions: Record<string, ActionSpec>,
): EmbeddedWorkflow {
  const writeOnly = writeOnlyPaths(paramSchema);
  return {
    ...(writeOnly.length === 0 ? {} : { write_only: writeOnly }),
    version,
    revision,
    hash,
    definition_id: id,
    definition,
    actions,
    ...(paramSchema === null ? {} : { param_schema: paramSchema }),
    ...(outSchema === null ? {} : { out_schema: outSchema }),
  };
}

function unavailable(message: string): AppError {
  return new AppError('sub_workflow_invalid', message);
}
