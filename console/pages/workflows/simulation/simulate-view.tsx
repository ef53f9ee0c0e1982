import { useRead } from '../../../client/reads.ts';
import { request } from '../../../client/request.ts';
import type { RunGraph, ShownSimulation, ShownWorkflow } from '../../../client/shapes.ts';
import { readJsonText } from '../../../parts/forms/json-text.ts';
import { RefusalNote } from '../../../parts/forms/refusal-note.tsx';
import { onSubmit, useSubmission } from '../../../parts/forms/submission.ts';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { SimulationSteps } from './simulation-steps.tsx';

/** Plays a workflow with outcomes that somebody makes up, and shows step by step what it would do. Nothing is run. */
export function SimulateView({ workflow, path }: { workflow: ShownWorkflow; path: string }) {
  const graph = useRead<{ data: RunGraph }>(`${path}/graph?layout=1`);
  const { answer, refusal, isBusy, submit } = useSubmission(simulate);
  const simulation = answer?.data ?? null;

  async function simulate(form: HTMLFormElement) {
    const entered = new FormData(form);
    const body = {
      input: readJsonText(String(entered.get('input')), { name: 'input', label: 'Input' }, {}),
      outcomes: readJsonText(String(entered.get('outcomes')), { name: 'outcomes', label: 'Outcomes' }, {}),
      revision: workflow.revision,
    };
    return request<{ data: ShownSimulation }>(`${path}/simulate`, { method: 'POST', body });
  }

  return (
    <>
      <form class="simulate" onSubmit={onSubmit(submit)} aria-busy={isBusy}>
        <label class="field">
          Input (JSON)
          <textarea name="input" rows={6} class="mono" spellcheck={false} defaultValue={exampleInput(workflow)} />
        </label>
        <label class="field">
          Outcomes (JSON)
          <textarea
            name="outcomes"
            rows={6}
            class="mono"
            spellcheck={false}
            placeholder={exampleOutcomes(graph.value?.data)}
            aria-describedby="outcomes-note"
          />
        </label>
        <p class="soft small" id="outcomes-note">
          How tasks end: an output, an error, or <code>{'{ "running": true }'}</code>; a list has one for each attempt.
          Other tasks succeed with null.
        </p>
        <button type="submit" class="button primary" aria-disabled={isBusy}>
          Simulate
        </button>
      </form>
      <RefusalNote of={refusal} />
      {graph.error !== null && (
        <ReadError what="The graph could not be read" error={graph.error} retry={graph.reload} />
      )}
      {simulation !== null && graph.value === undefined && graph.error === null && <Loading of="the graph" />}
      {simulation !== null && graph.value !== undefined && (
        <SimulationSteps
          key={JSON.stringify(simulation.order)}
          workflow={workflow}
          simulation={simulation}
          graph={graph.value.data}
        />
      )}
    </>
  );
}

/** Returns an input with the fields that a workflow requires. */
function exampleInput({ param_schema: schema }: ShownWorkflow): string {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, { default?: unknown }>;
    required?: string[];
  };
  return JSON.stringify(Object.fromEntries(required.map((name) => [name, properties[name]?.default ?? null])), null, 2);
}

/** Returns an example of outcomes that names a task of the workflow. */
function exampleOutcomes(graph: RunGraph | undefined): string {
  const name = graph?.entries[0] ?? 'task';
  return `{ ${JSON.stringify(name)}: { "output": true } }\n\n{ ${JSON.stringify(name)}: { "error": { "type": "timeout" } } }`;
}
