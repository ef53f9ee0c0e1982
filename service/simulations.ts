import { type Graph, graphOf, mermaidOf } from '../language/graph.ts';
import type { Principal } from '../model/principal.ts';
import type { WorkflowSimulate } from '../model/requests.ts';
import { type ActionSpec, INTERPRETER_VERSION, type RunInput } from '../model/run-input.ts';
import { KNOWN_ACTIONS } from './actions.ts';
import type { DefinitionService } from './definitions.ts';
import type { Pool } from './pool.ts';
import type { SimulatedRun } from './simulation.ts';

/** What can be known of a definition without running it. */
export type SimulationService = ReturnType<typeof createSimulationService>;

/** Makes the service; `clock` gives milliseconds. */
export function createSimulationService(definitions: DefinitionService, pool: Pool, clock: () => number) {
  return {
    /**
     * Plays a stored definition with mock outcomes. Throws `workflow_not_found`, `sub_workflow_invalid`, `input_invalid`,
     * `request_invalid`, `work_exceeded`, `busy`.
     */
    async simulate(principal: Principal, ref: string, body: WorkflowSimulate): Promise<SimulatedRun> {
      const { version, revision, outcomes = {}, items = {}, scheduled_at } = body;
      const stored = await definitions.get(principal, ref, { version, revision });
      const { definition, paramSchema, outSchema } = stored;
      const { actions, workflows } = await definitions.reach(principal, definition, stored);
      const run = {
        ...{ interpreter: INTERPRETER_VERSION, n: 0, ref, version: stored.version, revision: stored.revision },
        ...{ hash: stored.hash, definition, actions: withSchemas(actions), workflows },
        ...(outSchema === null ? {} : { out_schema: outSchema }),
        ...(scheduled_at === undefined
          ? {}
          : { scheduled: { at: new Date(scheduled_at).toISOString(), schedule: null } }),
      };
      const { input = {} } = body;
      return pool.run('simulate', principal.tenant, { run, paramSchema, input, outcomes, items, now: clock() });
    },

    /** The graph of a stored definition, also as a Mermaid flowchart. Throws `workflow_not_found`. */
    async graph(
      principal: Principal,
      ref: string,
      pick: { version?: string | undefined; revision?: number | undefined },
    ): Promise<{ graph: Graph; mermaid: string }> {
      const graph = graphOf((await definitions.get(principal, ref, pick)).definition);
      return { graph, mermaid: mermaidOf(graph) };
    },
  };
}

/** The graph of what a run runs. */
export function graphOfRun({ definition }: RunInput): Graph {
  return graphOf(definition);
}

/** In a simulation the interpreter checks every input, as the workers would. */
function withSchemas(actions: Record<string, ActionSpec>): Record<string, ActionSpec> {
  return Object.fromEntries(
    Object.entries(actions).map(([ref, spec]) => {
      const schema = KNOWN_ACTIONS.get(ref)?.param_schema ?? null;
      // A mock output stands for any.
      const { out_schema: _, ...checked } = spec;
      return [ref, schema === null ? checked : { ...checked, param_schema: schema }];
    }),
  );
}
