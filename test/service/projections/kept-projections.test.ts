import { expect, it } from 'vitest';
import { createKeptProjections } from '../../../service/projections/kept-projections.ts';
import type { ProjectedRun } from '../../../service/projections/projected-runs.ts';

const projected = (tasks: number) => ({ execution: { tasks: Array.from({ length: tasks }) } }) as ProjectedRun; // all that is weighed
const of = (runId: string, state = 'one', bytes = 0) => ({ runId, state, bytes });

it('a projection is found in the state in which it was kept, and in no other', () => {
  const kept = createKeptProjections();
  const [first, second] = [projected(1), projected(2)];
  kept.keep(of('a'), first);
  expect([kept.find(of('a')), kept.find(of('a', 'two')), kept.find(of('b'))]).toEqual([first, null, null]);
  kept.keep(of('a', 'two'), second);
  expect([kept.find(of('a')), kept.find(of('a', 'two'))]).toEqual([null, second]);
});

it.each([
  ['tasks', (runId: string): [ReturnType<typeof of>, ProjectedRun] => [of(runId), projected(99)]],
  ['bytes', (runId: string): [ReturnType<typeof of>, ProjectedRun] => [of(runId, 'one', 99 * 1024), projected(0)]],
])('what was read longest ago is forgotten when all have too many %s', (_, run) => {
  const kept = createKeptProjections(300);
  for (const name of ['a', 'b', 'c']) kept.keep(...run(name));
  expect(kept.find(of('a'))).not.toBeNull();
  // The same run again weighs once.
  kept.keep(...run('c'));
  kept.keep(...run('d'));
  expect(['a', 'b', 'c', 'd'].filter((name) => kept.find(of(name)) !== null)).toEqual(['a', 'c', 'd']);
});

it('a projection that weighs too much alone is not kept', () => {
  const kept = createKeptProjections(300);
  kept.keep(of('a'), projected(300));
  expect(kept.find(of('a'))).toBeNull();
});
