import type { temporal } from '@temporalio/proto';
import { expect, it } from 'vitest';
import { projectExecution } from '../../projection/project.ts';
import { type HoldStep, holdChanges, STRETCHED_SECONDS } from '../../projection/tasks/holds.ts';
import { RECORDED, readEvents } from '../fixtures/recorded.ts';

type Pending = temporal.api.workflow.v1.IPendingActivityInfo;

const OURS = { paused: true, pauseInfo: { manual: { identity: 'fermata' } } };
const THEIRS = { paused: true, pauseInfo: { manual: { identity: 'ann' } } };
const policy = (seconds: number, maximumAttempts = 4) => ({
  activityOptions: { retryPolicy: { maximumAttempts, initialInterval: { seconds: seconds as never } } },
});
const STRETCHED = policy(STRETCHED_SECONDS);

it.each<[string, Pending, HoldStep[], HoldStep[]]>([
  ['nobody has taken', { state: 1, ...policy(1) }, ['pause'], []],
  ['waits for its next attempt', { state: 1, attempt: 2, ...policy(1) }, ['pause'], []],
  ['waits after it was stretched', { state: 1, attempt: 2, ...STRETCHED }, ['pause'], ['restore']],
  ['was stretched and is paused', { state: 4, attempt: 2, ...STRETCHED, ...OURS }, [], ['restore', 'unpause']],
  ['is paused', { state: 4, ...policy(1), ...OURS }, [], ['unpause']],
  ['somebody else has paused', { state: 4, ...policy(1), ...THEIRS }, [], []],
  ['a worker has', { state: 2, attempt: 1, ...policy(1) }, ['stretch'], []],
  ['a worker has without an end of attempts', { state: 2, attempt: 9, ...policy(1, 0) }, ['stretch'], []],
  ['a worker has for the last time', { state: 2, attempt: 4, ...policy(1) }, [], []],
  ['a worker has, and was stretched', { state: 2, attempt: 1, ...STRETCHED }, [], ['restore']],
  // The attempt began just before the pause arrived: Temporal would have its worker give it up.
  ['a worker has, and is paused', { state: 5, attempt: 1, ...policy(1), ...OURS }, ['stretch', 'unpause'], ['unpause']],
  [
    'a worker has for the last time, and is paused',
    { state: 5, attempt: 4, ...policy(1), ...OURS },
    ['unpause'],
    ['unpause'],
  ],
  ['a worker has, and somebody else has paused', { state: 5, attempt: 1, ...policy(1), ...THEIRS }, [], []],
  ['is asked to cancel', { state: 3, attempt: 1, ...policy(1) }, [], []],
])('an activity that %s: held back by %j and %j, let go by %j', (_, activity, held, released) => {
  const stepsOf = (paused: boolean) =>
    holdChanges(paused, [{ activityId: 'a', ...activity }]).flatMap(({ steps }) => steps);
  expect([stepsOf(true), stepsOf(false)]).toEqual([held, released]);
});

it('leaves alone what ends a slice of a run', () => {
  expect(holdChanges(true, [{ activityId: '~slice#3', state: 1 }])).toEqual([]);
});

it.each<[string, Pending, object]>([
  ['held back', { state: 4, attempt: 2, ...OURS }, { kind: 'pause', detail: 'held back while the run is paused' }],
  [
    'held back by its interval',
    { state: 1, attempt: 2, nextAttemptScheduleTime: { seconds: 9e9 as never }, ...STRETCHED },
    { kind: 'pause', detail: 'held back while the run is paused', until: null },
  ],
  ['paused by somebody else', { state: 4, attempt: 2, ...THEIRS }, { kind: 'pause', detail: 'paused in Temporal' }],
  ['made by a worker, the last for now', { state: 2, attempt: 2, ...STRETCHED }, { kind: 'action' }],
])('an attempt that is %s is shown so', (_, activity, wait) => {
  const events = readEvents(RECORDED[0]!.name).slice(0, 1);
  const pending = { activities: [{ activityId: 'a', ...activity }], workflowTaskAttempt: 0 };
  expect(projectExecution('w', events, pending).waitingFor).toMatchObject([{ task: 'a', ...wait }]);
});
