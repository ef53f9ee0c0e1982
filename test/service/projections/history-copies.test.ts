import { expect, it } from 'vitest';
import { createProjection } from '../../../projection/project.ts';
import { copyHistory, copyWholeHistory, type HistoryCopy } from '../../../service/projections/history-copies.ts';
import { RECORDED_RUNS, readEvents } from '../../fixtures/recorded.ts';

it('a projection of copied events shows what one of all their fields shows, from fewer bytes', () => {
  let [read, whole] = [0, 0];
  for (const [name, runs] of RECORDED_RUNS) {
    const events = runs.flatMap((run) => readEvents(run));
    const show = (copy: HistoryCopy) => {
      const projection = createProjection('wf_0');
      for (const event of copy.events) projection.take(event);
      return projection.execution();
    };
    const copies = [copyHistory(events), copyWholeHistory(events)] as const;
    expect(show(copies[0]), name).toEqual(show(copies[1]));
    read += copies[0].bytes;
    whole += copies[1].bytes;
  }
  expect(RECORDED_RUNS.length).toBeGreaterThan(100);
  expect(read).toBeLessThan(whole);
});
