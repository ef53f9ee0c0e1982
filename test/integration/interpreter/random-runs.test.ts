import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { TemporalServer } from '../../../dev/temporal-server.ts';
import type { Intervention } from '../../../interpreter/simulate.ts';
import { validateDefinition } from '../../../language/validate.ts';
import { CONTROL_SIGNAL } from '../../../model/control.ts';
import { canonicalJson, type Json } from '../../../model/json.ts';
import { YIELD_ACTION } from '../../../model/run-input.ts';
import { keyOfVisit } from '../../../model/task-key.ts';
import type { WorkLimits } from '../../../model/work.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createProjection, projectExecution } from '../../../projection/project.ts';
import type { RetryPoint } from '../../../service/projections/projected-runs.ts';
import { type RandomRun, randomRun, SUB_WORKFLOWS } from '../../interpreter/random-run.ts';
import { rehearse as playPure, type Rehearsed, TEST_ACTIONS } from '../../interpreter/rehearse.ts';
import { createRandom, draws, SEED } from '../../seed.ts';
import { outlineOf } from '../../service/projections/outlining.ts';
import { closed, createHarness, type Harness } from '../support/harness.ts';
import { settleAll } from '../support/settle-all.ts';
import { startChainServer } from './chain-server.ts';

/** One in so many open histories is also projected from the beginning. */
const FROM_THE_BEGINNING = 10;

/** Runs under way at the same time. */
const BATCH = 30;

let server: TemporalServer;
beforeAll(async () => {
  server = await startChainServer(10);
});
afterAll(() => server.stop());

/** The workers that play, each as long as its test takes. */
const PLAYERS: (() => Promise<Harness>)[] = [
  // Hardly any workflow stays in the first one's cache, and none in the second's, whose worker is killed over and over.
  () => createHarness(inject('temporalAddress'), { maxCachedWorkflows: 2, slow: 40 }),
  () => createHarness(inject('temporalAddress'), { maxCachedWorkflows: 0, slow: 40, restartEvery: 2_000 }),
  // Whatever is longer than a few events goes on in another run.
  () => createHarness(server.address, { maxCachedWorkflows: 2, slow: 40 }),
];

/** Slices of one task or some, in two runs of three; where the worker is killed over and over, each end of a slice may take seconds. */
const limitsOf = (harness: number, at: number) =>
  at % 3 === 0 ? undefined : { slice: at % 3 === 1 && harness !== 1 ? 1 : 200 };

const rehearse = (run: RandomRun, intervene?: Intervention, limits: Partial<WorkLimits> = {}): Rehearsed =>
  playPure({ ...run, workflows: SUB_WORKFLOWS, limits }, intervene);

/** Returns whether a run could be stored and is short: loops within loops can make tens of thousands of visits, which prove nothing more. */
const playable = (run: RandomRun) =>
  validateDefinition(run.definition, null, TEST_ACTIONS).issues.length === 0 && rehearse(run).state.visits.length < 100;

const drawn = [
  ...fc.sample(randomRun().filter(playable), draws(10)),
  ...fc.sample(
    randomRun().filter((run) => isTimeless(run) && playable(run) && isDecided(run)),
    draws(14),
  ),
];

// A few in the suite; `npm run explore` plays hundreds of runs, for which there is an hour. Each waits for its worker most of the time.
it.concurrent.for<[string, number]>([
  ['a workflow cache of 2', 0],
  ['no cache, and a worker that is restarted all the time', 1],
  ['run after run, each of a few events', 2],
])(
  'what is projected of random runs equals what they did, open or closed: %s',
  { timeout: 3_600_000 },
  async ([, index], { onTestFinished }) => {
    const harness = await PLAYERS[index]!();
    onTestFinished(() => harness.close());
    const runs = drawn.filter((_run, at) => at % 2 === index % 2);
    let compared = 0;
    let retried = 0;
    let prefixes = 0;
    let continued = 0;
    let yielded = 0;
    for (let at = 0; at < runs.length; at += BATCH) {
      await settleAll(
        runs.slice(at, at + BATCH).map(async (run, offset) => {
          const name = `seed ${SEED}, run ${at + offset} of ${index}`;
          const random = createRandom(SEED + at + offset);
          const limits = limitsOf(index, at + offset);
          const history = await play(harness, run, name, limits, random);
          if (index === 0) retried += await expectRetry(harness, { run, history, limits }, name, random);
          prefixes += projectEveryPrefix(history, name);
          continued += history.filter((event) => event.workflowExecutionContinuedAsNewEventAttributes).length;
          yielded += history.filter(isYield).length;
          if (!isDecided(run)) return;
          compare(history, run, name);
          compared += 1;
        }),
      );
    }
    console.log(
      `seed ${SEED}: ${runs.length} runs, ${prefixes} open histories, ${continued} continued, ${yielded} slices, ${compared} equal to their rehearsal, ${retried} retried as planned`,
    );
    expect(compared).toBeGreaterThanOrEqual(7);
    // Runs whose work is all inline never have any to do again.
    if (index === 0) expect(retried).toBeGreaterThanOrEqual(3);
    if (index === 1) expect(harness.restarts()).toBeGreaterThan(2);
    // The draws of the suite make 10 slices where the worker is killed, and 76 elsewhere.
    expect(yielded).toBeGreaterThan(index === 1 ? 0 : 5);
    if (index === 2) expect(continued).toBeGreaterThan(10);
  },
);

