import { type SimulatedTask, simulate, simulatedTasks } from '../interpreter/simulate.ts';
import { type StateWait, waitsOf } from '../interpreter/waits.ts';
import { type Graph, graphOf, mermaidOf } from '../language/graph.ts';
import type { Failure, Outcome } from '../model/failure.ts';
import { didYouMean, type Issue } from '../model/issue.ts';
import type { Json } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import type { WorkflowSimulate } from '../model/requests.ts';
import { type ActionSpec, INTERPRETER_VERSION, type RunInput } from '../model/run-input.ts';
import { KNOWN_ACTIONS } from './actions.ts';
import type { DefinitionService } from './definitions.ts';
import { checkInput, refusal } from './inputs.ts';

/** What would come of a run; `running`: it waits for what the outcomes say never ends. */
export interface SimulatedRun {
  status: Outcome | 'running';
  output: Json;
  error: Failure | null;
  waitingFor: StateWait[];
  /** Keys of the visits in the order in which they start. */
  order: string[];
  tasks: SimulatedTask[];
}

/** What can be known of a definition without running it. */
export type SimulationService = ReturnType<typeof createSimulationService>;

/** Makes the service; `clock` gives milliseconds. */
export function createSimulationService(definitions: DefinitionService, clock: () => number) {
  return {
    /** Plays a stored definition with mock outcomes. Throws `workflow_not_found`, `sub_workflow_invalid`, `input_invalid`, `request_invalid`. */
    async simulate(principal: Principal, ref: string, body: WorkflowSimulate): Promise<SimulatedRun> {
      const { version, revision, outcomes = {}, items = {} } = body;
      const stored = await definitions.get(principal, ref, { version, revision });
      const { definition, paramSchema, outSchema } = stored;
      const names = definition.tasks.map(({ name }) => name);
      const told = [
        ...Object.keys(outcomes).map((name) => ['outcomes', name]),
        ...Object.keys(items).map((name) => ['items', name]),
      ];
      const unknown = told.flatMap(([field, name]): Issue[] => {
        if (names.includes(name!)) return [];
        const message = `there is no task "${name}".${didYouMean(name!, names)}`;
        return [{ code: 'unknown_task', path: `/${field}/${name}`, message }];
      });
      if (unknown.length > 0) throw refusal('request_invalid', unknown);
      const { actions, workflows } = await definitions.reach(principal, definition, stored);
      const input = checkInput(body.input ?? {}, 'input', paramSchema);
      const run = {
        ...{ interpreter: INTERPRETER_VERSION, n: 0, ref, version: stored.version, revision: stored.revision },
        ...{ hash: stored.hash, definition, actions: withSchemas(actions), workflows },
        ...(outSchema === null ? {} : { out_schema: outSchema }),
      };
      const { state, close } = simulate(run, input, outcomes, clock(), { items });
      const tasks = simulatedTasks(state);
      return {
        status: close?.outcome ?? 'running',
        output: close?.output ?? null,
        error: close?.failure ?? null,
        waitingFor: close === null ? waitsOf(state) : [],
        order: tasks.map(({ key }) => key),
        tasks,
      };
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
