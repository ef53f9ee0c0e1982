import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isJsonObject } from '../../../model/json.ts';
import { REHEARSALS } from '../../interpreter/rehearsals.ts';
import { closed, createHarness, type Harness } from '../support/harness.ts';
import { settleAll } from '../support/settle-all.ts';

/**
 * Every row that a server can play: the same table as test/interpreter, with the real workflow and its projection. Those whose run has
 * a timeout come first: they wait for it while the others are played.
 */
const rows = REHEARSALS.filter((row) => row.pure !== true).toSorted(
  (a, b) => Number(b.definition.timeout !== undefined) - Number(a.definition.timeout !== undefined),
);

/** Runs of a worker under way at the same time: so few that each of them gets as far as its row says, within its timeout. */
const UNDER_WAY = 25;

const WORKERS = [
  { name: 'with cached workflows', options: {} },
  { name: 'with a workflow cache of 2, which forces replays', options: { maxCachedWorkflows: 2 } },
];

/** A worker, and the execution of each row by the name of the row. */
interface Stage {
  harness: Harness;
  ids: Map<string, string>;
}
const stages = new Map<string, Stage>();

// Both play all rows at the same time, since some rows take long to wait.
beforeAll(async () => {
  const opened = WORKERS.map(async (worker) => {
    const stage: Stage = { harness: await createHarness(inject('temporalAddress'), worker.options), ids: new Map() };
    stages.set(worker.name, stage);
    const waiting = [...rows];
    const playAll = async () => {
      for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) await play(stage, row);
    };
    await settleAll(Array.from({ length: UNDER_WAY }, playAll));
  });
  await settleAll(opened);
});
afterAll(() => Promise.all([...stages.values()].map(({ harness }) => harness.close())));

async function play({ harness, ids }: Stage, row: (typeof rows)[number]): Promise<void> {
  const { name, definition, expect: _, ...options } = row;
  const id = await harness.start(definition, options);
  ids.set(name, id);
  await closed(harness, id);
}

describe.each(WORKERS)('$name', (worker) => {
  it.each(rows)('$name', async ({ name, expect: wanted }) => {
    const { harness, ids } = stages.get(worker.name)!;
    const id = ids.get(name)!;
    const execution = await harness.execution(id);
    expect(execution.projection).toBe('complete');
    expect(execution.status).toBe(wanted.outcome);
    const visits = execution.tasks.filter(({ item }) => item === null);
    expect(visits.map(({ key }) => key).sort()).toEqual([...wanted.order].sort());
    if (wanted.failure !== undefined) expect(execution.failure).toMatchObject(wanted.failure);
    if (wanted.output === undefined) return;
    const output = isJsonObject(wanted.output) && isJsonObject(execution.output) ? execution.output : null;
    // The id of the run is its own on a server.
    if (output !== null && 'execution' in output) output.execution = 1024;
    expect(execution.output).toEqual(wanted.output);
  });
});