/** Runs it on the server, sends it what it is to get from outside, and gives its history. */
async function play(
  harness: Harness,
  run: RandomRun,
  name: string,
  limits: Partial<WorkLimits> | undefined,
  random: () => number,
): Promise<HistoryEvent[]> {
  const { definition, outcomes, cancelAt, signals } = run;
  const id = await harness.start(definition, {
    outcomes,
    workflows: SUB_WORKFLOWS,
    ...(limits === undefined ? {} : { limits }),
  });
  const handle = harness.client.workflow.getHandle(id);
  const paused = random() < 0.3;
  const control = (what: 'pause' | 'resume') =>
    handle.signal(CONTROL_SIGNAL, { id: what, by: 'test', what }).catch(() => undefined);
  if (paused) await control('pause');
  for (const signal of signals) {
    await handle.signal(signal, { sent: signal }).catch(() => undefined);
    await pause(random() * 50);
  }
  const open = await harness.execution(id);
  expect([open.projection, open.divergence], `${name}, open`).toEqual(['complete', null]);
  if (paused) await control('resume');
  // Somewhere in the middle, as the machine will have it.
  if (cancelAt > 4) await handle.cancel().catch(() => undefined);
  await closed(harness, id);
  await expectChildren(harness, id, name);
  return harness.history(id);
}

/** Plans a retry from what failed or from some event, and starts it: it does what was planned. Returns the number of retries. */
async function expectRetry(
  harness: Harness,
  { run, history, limits }: { run: RandomRun; history: HistoryEvent[]; limits: Partial<WorkLimits> | undefined },
  name: string,
  random: () => number,
): Promise<number> {
  const read = (workflowId: string) => harness.history(workflowId);
  let point: RetryPoint = { from: 'failed' };
  let found = random() < 0.3 ? await outlineOf(history, point, read) : null;
  // At its first events and at its last ones a run has nothing to do again.
  for (let tries = 0; found === null && tries < 10; tries += 1) {
    point = { from: 'event', event: 1 + Math.floor(random() * history.length) };
    found = await outlineOf(history, point, read);
  }
  if (found === null) return 0;
  const { keys } = found.outline;
  const id = await harness.start(run.definition, {
    workflows: SUB_WORKFLOWS,
    carried: found.carried,
    ...(limits === undefined ? {} : { limits }),
  });
  const handle = harness.client.workflow.getHandle(id);
  for (const signal of run.signals) await handle.signal(signal, { sent: signal }).catch(() => undefined);
  await closed(harness, id);
  const retry = createProjection('x');
  for (const taken of await harness.history(id)) retry.take(taken);
  const { visits } = retry.replayed()!.state!;
  const what = `${name}, retried from ${JSON.stringify(point)}`;
  const visitsOf = (list: readonly string[]) => list.filter((key) => keyOfVisit(key) === key).sort();
  expect(visitsOf(keys.kept), what).toEqual(
    visits
      .filter(({ carried }) => carried)
      .map(({ key }) => key)
      .sort(),
  );
  const fresh = new Map(visits.filter(({ carried }) => !carried).map((visit) => [visit.key, visit]));
  expect(
    visitsOf(keys.again).filter((key) => !fresh.has(key)),
    what,
  ).toEqual([]);
  // Everything else follows from that.
  const others = [...fresh.values()].filter(({ key }) => !keys.again.includes(key));
  expect(
    others.filter(({ from, shielded }) => from.length === 0 && !shielded).map(({ key }) => key),
    what,
  ).toEqual([]);
  const attempted = retry.execution().tasks.filter(({ attempts, carried }) => attempts.length > 0 && !carried);
  expect(
    attempted.filter(({ key }) => keys.kept.includes(key)).map(({ key }) => key),
    what,
  ).toEqual([]);
  return 1;
}

