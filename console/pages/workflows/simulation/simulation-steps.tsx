import { useCallback, useMemo, useState } from 'preact/hooks';
import type { RunGraph, ShownSimulation, ShownWorkflow } from '../../../client/shapes.ts';
import { Canvas } from '../../../graph/canvas.tsx';
import { Badge } from '../../../parts/badge.tsx';
import { Fact } from '../../../parts/lists/fact.tsx';
import { TableHead } from '../../../parts/lists/table-head.tsx';
import { ValueView } from '../../../parts/value.tsx';
import { StepBar } from '../../../stepping/step-bar.tsx';
import { useStepping } from '../../../stepping/stepping.ts';
import { RenderedInput } from '../../debugger/stop/rendered-input.tsx';
import { WhyTable } from '../../debugger/stop/why-table.tsx';
import { explainNoDecision, listSimulatedWork, listVisitTemplates, type SimulatedVisit, STATES } from './simulation.ts';

const COLUMNS = ['Visit', 'Action', 'Status'];

/** What a simulation has done, step by step: at each of them a visit to a task begins. */
export function SimulationSteps({
  workflow,
  simulation,
  graph,
}: {
  workflow: ShownWorkflow;
  simulation: ShownSimulation;
  graph: RunGraph;
}) {
  const { status, tasks, transitions, error, output, warnings, waiting_for: waits } = simulation;
  const [step, setStep] = useState(tasks.length);
  const { work, taken } = useMemo(() => listSimulatedWork(simulation, graph, step), [simulation, graph, step]);
  const visit = tasks[step - 1];
  const place = visit === undefined ? 'nothing has begun' : `${visit.key}, ${STATES[visit.status]}`;
  const stepping = useStepping({
    place: step,
    first: 0,
    last: tasks.length,
    show: setStep,
    change: null,
    isShown: true,
  });
  const { go } = stepping;
  const openVisit = useCallback((key: string) => go(tasks.findIndex((each) => each.key === key) + 1), [tasks]);
  return (
    <section class="debugger simulation" aria-label="Simulation" tabIndex={-1} onKeyDown={stepping.press}>
      <div role="status" aria-label="Outcome">
        <dl class="facts">
          <Fact name="Status" isSilent>
            <Badge state={status} />
          </Fact>
          {waits.map(({ task, kind, detail }) => (
            <Fact key={`${task} ${kind}`} name="Waits for">
              {kind} of {task}
              {detail !== null && ` (${detail})`}
            </Fact>
          ))}
        </dl>
      </div>
      {warnings.map(({ path, message }) => (
        <p key={path + message} class="wrong">
          {message}
        </p>
      ))}
      <div class="card transport">
        <StepBar stepping={stepping} noun="step" text={place} />
        <p aria-live={stepping.isPlaying ? 'off' : 'polite'}>
          <span class="strong">
            Step {step} of {tasks.length}
          </span>{' '}
          <span class="soft">{place}</span>
        </p>
      </div>
      <Canvas title={workflow.ref} graph={graph} work={work} taken={taken} selected={null} open={openVisit} />
      <div class="simulated">
        <table role="table" class="table" aria-label="Simulated visits">
          <TableHead columns={COLUMNS} />
          <tbody role="rowgroup">
            {tasks.slice(0, step).map(({ key, action, status: state }, index) => (
              <tr role="row" key={key} aria-current={index === step - 1 ? 'step' : undefined}>
                <th role="rowheader" scope="row">
                  <button type="button" class="link" onClick={() => go(index + 1)}>
                    {key}
                  </button>
                </th>
                <td role="cell" class="soft">
                  {action}
                </td>
                <td role="cell">
                  <Badge state={STATES[state]} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <div class="simulated-values">
          {visit !== undefined && (
            <section class="card" aria-labelledby="simulated-input">
              <h2 id="simulated-input">Rendered input</h2>
              <RenderedInput of={describeVisit(visit, workflow)} />
            </section>
          )}
          {step === tasks.length && (
            <section class="card" aria-labelledby="simulated-end">
              <h2 id="simulated-end">{error === null ? 'Result of the run' : 'Error of the run'}</h2>
              <ValueView name={error === null ? 'Result' : 'Error'} value={error ?? output} />
            </section>
          )}
        </div>
      </div>
      {visit !== undefined && (
        <div class="part">
          <h2>Why</h2>
          <WhyTable
            transitions={transitions.filter(({ from }) => from === visit.key)}
            none={explainNoDecision(visit, graph)}
          />
        </div>
      )}
    </section>
  );
}

function describeVisit(visit: SimulatedVisit, { definition }: ShownWorkflow) {
  const { key, action, status, input, output, error } = visit;
  const isOver = status !== 'running';
  const templates = listVisitTemplates(visit, definition);
  return { key, action, state: STATES[status], input, output, failure: error, isOver, templates };
}
