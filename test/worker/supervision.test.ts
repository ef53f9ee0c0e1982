import { describe, expect, it } from 'vitest';
import {
  createSupervision,
  DRAIN_LIMIT,
  type Ending,
  isServing,
  PROBATION,
  SILENCE_LIMIT,
  START_LIMIT,
  type SupervisionAction,
  type SupervisionEvent,
  supervise,
  TASK_LIMIT,
} from '../../worker/supervision.ts';
import type { WatchReport } from '../../worker/watch.ts';

const quiet: WatchReport = { stalled: 0, alone: null, late: [] };
const run = (name: string) => ({ workflowId: `wf_${name}`, runId: `run_${name}` });
const alone = (name: string, seconds: number): WatchReport => ({
  ...quiet,
  stalled: seconds,
  alone: { ...run(name), seconds },
});

/** A supervision on a clock of the test, which ticks every half second; returns the actions, with their times. */
function play(taskLimit?: number) {
  let now = 0;
  const state = createSupervision(now, taskLimit);
  const decided: { at: number; action: SupervisionAction }[] = [];
  const say = (event: SupervisionEvent) => {
    for (const action of supervise(state, event, now)) decided.push({ at: now, action });
  };
  /** Lets seconds pass, in which each named worker sends its message. */
  const pass = (seconds: number, reports: Record<number, WatchReport> = {}) => {
    for (const end = now + seconds; now < end; ) {
      now += 0.5;
      for (const [worker, report] of Object.entries(reports)) say({ type: 'watch', worker: Number(worker), report });
      say({ type: 'tick' });
    }
  };
  say({ type: 'tick' });
  return {
    state,
    say,
    pass,
    sleep: (seconds: number) => {
      now += seconds;
      say({ type: 'tick' });
    },
    ready: (worker: number) => say({ type: 'ready', worker }),
    end: (worker: number, ending: Ending) => say({ type: 'ended', worker, ending }),
    /** Returns the actions since the last call. */
    taken: () => decided.splice(0).map(({ action }) => action),
    timed: () => decided.splice(0),
  };
}

/** A supervision whose first worker serves. */
function serving(taskLimit?: number) {
  const played = play(taskLimit);
  played.ready(1);
  played.taken();
  return played;
}

it('the first worker starts at once and takes everything', () => {
  const played = play();
  expect(played.taken()).toEqual([{ type: 'start', worker: 1, probation: false }]);
  expect(isServing(played.state)).toBe(false);
  played.ready(1);
  expect([isServing(played.state), played.taken()]).toEqual([true, []]);
});

it('deaths in a row are followed by starts after 0, 1, 2, 4, 8, 16, 30 and 30 seconds, each in probation', () => {
  const played = serving();
  const delays: number[] = [];
  for (let worker = 1; worker <= 8; worker += 1) {
    const before = played.state.ticked;
    played.end(worker, 'crashed');
    played.pass(40);
    const [start, ...rest] = played.timed();
    expect([start?.action, rest]).toEqual([{ type: 'start', worker: worker + 1, probation: true }, []]);
    delays.push(Math.max(0, start!.at - before - 0.5));
    played.ready(worker + 1);
    played.pass(1, { [worker + 1]: quiet });
  }
  expect(delays.map(Math.round)).toEqual([0, 1, 2, 4, 8, 16, 30, 30]);
});

it('a worker that has served for a minute is followed at once again', () => {
  const played = serving();
  for (const worker of [1, 2]) {
    played.end(worker, 'exited');
    played.pass(10);
    played.ready(worker + 1);
  }
  played.pass(PROBATION, { 3: quiet });
  played.taken();
  played.end(3, 'exited');
  played.pass(0.5);
  expect(played.taken()).toEqual([{ type: 'start', worker: 4, probation: false }]);
});

describe('a worker is killed', () => {
  it.each<[string, WatchReport, number]>([
    ['when it says nothing', quiet, SILENCE_LIMIT],
    ['when it says nothing, whatever it had said', alone('a', 3), SILENCE_LIMIT],
  ])('%s', (_, last, limit) => {
    const played = serving();
    played.pass(1, { 1: last });
    played.pass(limit);
    expect(played.taken()).toEqual([]);
    played.pass(1);
    expect(played.taken()).toEqual([{ type: 'kill', worker: 1, reason: `it was silent for ${limit} seconds` }]);
    played.pass(60);
    expect(played.taken()).toEqual([]);
  });

  it.each([TASK_LIMIT, 5])(
    'when a workflow task takes longer than %d seconds, even though it still speaks',
    (limit) => {
      const played = limit === TASK_LIMIT ? serving() : serving(limit);
      played.pass(5, { 1: { ...quiet, stalled: limit } });
      expect(played.taken()).toEqual([]);
      played.pass(0.5, { 1: { ...quiet, stalled: limit + 1 } });
      const reason = `a workflow task took longer than ${limit} seconds`;
      expect(played.taken()).toEqual([{ type: 'kill', worker: 1, reason }]);
    },
  );

  it('when it does not get ready', () => {
    const played = play();
    played.pass(START_LIMIT);
    expect(played.taken()).toMatchObject([{ type: 'start' }]);
    played.pass(1);
    expect(played.taken()).toMatchObject([{ type: 'kill', worker: 1 }]);
  });

  it('but not when the supervisor itself has stood still', () => {
    const played = serving();
    played.sleep(300);
    played.pass(SILENCE_LIMIT - 1);
    expect(played.taken()).toEqual([]);
  });
});

