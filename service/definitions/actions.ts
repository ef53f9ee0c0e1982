import type { KnownAction } from '../../language/validate.ts';
import { BUILTIN_ACTIONS, IDEMPOTENT, jsonSchemaOf } from '../../model/builtin-actions.ts';
import { connectedPack } from '../../model/connection.ts';
import type { Definition } from '../../model/definition.ts';
import type { JsonObject } from '../../model/json.ts';
import { ACTION_TIMES, type ActionSpec } from '../../model/run-input.ts';
import type { StoredAction } from '../../store/definitions/actions.ts';

const SCHEMAS = new Map(BUILTIN_ACTIONS.map(({ ref, param }) => [ref, jsonSchemaOf(param, 'input') ?? null]));

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
    // Our own workers check the input of what they run; the interpreter that of the rest.
    if (runs === 'worker') {
      const connects = connectedPack(ref) === null ? {} : { connects: true as const };
      const idempotent = IDEMPOTENT.get(ref);
      return [ref, { ...connects, ...(idempotent && { idempotent }), ...ACTION_TIMES }];
    }
    const how = runs === 'inline' ? { inline: true as const } : { waits: runs };
    return [ref, { ...how, ...ACTION_TIMES, ...(schema === null ? {} : { param_schema: schema }) }];
  }),
);

/** What the interpreter must know of the actions that a definition names. */
export function specsOf(definition: Definition): Record<string, ActionSpec> {
  const refs = [...new Set(definition.tasks.map(({ action }) => action))];
  return Object.fromEntries(refs.flatMap((ref) => (SPECS.has(ref) ? [[ref, SPECS.get(ref)!]] : [])));
}

/** What the interpreter must know of a workflow that is to run as a child. */
export function workflowSpec(paramSchema: JsonObject | null): ActionSpec {
  return { workflow: true, ...ACTION_TIMES, ...(paramSchema === null ? {} : { param_schema: paramSchema }) };
}

/** What the interpreter must know of an action that workers outside Fermata do. */
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

/** A plain action as a definition of one task, whose input is the run's. */
export function definitionOfAction(ref: string): Definition {
  const name = ref.split('.').at(-1)!;
  // A task may not have a reserved name, as core.fail's last part is one.
  return { tasks: [{ name: `run_${name}`, action: ref, input: '{{ parameters }}' }] };
}
