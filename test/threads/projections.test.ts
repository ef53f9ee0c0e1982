import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../../projection/history.ts';
import { projectExecution } from '../../projection/project.ts';
import { NOTHING_PENDING } from '../../projection/waits.ts';
import { copyHistory } from '../../service/projections/history-copies.ts';
import { createProjectionJobs } from '../../threads/projections.ts';
import { RECORDED_CHAINS, readEvents } from '../fixtures/recorded.ts';

type Jobs = ReturnType<typeof createProjectionJobs>;

/** The runs of a recorded chain, by ids that stand for Temporal's. */
const [[chain, names]] = [...RECORDED_CHAINS].filter(([, runs]) => runs.length > 1) as [[string, string[]]];
const runs = names.map((name, index) => ({ runId: `run ${index}`, events: readEvents(name) }));
const events = runs.flatMap((run) => run.events);

function take(jobs: Jobs, runId: string, some: readonly HistoryEvent[]): void {
  jobs.take_history({ runId, ...copyHistory(some) });
}

const whole = { workflowId: chain, until: null, fresh: false };
const shown = (jobs: Jobs) => jobs.show_history({ pending: NOTHING_PENDING })?.execution;

describe('a history that is projected in a thread', () => {
  it('shows what a projection of all its runs shows', () => {
    const jobs = createProjectionJobs();
    expect(jobs.open_history(whole)).toEqual({ runs: [], lastEventId: 0, taken: 0 });
    for (const run of runs) take(jobs, run.runId, run.events);
    expect(shown(jobs)).toEqual(projectExecution(chain, events));
  });

  it('is kept, and goes on where it was, in the same run and in the next one', () => {
    const jobs = createProjectionJobs();
    const [first, second] = runs;
    const half = first!.events.slice(0, 3);
    jobs.open_history(whole);
    take(jobs, first!.runId, half);
    expect(shown(jobs)).toEqual(projectExecution(chain, half));
    expect(jobs.open_history(whole)).toEqual({ runs: [first!.runId], lastEventId: 3, taken: 3 });
    take(jobs, first!.runId, first!.events.slice(3));
    take(jobs, second!.runId, second!.events);
    const both = [...first!.events, ...second!.events];
    expect(shown(jobs)).toEqual(projectExecution(chain, both));
    expect(jobs.open_history(whole)).toEqual({
      runs: [first!.runId, second!.runId],
      lastEventId: second!.events.length,
      taken: both.length,
    });
  });

  it('begins afresh when it is asked to, and for a moment, which is not kept', () => {
    const jobs = createProjectionJobs();
    jobs.open_history(whole);
    take(jobs, 'of another history', runs[0]!.events);
    expect(jobs.open_history({ ...whole, fresh: true })).toEqual({ runs: [], lastEventId: 0, taken: 0 });
    take(jobs, runs[0]!.runId, runs[0]!.events);

    expect(jobs.open_history({ ...whole, until: { event: 1, traced: false } }).taken).toBe(0);
    take(jobs, runs[0]!.runId, runs[0]!.events);
    expect(shown(jobs)).toEqual(projectExecution(chain, events.slice(0, 1)));
    jobs.open_history({ ...whole, until: { event: events.length + 1, traced: true } });
    take(jobs, runs[0]!.runId, runs[0]!.events);
    expect(shown(jobs)).toBeUndefined();
    expect(jobs.open_history(whole).taken).toBe(runs[0]!.events.length);
  });

  it('has the transitions that were decided upon at a moment only where they are asked for', () => {
    const jobs = createProjectionJobs();
    const decided = (traced: boolean) =>
      runs[0]!.events.slice(0, 20).flatMap((event, at) => {
        if (!event.workflowTaskCompletedEventAttributes) return [];
        jobs.open_history({ ...whole, until: { event: at + 1, traced } });
        take(jobs, runs[0]!.runId, runs[0]!.events);
        return jobs.show_moment(null)!.transitions;
      });
    expect(decided(true)).toContainEqual(expect.objectContaining({ fired: true }));
    expect(decided(false)).toEqual([]);
  });

  it('is forgotten when all of them have too many bytes, those that were read last at the end', () => {
    const jobs = createProjectionJobs();
    const open = (workflowId: string, bytes: number) => {
      const { taken } = jobs.open_history({ workflowId, until: null, fresh: false });
      jobs.take_history({ runId: 'run', events: taken === 0 ? [events[0]!] : [], bytes });
      return taken;
    };
    const megabytes = 1024 * 1024;
    expect([open('a', 10 * megabytes), open('b', 10 * megabytes), open('a', 0)]).toEqual([0, 0, 1]);
    // Together with c they have too many: b was read longest ago.
    expect([open('c', 10 * megabytes), open('a', 0), open('c', 0), open('b', 0)]).toEqual([0, 1, 1, 0]);
    // One that has too many alone is not kept at all.
    expect([open('d', 30 * megabytes), open('d', 0)]).toEqual([0, 0]);
  });
});
