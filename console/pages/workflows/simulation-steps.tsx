import { useMemo, useState } from 'preact/hooks';
import type { RunGraph, ShownSimulation } from '../../client/shapes.ts';
import { Canvas } from '../../graph/canvas.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Fact } from '../../parts/lists/fact.tsx';
import { TableHead } from '../../parts/lists/table-head.tsx';
import { ValueView } from '../../parts/value.tsx';
import { listSimulatedWork, type SimulatedVisit, STATES } from './simulation.ts';

const COLUMNS = ['Visit', 'Action', 'Status'];

/** What a simulation has done, step by step: at each of them a visit to a task begins. */
export function SimulationSteps({
  title,
  simulation,
  graph,
}: {
  title: string;
  simulation: ShownSimulation;
  graph: RunGraph;
}) {
  const { status, tasks, error, output, warnings, waiting_for: waits } = simulation;
  const [step, setStep] = useState(tasks.length);
  const { work, taken } = useMemo(() => listSimulatedWork(simulation, graph, step), [simulation, graph, step]);
  const visit = tasks[step - 1];
  const place = visit === undefined ? 'nothing has begun' : `${visit.key}, ${STATES[visit.status]}`;
  return (
    <section class="simulation" aria-label="Simulation">
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
      <div class="stepper">
        <label class="field">
          Step
          <input
            type="range"
            min={0}
            max={tasks.length}
            value={step}
            aria-valuetext={`Step ${step} of ${tasks.length}: ${place}`}
            onInput={({ currentTarget }) => setStep(Number(currentTarget.value))}
          />
        </label>
        <p class="soft">
          {step} of {tasks.length}: {place}
        </p>
      </div>
      <Canvas
        title={title}
        graph={graph}
        work={work}
        taken={taken}
        selected={null}
        open={(key) => setStep(tasks.findIndex((each) => each.key === key) + 1)}
      />
      <div class="simulated">
        <table role="table" class="table" aria-label="Simulated visits">
          <TableHead columns={COLUMNS} />
          <tbody role="rowgroup">
            {tasks.slice(0, step).map(({ key, action, status: state }, index) => (
              <tr role="row" key={key} aria-current={index === step - 1 ? 'step' : undefined}>
                <th role="rowheader" scope="row">
                  <button type="button" class="link" onClick={() => setStep(index + 1)}>
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
          {visit !== undefined && <VisitValues visit={visit} />}
          {step === tasks.length && (
            <NamedValue name={error === null ? 'Result of the run' : 'Error of the run'} value={error ?? output} />
          )}
        </div>
      </div>
    </section>
  );
}

function VisitValues({ visit: { key, input, output, error } }: { visit: SimulatedVisit }) {
  return (
    <>
      <NamedValue name={`Input of ${key}`} value={input} />
      {error === null ? (
        <NamedValue name={`Output of ${key}`} value={output} />
      ) : (
        <NamedValue name={`Error of ${key}`} value={error} />
      )}
    </>
  );
}

function NamedValue({ name, value }: { name: string; value: unknown }) {
  return (
    <div>
      <h2>{name}</h2>
      <ValueView name={name} value={value} />
    </div>
  );
}
