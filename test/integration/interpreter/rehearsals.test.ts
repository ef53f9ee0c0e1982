import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isJsonObject } from '../../../model/json.ts';
import { REHEARSALS } from '../../interpreter/rehearsals.ts';
import { closed, createHarness, type Harness } from '../support/harness.ts';

/** Every row that a server can play: the same table as test/interpreter, with the real workflow and its projection. */
describe.each([
  ['with cached workflows', {}],
  ['with a workflow cache of 2, which forces replays', { maxCachedWorkflows: 2 }],
])('%s', (_, options) => {
  let harness: Harness;
  const ids = new Map<string, string>();
  const rows = REHEARSALS.filter((row) => row.pure !== true);

  beforeAll(async () => {
    harness = await createHarness(inject('temporalAddress'), options);
    for (const { name, definition, expect: _, ...options } of rows) {
      ids.set(name, await harness.start(definition, options));
    }
  });
  afterAll(() => harness.close());

  it.each(rows)('$name', async ({ name, expect: wanted }) => {
    const id = ids.get(name)!;
    await closed(harness, id);
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
