import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import type { Stop } from '../../../console/debugger/protocol.ts';
import { createStepper } from '../../../console/debugger/stepper.ts';
import type { TaskExecution } from '../../../model/execution.ts';
import { compareText } from '../../../model/json.ts';
import type { TransitionTrace } from '../../../model/transition-trace.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createProjection, type Projection } from '../../../projection/project.ts';
import { listWaitingJoins, type WaitingJoin } from '../../../projection/runs/joins.ts';
import { isCommand, type TracedRun, traceRun } from '../../../projection/runs/traces.ts';
import { RECORDED_RUNS, readEvents } from '../../fixtures/recorded.ts';
import { createRandom, draws } from '../../seed.ts';
import { readFiles, writeExport } from './histories.ts';

// At every event of every recorded history, the debugger shows what the API shows there (GET /executions/{id}/at/{event}), whatever the way
// to the event.

/** A run at an event as the API shows it. */
interface Shown {
  status: string;
  variables: Record<string, unknown>;
  joins: WaitingJoin[];
  transitions: TransitionTrace[];
  tasks: Map<string, TaskExecution>;
}

function show(traced: TracedRun<Projection>): Shown {
  const { run: projection } = traced;
  const { status, variables, tasks } = projection.execution();
  const shown = new Map(tasks.map((task) => [task.key, task]));
  return { status, variables, joins: listWaitingJoins(projection), transitions: traced.transitions(), tasks: shown };
}

/** Returns what the API shows at each event: the same for an event and its commands. */
function showAll(workflowId: string, events: readonly HistoryEvent[]): Shown[] {
  const traced = traceRun((observer) => createProjection(workflowId, { observer }));
  const all: Shown[] = [];
  for (const [at, event] of events.entries()) {
    traced.take(event);
    const next = events[at + 1];
    if (next !== undefined && isCommand(next)) continue;
    const shown = show(traced);
    while (all.length <= at) all.push(shown);
  }
  return all;
}

/** Returns the same of a stop; of its tasks only what rows show. */
function read({ known, status, variables, joins, transitions, tasks }: Stop) {
  const values = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
  return {
    known,
    status,
    variables: values,
    joins,
    transitions,
    tasks: new Map(tasks.rows.map((row) => [row.key, row])),
  };
}

function readRow({
  key,
  name,
  visit,
  item,
  action,
  status,
  state,
  created,
  started,
  ended,
  carried,
  ...task
}: TaskExecution) {
  const { failure, attempts } = task;
  const error = failure && { type: failure.type, message: failure.message };
  return {
    key,
    name,
    visit,
    item,
    action,
    status,
    state,
    created,
    started,
    ended,
    carried,
    error,
    attempts: attempts.length,
  };
}

const byKey = (a: { key: string }, b: { key: string }) => compareText(a.key, b.key);

const random = createRandom();

it('a run stands at every event as the API shows it, forwards, backwards and by jumps', () => {
  const chosen = draws(RECORDED_RUNS.length);
  expect(RECORDED_RUNS.length).toBeGreaterThan(400);
  for (const [name, names] of RECORDED_RUNS.slice(0, chosen)) {
    const runs = names.map((each) => readEvents(each));
    const events = runs.flat();
    const stepper = createStepper(readFiles(writeExport(runs)), { spacing: 9, most: 4 });
    const { workflowId, lastEvent, verification } = stepper.opened;
    expect({ name, lastEvent, state: verification.state }).toEqual({
      name,
      lastEvent: events.length,
      state: 'verified',
    });
    const expected = showAll(workflowId, events);
    const forwards = events.map((_, at) => at);
    // An event and its commands are one stop, which was gone to forwards.
    const backwards = forwards.filter((at) => !isCommand(events[at]!)).reverse();
    const jumps = forwards.filter(() => random() < 0.3).map(() => Math.floor(random() * events.length));
    for (const at of [...forwards, ...backwards, ...jumps]) {
      const { tasks, ...whole } = expected[at]!;
      const keys = [...tasks.keys()];
      const selected = keys[Math.floor(random() * keys.length)] ?? null;
      const stop = stepper.stop({ event: at + 1, rows: { offset: 0, limit: 10_000 }, selected });
      const { tasks: rows, ...rest } = read(stop);
      const shown = { ...rest, rows: [...rows.values()].map(({ changed: _, events: __, ...row }) => row).sort(byKey) };
      const wanted = { known: true, ...whole, rows: [...tasks.values()].map(readRow).sort(byKey) };
      const [task, wantedTask] = [stop.selected?.task ?? null, tasks.get(selected ?? '') ?? null];
      // Comparing as Vitest does takes ten times as long.
      if (isDeepStrictEqual([shown, task], [wanted, wantedTask])) continue;
      expect({ name, at, shown, task }).toEqual({ name, at, shown: wanted, task: wantedTask });
    }
  }
});
