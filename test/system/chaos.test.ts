import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONSTRUCTS } from '../chaos/constructs.ts';
import { createStage, type Stage, TARGETS } from '../chaos/stage.ts';
import { prepare, storm } from '../chaos/storm.ts';
import { SEED } from '../seed.ts';

// The short form of `npm run chaos`.

let stage: Stage;
beforeAll(async () => {
  stage = await createStage({ apis: 2, workers: 2 });
});
afterAll(() => stage.close());

it('runs of every construct end as if nothing had happened, whatever is killed meanwhile', async () => {
  const { player } = await prepare(stage);
  const verdict = await storm(stage, player, { seed: SEED, waves: 1, each: 1, say: console.log });
  expect([...verdict.troubles, ...stage.troubles()], `seed ${SEED}`).toEqual([]);
  expect(verdict.runs).toBe(CONSTRUCTS.length);
  expect(Object.values(verdict.strikes)).toEqual(TARGETS.map(() => 1));
  expect(verdict.killed).toBeGreaterThan(TARGETS.length);
});
