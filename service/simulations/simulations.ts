import type { DefinitionSimulate, WorkflowSimulate } from '../../model/definition-requests.ts';
import type { JobPool } from '../../model/job-pool.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import { type ActionSpec, INTERPRETER_VERSION, type RunInput } from '../../model/run-input.ts';
import type { ConnectionService } from '../access/connections.ts';
import { KNOWN_ACTIONS } from '../actions/actions.ts';
import type { DefinitionService } from '../definitions/definitions.ts';
import type { Reached } from '../definitions/sub-workflows.ts';
import type { SimulatedRun, SimulationJobs } from './simulation.ts';

/** The ref of a run of a definition that is not stored. */
const UNSAVED = 'unsaved.definition';

/** A definition to simulate. */
type Playable = Pick<RunInput, 'definition' | 'ref' | 'version' | 'revision' | 'hash'> &
  Reached & { paramSchema: JsonObject | null; outSchema: JsonObject | null };

/** Simulates definitions. */
export interface SimulationService {
  /**
   * Simulates a stored definition with mock outcomes. Throws `workflow_not_found`, `sub_workflow_invalid`, `input_invalid`,
   * `request_invalid`, `work_exceeded`, `busy`.
   */
  simulate(principal: Principal, ref: string, body: WorkflowSimulate): Promise<SimulatedRun>;
  /** Simulates a definition that is not stored. Throws what `simulate` throws, and `definition_invalid` with all issues. */
  simulateUnsaved(principal: Principal, body: DefinitionSimulate): Promise<SimulatedRun>;
}

/** The dependencies of the service. */
export interface SimulationDependencies {
  definitions: DefinitionService;
  connections: Pick<ConnectionService, 'list'>;
  pool: JobPool<SimulationJobs>;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the service. */
export function createSimulationService({
  definitions,
  connections,
  pool,
  clock,
}: SimulationDependencies): SimulationService {
  async function play(
    principal: Principal,
    { definition, paramSchema, outSchema, actions, workflows, ref, version, revision, hash }: Playable,
    {
      input = {},
      outcomes = {},
      items = {},
      scheduled_at,
    }: Pick<WorkflowSimulate, 'input' | 'outcomes' | 'items' | 'scheduled_at'>,
  ): Promise<SimulatedRun> {
    const run = {
      interpreter: INTERPRETER_VERSION,
      n: 0,
      ref,
      version,
      revision,
      hash,
      definition,
      actions: withSchemas(actions),
      workflows,
      ...(outSchema === null ? {} : { out_schema: outSchema }),
      ...(scheduled_at === undefined
        ? {}
        : { scheduled: { at: new Date(scheduled_at).toISOString(), schedule: null } }),
    };
    const defaults = Object.fromEntries(
      (await connections.list(principal)).flatMap(({ pack, name, settings }) =>
        isJsonObject(settings.defaults ?? null) ? [[`${pack}/${name}`, settings.defaults as JsonObject]] : [],
      ),
    );
    return pool.run('simulate', principal.tenant, { run, paramSchema, input, outcomes, items, defaults, now: clock() });
  }

  return {
    async simulate(principal, ref, body) {
      const { version, revision } = body;
      const stored = await definitions.get(principal, ref, { version, revision });
      const reached = await definitions.reach(principal, stored.definition, stored);
      return play(principal, { ...stored, ...reached }, body);
    },

    async simulateUnsaved(principal, body) {
      const { definition, param_schema, out_schema, ...rest } = body;
      const resolved = await definitions.resolveUnsaved(principal, { definition, param_schema, out_schema });
      return play(principal, { ...resolved, ref: UNSAVED, version: '0.0.0', revision: 0, hash: null }, rest);
    },
  };
}

/** Adds the schemas of all actions: in a simulation the interpreter checks every input, as the workers would. */
function withSchemas(actions: Record<string, ActionSpec>): Record<string, ActionSpec> {
  return Object.fromEntries(
    Object.entries(actions).map(([ref, spec]) => {
      const schema = KNOWN_ACTIONS.get(ref)?.param_schema ?? null;
      // Mock outputs are not checked.
      const { out_schema: _, ...checked } = spec;
      return [ref, schema === null ? checked : { ...checked, param_schema: schema }];
    }),
  );
}
