import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, expect, it } from 'vitest';
import { projectExecution } from '../../../projection/project.ts';
import { RECORDED, readHistory } from '../../fixtures/recorded.ts';
import { preparedBundle } from '../support/prepared.ts';
import { CLOSINGS } from './closings.ts';

let workflowBundle: WorkflowBundle;
beforeAll(async () => {
  workflowBundle = await preparedBundle();
});

it('holds a history of every closing', () => {
  const names = RECORDED.map(({ name }) => name);
  for (const { name } of CLOSINGS) {
    const file = `${name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.binpb`;
    expect(
      names.some((recorded) => recorded.endsWith(`/${file}`)),
      name,
    ).toBe(true);
  }
  expect(names.length).toBeGreaterThan(30);
});

it('replays every recorded history through the real bundle', async () => {
  const histories = RECORDED.map(({ name }) => ({ workflowId: name, history: readHistory(name) }));
  const results: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    results.push(error === undefined ? workflowId : `${workflowId}: ${error.message}`);
  }
  expect(results.sort()).toEqual(RECORDED.map(({ name }) => name).sort());
});

it.each(RECORDED)('projects $name without divergence, by the interpreter version of its folder', ({ name }) => {
  const { projection, run } = projectExecution(name, readHistory(name).events);
  expect([projection, `v${run?.interpreter}`]).toEqual(['complete', name.split('/')[0]]);
});

it('refuses a history that this build would not have made', async () => {
  const history = readHistory('v1/a-list-stops-at-the-first-failure.binpb');
  for (const { activityTaskScheduledEventAttributes: scheduled } of history.events) {
    if (scheduled?.activityType) scheduled.activityType.name = 'other.action';
  }
  await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toThrow(/TMPRL1100/);
});

it.each([
  ['that continues none', { continuedExecutionRunId: '' }],
  ['with a cron schedule', { cronSchedule: '* * * * *' }],
  ['with a retry policy', { retryPolicy: { maximumAttempts: 2 } }],
])('the state of a chain is refused in a run %s', async (_, attributes) => {
  const history = readHistory('v8/chain-work-of-its-own-in-slices-2.binpb');
  Object.assign(history.events[0]!.workflowExecutionStartedEventAttributes!, attributes);
  await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toThrow(/TMPRL1100/);
});
