import proto from '@temporalio/proto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import { eventName } from '../../../temporal/gateway.ts';
import { act } from '../../interpreter/rehearse.ts';
import { closed, createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness(inject('temporalAddress'));
});
afterAll(() => harness.close());

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const LEVELS = 10;

/** Three tasks a level, each of which leads to the join of the level, which leads to the next three. */
const levels: Definition = {
  tasks: names('level', LEVELS).flatMap((level, index) => [
    ...names(`${level}_`, 3).map((name) => act(name, { on_success: `${level}_all` })),
    act(`${level}_all`, {
      join: 'all',
      ...(index < LEVELS - 1 ? { on_success: names(`level${index + 1}_`, 3) } : {}),
    }),
  ]),
};

// An activity is three events; what a run costs beyond that are its start and its end.
it.each<[string, Definition, number, number]>([
  ['100 items, 50 at once', { tasks: [act('a', { with_items: '{{ range(100) | list }}', concurrency: 50 })] }, 100, 1],
  [
    'a fan-out of 200 tasks',
    {
      tasks: [
        act('fork', { on_success: names('t', 200) }),
        ...names('t', 200).map((name) => act(name, { on_success: 'all' })),
        act('all', { join: 'all' }),
      ],
    },
    202,
    202,
  ],
  [
    'a loop of 50 rounds',
    {
      start: ['a'],
      variables: { round: 0 },
      tasks: [act('a', { publish: { round: '{{ round + 1 }}' }, next: [{ when: 'round < 50', do: 'a' }] })],
    },
    50,
    50,
  ],
  ['ten levels of joins', levels, 40, 40],
])('%s: the events that were predicted, and a projection that agrees', async (_, definition, activities, visits) => {
  const id = await harness.start(definition);
  await closed(harness, id);
  const history = await harness.history(id);
  const counted = history.map(eventName).filter((name) => !name.startsWith('WorkflowTask'));
  expect(counted).toHaveLength(2 + 3 * activities);
  const execution = await harness.execution(id);
  expect([execution.status, execution.projection, execution.divergence]).toEqual(['completed', 'complete', null]);
  expect(execution.tasks.filter(({ item }) => item === null)).toHaveLength(visits);
});

it('no more runs at once than Temporal takes, whatever the definition says', async () => {
  const definition: Definition = {
    start: names('t', 4),
    tasks: names('t', 4).map((name) => act(name, { with_items: '{{ range(380) | list }}', concurrency: 380 })),
  };
  // So many at once can take a busy machine longer than a worker may say nothing.
  const actions = { 'test.act': { timeout: 600, heartbeat_timeout: 600, queue_timeout: 600 } };
  const id = await harness.start(definition, { actions });
  await closed(harness, id);
  const history = await harness.history(id);
  let running = 0;
  let most = 0;
  for (const event of history) {
    if (event.activityTaskScheduledEventAttributes) running += 1;
    if (event.activityTaskCompletedEventAttributes) running -= 1;
    most = Math.max(most, running);
  }
  expect(most).toBe(1_500);
  // On a busy machine the server takes a workflow task back once a hundred events wait for it; nothing else goes wrong.
  const { WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND: takenBack } =
    proto.temporal.api.enums.v1.WorkflowTaskFailedCause;
  const failures = history.flatMap((event) => event.workflowTaskFailedEventAttributes?.cause ?? []);
  expect(failures.filter((cause) => cause !== takenBack)).toEqual([]);
  const execution = await harness.execution(id);
  expect([execution.status, execution.projection]).toEqual(['completed', 'complete']);
});