describe('a strike', () => {
  it.each<[string, WatchReport, Ending, boolean]>([
    ['a run alone in flight when the process crashed', alone('a', 0), 'crashed', true],
    ['a run alone in flight for long when the process was killed', alone('a', 31), 'killed', true],
    ['a run that had just come when the process was killed from outside', alone('a', 0.4), 'killed', false],
    ['several runs in flight', { ...quiet, stalled: 31 }, 'killed', false],
    ['no run in flight', quiet, 'crashed', false],
    ['a run alone in flight when the process was asked to end', alone('a', 5), 'exited', false],
  ])('%s: %s', (_, last, ending, strikes) => {
    const played = serving();
    played.pass(1, { 1: last });
    played.taken();
    played.end(1, ending);
    expect(played.taken()).toEqual(strikes ? [{ type: 'strike', run: run('a') }] : []);
  });

  it('is not made of what a process had said before: the last report counts', () => {
    const played = serving();
    played.pass(1, { 1: alone('a', 2) });
    played.pass(0.5, { 1: quiet });
    played.end(1, 'crashed');
    expect(played.taken()).toEqual([]);
  });

  it('is made of ten decisions of one run that came too late, and of each further ten', () => {
    const played = serving();
    const late = (name: string) => played.say({ type: 'watch', worker: 1, report: { ...quiet, late: [run(name)] } });
    for (let count = 1; count <= 9; count += 1) {
      late('a');
      late('b');
    }
    expect(played.taken()).toEqual([]);
    late('a');
    expect(played.taken()).toEqual([{ type: 'strike', run: run('a') }]);
    for (let count = 1; count <= 9; count += 1) late('a');
    expect(played.taken()).toEqual([]);
    late('a');
    expect(played.taken()).toEqual([{ type: 'strike', run: run('a') }]);
  });
});

describe('after a death', () => {
  /** Worker 1 has died, and worker 2 is in probation. */
  function inProbation() {
    const played = serving();
    played.end(1, 'crashed');
    played.pass(0.5);
    played.ready(2);
    played.taken();
    return played;
  }

  it('a minute of probation is followed by another worker, and the old one finishes its activities', () => {
    const played = inProbation();
    played.pass(PROBATION - 1, { 2: quiet });
    expect(played.taken()).toEqual([]);
    played.pass(1, { 2: quiet });
    expect(played.taken()).toEqual([{ type: 'start', worker: 3, probation: false }]);
    played.pass(5, { 2: quiet });
    expect(played.taken()).toEqual([]);
    played.ready(3);
    expect(played.taken()).toEqual([{ type: 'drain', worker: 2 }]);
    played.pass(DRAIN_LIMIT, { 2: quiet, 3: quiet });
    expect(played.taken()).toEqual([]);
    played.pass(1, { 2: quiet, 3: quiet });
    expect(played.taken()).toMatchObject([{ type: 'kill', worker: 2 }]);
    played.end(2, 'killed');
    played.pass(5, { 3: quiet });
    expect([isServing(played.state), played.taken()]).toEqual([true, []]);
  });

  it('another one in probation is followed by one in probation', () => {
    const played = inProbation();
    played.pass(10, { 2: alone('a', 1) });
    played.end(2, 'crashed');
    played.pass(2);
    expect(played.taken()).toEqual([
      { type: 'strike', run: run('a') },
      { type: 'start', worker: 3, probation: true },
    ]);
  });

  it('a start that fails is tried again, in probation still, and is held against no run', () => {
    const played = serving();
    played.end(1, 'crashed');
    played.pass(0.5);
    played.end(2, 'crashed');
    played.pass(2);
    expect(played.taken()).toEqual([
      { type: 'start', worker: 2, probation: true },
      { type: 'start', worker: 3, probation: true },
    ]);
  });
});

it('a worker that asks to be replaced is replaced after a minute, and at most two finish what they did before', () => {
  const played = serving();
  played.say({ type: 'retire', worker: 1 });
  const reports: Record<number, WatchReport> = { 1: quiet };
  const starts: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    played.pass(PROBATION, reports);
    for (const action of played.taken()) {
      if (action.type !== 'start') continue;
      starts.push(action.worker);
      reports[action.worker] = quiet;
      played.ready(action.worker);
      played.say({ type: 'retire', worker: action.worker });
    }
  }
  expect(starts).toEqual([2, 3]);
});

it('a stop stops every worker and starts none', () => {
  const played = serving();
  played.end(1, 'crashed');
  played.pass(0.5);
  played.taken();
  played.say({ type: 'stop' });
  played.end(2, 'exited');
  played.pass(60);
  expect(played.taken()).toEqual([{ type: 'stop', worker: 2 }]);
});
