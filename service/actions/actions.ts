import type { KnownAction } from '../../language/checks/actions.ts';
import { BUILTIN_ACTIONS, IDEMPOTENT, toJsonSchema } from '../../model/builtin-actions.ts';
import { connectedPack } from '../../model/connection.ts';
import type { Definition } from '../../model/definition.ts';
import type { JsonObject } from '../../model/json.ts';
import { ACTION_TIMES, type ActionSpec } from '../../model/run-input.ts';
import type { StoredAction } from '../../store/definitions/actions.ts';

const SCHEMAS = new Map(BUILTIN_ACTIONS.map(({ ref, param }) => [ref, toJsonSchema(param, 'input') ?? null]));

/** The actions that definitions may name, with the schemas of their inputs. */
export const KNOWN_ACTIONS: ReadonlyMap<string, KnownAction> = new Map(
  BUILTIN_ACTIONS.map(({ ref, runs }) => [
    ref,
    { runs, param_schema: SCHEMAS.get(ref) ?? null, ...(runs === 'worker' ? { own: true as const } : {}) },
  ]),
);

const SPECS = new Map<string, ActionSpec>(
  BUILTIN_ACTIONS.map(({ ref, runs }) => {
    const schema: JsonObject | null = SCHEMAS.get(ref) ?? null;
    // Fermata's workers check the inputs of their actions; the interpreter checks the others.
    if (runs === 'worker') {
      const connects = connectedPack(ref) === null ? {} : { connects: true as const };
      const idempotent = IDEMPOTENT.get(ref);
      return [ref, { ...connects, ...(idempotent && { idempotent }), ...ACTION_TIMES }];
    }
    const how = runs === 'inline' ? { inline: true as const } : { waits: runs };
    return [ref, { ...how, ...ACTION_TIMES, ...(schema === null ? {} : { param_schema: schema }) }];
  }),
);

/** Returns the specs of the built-in actions that a definition names. */
export function findSpecs(definition: Definition): Record<string, ActionSpec> {
  const refs = [...new Set(definition.tasks.map(({ action }) => action))];
  return Object.fromEntries(refs.flatMap((ref) => (SPECS.has(ref) ? [[ref, SPECS.get(ref)!]] : [])));
}

/** Returns the spec of a workflow that runs as a sub-workflow. */
export function workflowSpec(paramSchema: JsonObject | null): ActionSpec {
  return { workflow: true, ...ACTION_TIMES, ...(paramSchema === null ? {} : { param_schema: paramSchema }) };
}

/** Returns the spec of an action of workers outside Fermata. */
export function storedSpec(action: StoredAction): ActionSpec {
  const { taskQueue, timeout, queueTimeout, heartbeatTimeout, idempotent, paramSchema, outSchema } = action;
  return {
    task_queue: taskQueue,
    timeout,
    queue_timeout: queueTimeout,
    heartbeat_timeout: heartbeatTimeout,
    ...(idempotent ? { idempotent } : {}),
    ...(paramSchema === null ? {} : { param_schema: paramSchema }),
    ...(outSchema === null ? {} : { out_schema: outSchema }),
  };
}

/** Makes a definition with one task, which runs an action with the input of the run. */
export function definitionOfAction(ref: string): Definition {
  const name = ref.split('.').at(-1)!;
  // The prefix avoids reserved names, such as the last part of core.fail.
  return { tasks: [{ name: `run_${name}`, action: ref, input: '{{ parameters }}' }] };
}
