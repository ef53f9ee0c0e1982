import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { validateDefinition } from '../../interpreter/validate.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { projectExecution } from '../../projection/project.ts';
import { type RandomRun, randomRun } from '../interpreter/random-run.ts';
import { rehearse, TEST_ACTIONS } from '../interpreter/rehearse.ts';
import { closed, createHarness, type Harness } from './harness.ts';

// FERMATA_SEED=… draws the same runs again, FERMATA_RUNS=… more of them.
const seed = Number(process.env.FERMATA_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.FERMATA_RUNS ?? 120);
/** Runs under way at the same time. */
const BATCH = 30;

const harnesses: Harness[] = [];
beforeAll(async () => {
  const address = inject('temporalAddress');
  // Hardly any workflow stays in the first one's cache, and none in the second's, whose worker is killed over and over.
  harnesses.push(await createHarness(address, { maxCachedWorkflows: 2, slow: 40 }));
  harnesses.push(await createHarness(address, { maxCachedWorkflows: 0, slow: 40, restartEvery: 400 }));
});
afterAll(async () => {
  for (const harness of harnesses) await harness.close();
});

const drawn = fc
  .sample(randomRun(), { numRuns, seed })
  .filter(({ definition }) => validateDefinition(definition, null, TEST_ACTIONS).issues.length === 0)
  // Loops within loops can make tens of thousands of visits, which say nothing more.
  .filter((run) => rehearse(run).state.visits.length < 100);

it.each([
  ['a workflow cache of 2', 0],
  ['no cache, and a worker that is restarted all the time', 1],
])(
  'what is projected of random runs equals what they did, open or closed: %s (seed %i)',
  async (_, index) => {
    const harness = harnesses[index]!;
    const runs = drawn.filter((_run, at) => at % 2 === index);
    expect(runs.length).toBeGreaterThan(numRuns / 4);
    let compared = 0;
    let prefixes = 0;
    for (let at = 0; at < runs.length; at += BATCH) {
      await Promise.all(
        runs.slice(at, at + BATCH).map(async (run, offset) => {
          const name = `seed ${seed}, run ${at + offset} of ${index}`;
          const history = await play(harness, run, name);
          prefixes += projectEveryPrefix(history, name);
          compared += compare(history, run, name) ? 1 : 0;
        }),
      );
    }
    console.log(`seed ${seed}: ${runs.length} runs, ${prefixes} open histories, ${compared} equal to their rehearsal`);
    expect(compared).toBeGreaterThan(3);
  },
  240_000,
);

/** Runs it on the server, sends it what it is to get from outside, and gives its history. */
async function play(harness: Harness, run: RandomRun, name: string): Promise<HistoryEvent[]> {
  const { definition, outcomes, cancelAt, signals } = run;
  const id = await harness.start(definition, { outcomes });
  const handle = harness.client.workflow.getHandle(id);
  for (const signal of signals) {
    await handle.signal(signal, { sent: signal }).catch(() => undefined);
    await pause(Math.random() * 50);
  }
  const open = await harness.execution(id);
  expect([open.projection, open.divergence], `${name}, open`).toEqual(['complete', null]);
  // Somewhere in the middle, as the machine will have it.
  if (cancelAt > 4) await handle.cancel().catch(() => undefined);
  await closed(harness, id);
  return harness.history(id);
}

/** Projects the history as it was after every change: none may diverge, and a closed run has no task under way. */
function projectEveryPrefix(history: HistoryEvent[], name: string): number {
  let projected = 0;
  for (let end = 1; end <= history.length; end += 1) {
    // Commands are written in one transaction with the workflow task that gave them.
    if (
      history[end] !== undefined &&
      history[end]!.workflowTaskCompletedEventAttributes == null &&
      isCommand(history[end]!)
    )
      continue;
    const { projection, divergence, closed: over, tasks } = projectExecution('x', history.slice(0, end));
    expect([projection, divergence], `${name}, up to event ${end}`).toEqual(['complete', null]);
    if (over !== null) {
      expect(
        tasks.filter(({ status }) => status === 'running' || status === 'scheduled'),
        name,
      ).toEqual([]);
    }
    projected += 1;
  }
  return projected;
}

function isCommand(event: HistoryEvent): boolean {
  return [
    ...[event.activityTaskScheduledEventAttributes, event.timerStartedEventAttributes],
    ...[event.timerCanceledEventAttributes, event.activityTaskCancelRequestedEventAttributes],
    ...[event.workflowExecutionCompletedEventAttributes, event.workflowExecutionFailedEventAttributes],
    event.workflowExecutionCanceledEventAttributes,
  ].some((attributes) => attributes != null);
}

/** What nothing but the outcomes decides closes as the pure interpreter says; false where time or chance has a part. */
function compare(history: HistoryEvent[], run: RandomRun, name: string): boolean {
  const { definition, outcomes } = run;
  const execution = projectExecution('x', history);
  const text = JSON.stringify(definition);
  const timed = ['wait_signal', 'uuid', 'now()', 'random', '"timeout":0.1'].some((word) => text.includes(word));
  let parallel = false;
  const { close } = rehearse({ definition, outcomes }, (events) => {
    if (events.length > 1) parallel = true;
    return events;
  });
  // Which of two parallel branches is first, or seen by the other, is up to the machine.
  if (timed || parallel || execution.status === 'cancelled') return false;
  expect([execution.status, execution.failure?.type], name).toEqual([close?.outcome, close?.failure?.type]);
  // How long a wait took is up to the machine too.
  const timeless = (value: Json) => canonicalJson(value).replaceAll(/"waited_ms":\d+/g, '"waited_ms":0');
  expect(timeless(execution.output), name).toBe(timeless(close?.output as Json));
  return true;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
