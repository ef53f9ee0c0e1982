import { expect, it } from 'vitest';
import type { Execution } from '../../model/execution.ts';
import { withoutDeflation } from '../../model/run-payload.ts';
import { createProjection, projectExecution } from '../../projection/project.ts';
import { copyHistory } from '../../service/projections/history-copies.ts';
import { RECORDED_CHAINS, readEvents } from '../fixtures/recorded.ts';

const chains = [...RECORDED_CHAINS];

/** The runs of each chain, and its execution. */
const read = new Map(
  chains.map(([chain, names]) => {
    const runs = names.map((name) => readEvents(name));
    return [chain, { runs, whole: projectExecution(chain, runs.flat()) }];
  }),
);

it.each(chains)('%s: without its first run, the rest tells what it can, and that it is a part', (chain) => {
  const { runs, whole } = read.get(chain)!;
  expect([whole.projection, whole.partial]).toEqual(['complete', undefined]);
  const asked = whole.inquiries.map(({ key }) => key);
  expect(new Set(asked).size).toBe(asked.length);
  if (runs.length === 1) return;
  const rest = projectExecution(chain, runs.slice(1).flat());
  const { tasks, ...told } = rest;
  expect(told).toMatchObject({ projection: 'complete', partial: true, status: whole.status, output: whole.output });
  expect([rest.runId, rest.variables, rest.input]).toEqual([whole.runId, whole.variables, whole.input]);
  // The time that is passed on is the start of the first workflow task.
  expect(Date.parse(rest.created) - Date.parse(whole.created)).toBeLessThan(1_000);
  const keys = whole.tasks.map(({ key }) => key);
  expect(tasks.length).toBeLessThanOrEqual(keys.length);
  expect(keys).toEqual(expect.arrayContaining(tasks.map(({ key }) => key)));
});

it.each(chains)('%s: a state that was changed on its way is not trusted', (chain, names) => {
  if (names.length === 1) return;
  const runs = names.map((name) => readEvents(name));
  const { payloads } = runs[0]!.at(-1)!.workflowExecutionContinuedAsNewEventAttributes!.input!;
  const payload = withoutDeflation(payloads![1]!);
  payloads![1] = payload;
  const text = Buffer.from(payload.data!).toString();
  payload.data = Buffer.from(text.replace(/"starts":(\d+)/, (_, starts) => `"starts":${Number(starts) + 1}`));
  expect(projectExecution(chain, runs.flat())).toMatchObject({ projection: 'diverged', tasks: [] });
});

it.each(chains)(
  '%s: a projection shows the same whether it was shown before or not, and copies change nothing',
  (chain) => {
    const { runs, whole } = read.get(chain)!;
    const events = runs.flat();
    const shown = createProjection(chain);
    const copied = createProjection(chain);
    for (const event of events) {
      shown.take(event);
      shown.execution();
      copied.take(structuredClone(copyHistory([event]).events[0]!));
    }
    expect(shown.execution()).toEqual(whole);
    expect(copied.execution()).toEqual(whole);
  },
);

it.each(chains)('%s: without the interpreter its first and last event tell who it is and how it ended', (chain) => {
  const { runs, whole } = read.get(chain)!;
  const events = runs.flat();
  const bare = createProjection(chain, { interpret: false });
  for (const event of [events[0]!, events.at(-1)!]) bare.take(event);
  const { workflowId, runId, workflowType, memo, input, output, failure, closed, created, lastEventId } = whole;
  expect(bare.execution()).toMatchObject({
    workflowId,
    runId,
    workflowType,
    memo,
    input,
    output,
    failure,
    closed,
    created,
    lastEventId,
    projection: 'partial',
    tasks: [],
    waitingFor: [],
  });
});

it('what was not handed on of the outputs of items is told by the runs that have it', () => {
  const names = RECORDED_CHAINS.get('v5/items-whose-outputs-nothing-reads')!;
  const task = ({ tasks }: Execution) => tasks.find(({ key }) => key === 'each')!;
  const output = task(projectExecution('x', names.flatMap(readEvents))).output as string[];
  expect(output.map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 20 }, (_, at) => at));
  // Without these runs, nothing is shown rather than something wrong.
  expect(task(projectExecution('x', names.slice(1).flatMap(readEvents))).output).toBeNull();
});
