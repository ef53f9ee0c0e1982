import { fileURLToPath } from 'node:url';
import { ApplicationFailure } from '@temporalio/activity';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { eventName } from '../../../temporal/gateway.ts';
import { type Attempt, act, fail } from '../../interpreter/rehearse.ts';
import { closed, createHarness, type Harness } from '../support/harness.ts';
import { until } from '../support/until.ts';

let harness: Harness;
let worker: Worker;
let running: Promise<void>;
beforeAll(async () => {
  harness = await createHarness(inject('temporalAddress'));
  worker = await Worker.create({
    connection: harness.connection,
    taskQueue: `${harness.taskQueue}-hand`,
    workflowsPath: fileURLToPath(new URL('../interpreter/hand-written.ts', import.meta.url)),
    activities: {
      act: async () => null,
      refuse: async () => {
        throw ApplicationFailure.create({ type: 'E_A', nonRetryable: true });
      },
    },
  });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await harness.close();
});

/** Workflow-task triplets come and go with timing; everything else is what a definition costs. */
const countedEvents = (history: HistoryEvent[]): string[] =>
  history.map(eventName).filter((name) => !name.startsWith('WorkflowTask'));

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

const SHAPES: [string, Definition, Record<string, Attempt | Attempt[]>][] = [
  ['sequence', { tasks: names('t', 10).map((name) => act(name)) }, {}],
  [
    'joined',
    {
      tasks: [
        act('fork', { on_success: ['a', 'b', 'c'] }),
        ...['a', 'b', 'c'].map((name) => act(name, { on_success: 'j' })),
        act('j', { join: 'all' }),
      ],
    },
    {},
  ],
  [
    'fanned',
    {
      tasks: [...names('t', 100).map((name) => act(name, { on_success: 'j' })), act('j', { join: 'all' })],
    },
    {},
  ],
  ['listed', { tasks: [act('a', { with_items: '{{ range(100) | list }}', concurrency: 10 })] }, {}],
  ['nested', { tasks: [{ name: 'a', action: 'sub.one' }, act('b')] }, {}],
  ['handled', { tasks: [act('a', { on_failure: 'b' }), act('b')] }, { a: fail('E_A') }],
  [
    'retried',
    { tasks: [act('a', { retry: { count: 2, delay: 0 } })] },
    { a: [fail('E_1'), fail('E_2'), { output: null }] },
  ],
  [
    'retriedByCondition',
    { tasks: [act('a', { retry: { count: 2, delay: 0.01, when: 'failed()' } })] },
    { a: [fail('E_1'), { output: null }] },
  ],
  [
    'delayed',
    { tasks: [act('a', { delay: 0.01 }), { name: 'b', action: 'core.delay', input: { seconds: 0.01 } }] },
    {},
  ],
  [
    'looped',
    {
      start: ['a'],
      variables: { count: 0 },
      tasks: [act('a', { publish: { count: '{{ count + 1 }}' }, next: [{ when: 'count < 100', do: 'a' }] })],
    },
    {},
  ],
  ['bounded', { timeout: 60, tasks: [act('a')] }, {}],
  [
    'signalled',
    { tasks: [{ name: 'a', action: 'core.wait_signal', input: { name: 'go', timeout: 60 } }, act('b')] },
    {},
  ],
  ['parallel', { tasks: [act('a'), act('b'), act('c')], start: ['a', 'b', 'c'] }, {}],
];

it.each(SHAPES)(
  '%s: as many history events as the same workflow written by hand',
  async (name, definition, outcomes) => {
    const workflows = { 'sub.one': { tasks: [act('inner')] } };
    const id = await harness.start(definition, { outcomes, workflows });
    if (name === 'signalled') await signalOnceItWaits(id);
    await closed(harness, id);
    const hand = await harness.client.workflow.start(name, {
      workflowId: `hand-${name}-${id}`,
      taskQueue: `${harness.taskQueue}-hand`,
    });
    if (name === 'signalled') await signalOnceItWaits(hand.workflowId);
    await hand.result();
    const ours = await harness.history(id);
    const theirs = (await hand.fetchHistory()).events ?? [];
    console.log(
      `events of ${name}: ${ours.length} interpreted, ${theirs.length} by hand; without triplets:`,
      countedEvents(ours).length,
    );
    expect(countedEvents(ours).sort()).toEqual(countedEvents(theirs).sort());
  },
);

async function signalOnceItWaits(workflowId: string): Promise<void> {
  await until(
    () => harness.history(workflowId),
    (history) => history.some((event) => event.timerStartedEventAttributes),
  );
  await harness.client.workflow.getHandle(workflowId).signal('go');
}
