import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { validateDefinition } from '../../interpreter/validate.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import { randomRun } from '../interpreter/random-run.ts';
import { rehearse, TEST_ACTIONS } from '../interpreter/rehearse.ts';
import { closed, createHarness, type Harness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  // Hardly any workflow stays in the cache: most workflow tasks replay.
  harness = await createHarness(inject('temporalAddress'), { maxCachedWorkflows: 2 });
});
afterAll(() => harness.close());

const seed = Number(process.env.FERMATA_SEED ?? Date.now() % 2 ** 31);

it(`what the projection says of a random run equals what the run did, open or closed (seed ${seed})`, async () => {
  const runs = fc
    .sample(randomRun(), { numRuns: 60, seed })
    .filter(({ definition }) => validateDefinition(definition, null, TEST_ACTIONS).issues.length === 0);
  expect(runs.length).toBeGreaterThan(30);
  let compared = 0;
  await Promise.all(
    runs.map(async ({ definition, outcomes, cancelAt }, index) => {
      const id = await harness.start(definition, { outcomes });
      const handle = harness.client.workflow.getHandle(id);
      // Somewhere in the middle, as the machine will have it.
      if (cancelAt > 3) await handle.cancel().catch(() => undefined);
      const open = await harness.execution(id);
      expect(open.projection, `run ${index}, open`).toBe('complete');
      await closed(harness, id);
      const execution = await harness.execution(id);
      expect(execution.projection, `run ${index}`).toBe('complete');
      expect(execution.tasks.filter(({ status }) => status === 'running' || status === 'scheduled')).toEqual([]);
      if (execution.status === 'cancelled') return;
      // Which of two parallel visits takes an outcome first, or is seen by a template, is up to the machine.
      const timed = definition.start !== undefined && JSON.stringify(definition).includes('seen');
      if (timed || execution.tasks.some(({ visit }) => visit > 1)) return;
      compared += 1;
      // Without a cancel request the pure interpreter, with the same outcomes, closes the same way.
      const { close } = rehearse({ definition, outcomes });
      expect([execution.status, execution.failure === null], `run ${index}`).toEqual([
        close?.outcome,
        close?.failure === null,
      ]);
      if (execution.status === 'completed') {
        expect(canonicalJson(execution.output)).toBe(canonicalJson(close?.output as Json));
      }
    }),
  );
  expect(compared).toBeGreaterThan(5);
});
