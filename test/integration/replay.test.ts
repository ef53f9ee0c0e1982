import { readdirSync, readFileSync } from 'node:fs';
import proto from '@temporalio/proto';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, expect, it } from 'vitest';
import { projectExecution } from '../../projection/project.ts';
import { bundleWorkflows } from '../../worker/worker.ts';
import { CLOSINGS } from './closings.ts';

const root = new URL('../fixtures/histories/', import.meta.url);
const fixtures = readdirSync(root).flatMap((version) =>
  readdirSync(new URL(`${version}/`, root)).map((file) => ({
    name: `${version}/${file}`,
    url: new URL(`${version}/${file}`, root),
  })),
);
const read = (url: URL) => proto.temporal.api.history.v1.History.decode(readFileSync(url));

let workflowBundle: WorkflowBundle;
beforeAll(async () => {
  workflowBundle = await bundleWorkflows();
});

it('holds a history of every closing', () => {
  const names = fixtures.map(({ name }) => name);
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
  const histories = fixtures.map(({ name, url }) => ({ workflowId: name, history: read(url) }));
  const results: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    results.push(error === undefined ? workflowId : `${workflowId}: ${error.message}`);
  }
  expect(results.sort()).toEqual(fixtures.map(({ name }) => name).sort());
});

it.each(fixtures)('projects $name without divergence', ({ name, url }) => {
  expect(projectExecution(name, read(url).events)).toMatchObject({ projection: 'complete' });
});

it('refuses a history that this build would not have made', async () => {
  const history = read(new URL('v1/a-list-stops-at-the-first-failure.binpb', root));
  for (const { activityTaskScheduledEventAttributes: scheduled } of history.events) {
    if (scheduled?.activityType) scheduled.activityType.name = 'other.action';
  }
  await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toThrow(/TMPRL1100/);
});
