import proto from '@temporalio/proto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import type { Json } from '../../../model/json.ts';
import { YIELD_ACTION } from '../../../model/run-input.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { projectExecution } from '../../../projection/project.ts';
import { act, ENDLESS, give } from '../../interpreter/rehearse.ts';
import { closed, createHarness, type Harness } from '../support/harness.ts';
import { until } from '../support/until.ts';

const { TimeoutType } = proto.temporal.api.enums.v1;

// Runs with so much work that it is done in slices, each next to a run that must not wait for it.

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness(inject('temporalAddress'));
});
afterAll(() => harness.close());

const LOOP = '{% set ns = namespace(s=0) %}{% for i in range(15000) %}{% set ns.s = ns.s + i %}{% endfor %}{{ ns.s }}';
const items = (list: string, data: Json): Definition => ({ tasks: [give('each', data, { with_items: list })] });
const yields = (events: HistoryEvent[]) =>
  events.filter(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === YIELD_ACTION,
  );

/**
 * No workflow task was thrown away: none has taken too long, none has failed. One that no worker has begun, since the machine was busy, is
 * offered again.
 */
function expectNoTaskLost(events: HistoryEvent[]): void {
  const lost = events.filter(
    ({ workflowTaskTimedOutEventAttributes: late, workflowTaskFailedEventAttributes: failed }) =>
      failed || (late && late.timeoutType !== TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START),
  );
  expect(lost).toEqual([]);
}

it.each<[name: string, definition: Definition, status: string, check: (output: Json) => void]>([
  [
    '2,000 items with a small sum',
    items('{{ range(0, 2000) }}', '{{ range(0, 1000) | sum }}'),
    'completed',
    (output) => expect(output).toEqual(Array.from({ length: 2_000 }, () => 499_500)),
  ],
  [
    '50 items with a loop of 15,000 rounds',
    items('{{ range(50) }}', LOOP),
    'completed',
    (output) => expect(output).toEqual(Array.from({ length: 50 }, () => 112_492_500)),
  ],
  ['a loop without exit', ENDLESS, 'failed', (output) => expect(output).toBeNull()],
])('%s: ends, loses no workflow task, and lets another run go on meanwhile', async (_, definition, status, check) => {
  const id = await harness.start(definition);
  await until(
    () => harness.history(id),
    (events) => yields(events).length > 0,
  );
  const other = await harness.start({ tasks: [act('a'), act('b'), act('c')] });
  await closed(harness, other);
  const meanwhile = await harness.describe(id);
  expect(meanwhile.workflowExecutionInfo?.closeTime ?? null, 'it has not ended before the other one').toBeNull();
  await closed(harness, id);
  const events = await harness.history(id);
  expectNoTaskLost(events);
  const execution = projectExecution(id, events);
  expect([execution.projection, execution.divergence]).toEqual(['complete', null]);
  expect(execution.status).toBe(status);
  check(execution.output);
  expect(execution.tasks.filter(({ key }) => key.startsWith('~'))).toEqual([]);
});

it('a loop without exit is cancelled between two slices', async () => {
  const id = await harness.start({ ...ENDLESS, on_cancel: 'undo', tasks: [...ENDLESS.tasks, act('undo')] });
  await until(
    () => harness.history(id),
    (events) => yields(events).length > 1,
  );
  const open = await harness.execution(id);
  expect([open.status, open.waitingFor]).toEqual(['running', []]);
  await harness.client.workflow.getHandle(id).cancel();
  await closed(harness, id);
  const events = await harness.history(id);
  expectNoTaskLost(events);
  const execution = projectExecution(id, events);
  expect([execution.projection, execution.status]).toEqual(['complete', 'cancelled']);
  expect(execution.tasks.find(({ name }) => name === 'undo')?.status).toBe('completed');
});