/** Every sub-workflow is projected, too, and has ended as its task says. */
async function expectChildren(harness: Harness, id: string, name: string): Promise<void> {
  for (const { key, child, status, output } of (await harness.execution(id)).tasks) {
    if (child === null) continue;
    const below = await harness.execution(child);
    expect([below.projection, below.divergence], `${name}, below ${key}`).toEqual(['complete', null]);
    if (status === 'completed') expect([below.status, below.output], `${name}, below ${key}`).toEqual([status, output]);
    await expectChildren(harness, child, name);
  }
}

/**
 * Projects the history as it was after every change, by one projection that grows, as the API keeps it: none may diverge, and a closed
 * run has no task under way. Now and then the same is projected from the beginning.
 */
function projectEveryPrefix(history: HistoryEvent[], name: string): number {
  const growing = createProjection('x');
  let taken = 0;
  let projected = 0;
  for (let end = 1; end <= history.length; end += 1) {
    // Commands are written in one transaction with the workflow task that gave them.
    if (
      history[end] !== undefined &&
      history[end]!.workflowTaskCompletedEventAttributes == null &&
      isCommand(history[end]!)
    )
      continue;
    while (taken < end) growing.take(history[taken++]!);
    const execution = growing.execution();
    const { projection, divergence, closed: over, tasks } = execution;
    expect([projection, divergence], `${name}, up to event ${end}`).toEqual(['complete', null]);
    if (projected % FROM_THE_BEGINNING === 0 || end === history.length) {
      expect(execution, `${name}, up to event ${end}`).toEqual(projectExecution('x', history.slice(0, end)));
    }
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

function isYield({ activityTaskScheduledEventAttributes: scheduled }: HistoryEvent): boolean {
  return scheduled?.activityType?.name === YIELD_ACTION;
}

function isCommand(event: HistoryEvent): boolean {
  return [
    ...[event.activityTaskScheduledEventAttributes, event.timerStartedEventAttributes],
    ...[event.timerCanceledEventAttributes, event.activityTaskCancelRequestedEventAttributes],
    event.startChildWorkflowExecutionInitiatedEventAttributes,
    event.requestCancelExternalWorkflowExecutionInitiatedEventAttributes,
    ...[event.workflowExecutionCompletedEventAttributes, event.workflowExecutionFailedEventAttributes],
    ...[event.workflowExecutionCanceledEventAttributes, event.workflowExecutionContinuedAsNewEventAttributes],
  ].some((attributes) => attributes != null);
}

/** Whether a run does nothing that depends on time, on chance or on anything from outside. */
function isTimeless({ definition, cancelAt }: RandomRun): boolean {
  const text = JSON.stringify(definition);
  return cancelAt <= 4 && !['wait_signal', 'uuid', 'now()', 'random', '"timeout":'].some((word) => text.includes(word));
}

/** Whether nothing but the outcomes decides how a run goes: neither time, nor chance, nor anything from outside. */
function isDecided(run: RandomRun): boolean {
  if (!isTimeless(run)) return false;
  // Which of two things under way ends first is up to the machine. The end of a slice is such a thing.
  let parallel = false;
  const watch: Intervention = (events, _wave, state) => {
    const pending = [...(state?.pending.values() ?? [])].filter(({ visit, kind }) => visit >= 0 || kind === 'slice');
    if (pending.length > 1) parallel = true;
    return events;
  };
  rehearse(run, watch, { slice: 1 });
  return rehearse(run, watch).order.length > 1 && !parallel;
}

/** A run that nothing but its outcomes decides closes as the pure interpreter says. */
function compare(history: HistoryEvent[], run: RandomRun, name: string): void {
  const execution = projectExecution('x', history);
  const { close, order } = rehearse(run);
  expect([execution.status, execution.failure?.type], name).toEqual([close?.outcome, close?.failure?.type]);
  const visits = execution.tasks.filter(({ item }) => item === null);
  expect(visits.map(({ key }) => key).sort(), name).toEqual(order.sort());
  // How long a wait took is up to the machine too.
  const timeless = (value: Json) => canonicalJson(value).replaceAll(/"waited_ms":\d+/g, '"waited_ms":0');
  expect(timeless(execution.output), name).toBe(timeless(close?.output as Json));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
