import type { temporal } from '@temporalio/proto';
import { expect, it } from 'vitest';
import type { Definition } from '../../model/definition.ts';
import { projectExecution } from '../../projection/project.ts';
import { madeHistories, madeRun } from '../fixtures/made.ts';
import { RECORDED, readEvents } from '../fixtures/recorded.ts';

type Pending = temporal.api.workflow.v1.IPendingActivityInfo;

const at = (seconds: number) => ({ seconds: seconds as never, nanos: 0 });
const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

/** The details that a worker sends with the heartbeats of an activity. */
const beating = (details: string) => ({
  payloads: [
    {
      metadata: { encoding: new TextEncoder().encode('json/plain') },
      data: new TextEncoder().encode(details),
    },
  ],
});
const WAITING = beating('{"waiting_for_permit":{"taken":100,"total":100,"own":40}}');
const AWAY = beating('{"waiting_for_infrastructure":"the database does not respond"}');

it.each<[string, Pending, object]>([
  ['nobody has taken', { state: 1 }, { kind: 'worker', detail: null, since: iso(10) }],
  ['a worker does', { state: 2, lastStartedTime: at(20) }, { kind: 'action', detail: null, since: iso(20) }],
  ['a worker is asked to cancel', { state: 3, lastStartedTime: at(20) }, { kind: 'action', since: iso(20) }],
  [
    'waits for its permit',
    { state: 2, lastStartedTime: at(20), heartbeatDetails: WAITING },
    {
      kind: 'worker',
      since: iso(10),
      detail: 'worker_busy: 100 of 100 permits are in use, 40 of them by this tenant',
    },
  ],
  [
    'waits for the database',
    { state: 2, lastStartedTime: at(20), heartbeatDetails: AWAY },
    { kind: 'worker', since: iso(10), detail: 'infrastructure_unavailable: the database does not respond' },
  ],
  [
    'is to be tried again',
    {
      state: 1,
      attempt: 2,
      lastAttemptCompleteTime: at(30),
      nextAttemptScheduleTime: at(50),
      lastFailure: { message: 'no' },
    },
    { kind: 'retry', since: iso(30), until: iso(50), detail: 'no' },
  ],
  [
    'failed, and no worker has taken again',
    { state: 1, attempt: 2, lastAttemptCompleteTime: at(30), lastFailure: { message: 'no' } },
    { kind: 'worker', since: iso(10), until: null },
  ],
  [
    'is to be tried again after nobody knows when',
    { state: 1, attempt: 2, scheduledTime: at(50), nextAttemptScheduleTime: at(50) },
    { kind: 'retry', since: null, until: iso(50) },
  ],
  [
    'Temporal has paused',
    { state: 4, paused: true, attempt: 2, scheduledTime: at(50), pauseInfo: { pauseTime: at(40) } },
    { kind: 'pause', since: iso(40), detail: 'paused in Temporal' },
  ],
  ['a worker does although Temporal has paused it', { state: 5, paused: true }, { kind: 'action' }],
])('tells of an activity that %s', (_, activity, wait) => {
  const events = readEvents(RECORDED[0]!.name).slice(0, 1);
  const pending = { activities: [{ activityId: 'a', scheduledTime: at(10), ...activity }], workflowTaskAttempt: 0 };
  const { waitingFor } = projectExecution('w', events, pending);
  expect(waitingFor).toEqual([expect.objectContaining({ task: 'a', ...wait })]);
});

it.each([
  [RECORDED[0]!.name, 1, 0, undefined],
  [RECORDED[0]!.name, 1, 1, true],
  [RECORDED[0]!.name, 1, 2, true],
  // An activity that has ended holds nothing.
  [RECORDED[0]!.name, Infinity, 1, undefined],
])(
  '%s up to event %d, the workflow task tried %i times: unsettled %s',
  (name, until, workflowTaskAttempt, expected) => {
    const events = readEvents(name).slice(0, until);
    expect(projectExecution('w', events, { activities: [], workflowTaskAttempt }).unsettled).toBe(expected);
  },
);

it.each(['a', 'a~2'])(
  'an activity that has ended since the run was described is waited for no more: %s',
  (activityId) => {
    const events = readEvents('v1/issued-again-after-its-worker-went-away.binpb');
    const { eventId } = events.find((event) => event.activityTaskScheduledEventAttributes?.activityId === activityId)!;
    const end = events.findIndex((event) => {
      const ended = event.activityTaskFailedEventAttributes ?? event.activityTaskCompletedEventAttributes;
      return String(ended?.scheduledEventId) === String(eventId);
    });
    const described = { activities: [{ activityId, state: 2, lastStartedTime: at(20) }], workflowTaskAttempt: 0 };
    const waits = (until: number) =>
      projectExecution('w', events.slice(0, until), described).waitingFor.map(({ kind, task }) => [kind, task]);
    expect([waits(end), waits(end + 1)]).toEqual([[['action', activityId]], []]);
  },
);

it('a run does not wait for a sub-workflow that has ended, also before it has taken the end', () => {
  const definition: Definition = { tasks: [{ name: 'one', action: 'core.noop', input: {} }] };
  const workflows = {
    'sub.one': { version: '1.0.0', revision: 1, hash: 'a', definition_id: 1, definition, actions: {} },
  };
  const actions = { 'sub.one': { workflow: true, timeout: 60 } };
  const run = madeRun({ tasks: [{ name: 'below', action: 'sub.one' }] } as Definition, { workflows, actions } as never);
  const [events = []] = madeHistories(run);
  const ended = events.findIndex((event) => event.childWorkflowExecutionCompletedEventAttributes);
  const kindsAfter = (count: number) => {
    return projectExecution('w', events.slice(0, count)).waitingFor.map(({ kind, task }) => [kind, task]);
  };
  expect(kindsAfter(ended)).toEqual([['child', 'below']]);
  expect(kindsAfter(ended + 1)).toEqual([]);
});
