import type { KnownAction } from '../language/validate.ts';
import { BUILTIN_ACTIONS, jsonSchemaOf } from '../model/builtin-actions.ts';
import type { Definition } from '../model/definition.ts';
import type { JsonObject } from '../model/json.ts';
import type { ActionSpec } from '../model/run-input.ts';

/** Seconds that an action has unless it or its task says otherwise (design/shapes.md). */
const TIMES = { timeout: 600, heartbeat_timeout: 30, queue_timeout: 86_400 };

const SCHEMAS = new Map(BUILTIN_ACTIONS.map(({ ref, param }) => [ref, jsonSchemaOf(param, 'input') ?? null]));

/** The actions that definitions may name, with the schemas of their inputs. */
export const KNOWN_ACTIONS: ReadonlyMap<string, KnownAction> = new Map(
  BUILTIN_ACTIONS.map(({ ref, runs }) => [ref, { runs, param_schema: SCHEMAS.get(ref) ?? null }]),
);

const SPECS = new Map<string, ActionSpec>(
  BUILTIN_ACTIONS.map(({ ref, runs }) => {
    const schema: JsonObject | null = SCHEMAS.get(ref) ?? null;
    // Our own workers check the input of what they run; the interpreter that of the rest.
    if (runs === 'worker') return [ref, TIMES];
    const how = runs === 'inline' ? { inline: true as const } : { waits: runs };
    return [ref, { ...how, ...TIMES, ...(schema === null ? {} : { param_schema: schema }) }];
  }),
);

/** What the interpreter must know of the actions that a definition names. */
export function specsOf(definition: Definition): Record<string, ActionSpec> {
  const refs = [...new Set(definition.tasks.map(({ action }) => action))];
  return Object.fromEntries(refs.flatMap((ref) => (SPECS.has(ref) ? [[ref, SPECS.get(ref)!]] : [])));
}

/** What the interpreter must know of a workflow that is to run as a child. */
export function workflowSpec(paramSchema: JsonObject | null): ActionSpec {
  return { workflow: true, ...TIMES, ...(paramSchema === null ? {} : { param_schema: paramSchema }) };
}

/** A plain action as a definition of one task, whose input is the run's; null for a ref that is no action. */
export function definitionOfAction(ref: string): Definition | null {
  if (!SPECS.has(ref)) return null;
  const name = ref.split('.').at(-1)!;
  // A task may not have a reserved name, as core.fail's last part is one.
  return { tasks: [{ name: `run_${name}`, action: ref, input: '{{ parameters }}' }] };
}
