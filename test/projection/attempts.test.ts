import type { temporal } from '@temporalio/proto';
import { expect, it } from 'vitest';
import type { Execution } from '../../model/execution.ts';
import { buildLog } from '../../projection/logs.ts';
import { projectExecution } from '../../projection/project.ts';
import { readEvents } from '../fixtures/recorded.ts';

type Pending = temporal.api.workflow.v1.IPendingActivityInfo;

const at = (seconds: number) => ({ seconds: seconds as never, nanos: 0 });
const MADE = 'v5/further-attempts-are-made-until-one-succeeds.binpb';
const COUNTED = 'v10/a-task-knows-how-many-attempts-it-has-made-and-its-failure-which-one-it-was.binpb';
const USED_UP = 'v5/when-the-attempts-are-used-up-the-last-failure-counts.binpb';

/** The run before its history had anything of an attempt, with the described activity. */
function described(activity: Pending): Execution {
  const events = readEvents(MADE);
  const begun = events.slice(
    0,
    events.findIndex(({ activityTaskStartedEventAttributes }) => activityTaskStartedEventAttributes),
  );
  const activityId = begun.find((event) => event.activityTaskScheduledEventAttributes)!
    .activityTaskScheduledEventAttributes!.activityId!;
  return projectExecution('w', begun, { activities: [{ activityId, ...activity }], workflowTaskAttempt: 0 });
}

const attemptsOf = ({ tasks }: Execution) =>
  tasks[0]!.attempts.map(({ attempt, recorded, started, ended, error }) => [
    attempt,
    recorded,
    started !== null,
    ended !== null,
    error !== null,
  ]);

it.each<[string, Execution, unknown[][], boolean]>([
  [
    'two that failed before the one that succeeded',
    projectExecution('w', readEvents(MADE)),
    [
      [1, false, false, false, false],
      [2, false, false, false, true],
      [3, true, true, true, false],
    ],
    true,
  ],
  [
    'all that failed',
    projectExecution('w', readEvents(USED_UP)),
    [
      [1, false, false, false, true],
      [2, true, true, true, true],
    ],
    true,
  ],
  [
    'three that were made inside the workflow',
    projectExecution('w', readEvents(COUNTED)),
    [
      [1, true, true, true, true],
      [2, true, true, true, true],
      [3, true, true, true, true],
    ],
    true,
  ],
  ['none before a worker has it', described({ state: 1, attempt: 1 }), [], false],
  [
    'the first, while a worker makes it',
    described({ state: 2, attempt: 1, lastStartedTime: at(9) }),
    [[1, true, true, false, false]],
    true,
  ],
  [
    'three, while the fourth is awaited',
    described({ state: 1, attempt: 4, lastStartedTime: at(9), lastFailure: { message: 'no' } }),
    [
      [1, false, false, false, false],
      [2, false, false, false, false],
      [3, false, false, false, true],
    ],
    true,
  ],
  [
    'two, while Temporal has paused the activity',
    described({ state: 4, paused: true, attempt: 3, lastFailure: { message: 'no' } }),
    [
      [1, false, false, false, false],
      [2, false, false, false, true],
    ],
    true,
  ],
  [
    'the one before the one that a worker makes',
    described({ state: 2, attempt: 2, lastStartedTime: at(9), lastFailure: { message: 'no' } }),
    [
      [1, false, false, false, true],
      [2, true, true, false, false],
    ],
    true,
  ],
])('of attempts that Temporal makes, a task shows %s', (_, execution, attempts, hasStarted) => {
  expect(attemptsOf(execution)).toEqual(attempts);
  expect(execution.tasks[0]!.started !== null).toBe(hasStarted);
});

it('the log of a task begins with its first attempt, and tells what the last one before the recorded one failed with', () => {
  const messages = buildLog(projectExecution('w', readEvents(MADE))).map(({ message }) => message);
  const key = projectExecution('w', readEvents(MADE)).tasks[0]!.key;
  expect(messages.filter((message) => message.includes(`"${key}"`))).toEqual([
    `"${key}" started`,
    `attempt 2 of "${key}" failed: E_2 happened`,
    `"${key}" started again, attempt 3`,
    `"${key}" ended as completed`,
  ]);
});

it('a retry marks what it carries as carried, of a task that is done again each item, and says when it had started', () => {
  const { tasks } = projectExecution('w', readEvents('v5/goes-on-from-where-another-run-has-failed.binpb'));
  expect(tasks.map(({ key, carried, started }) => [key, carried, started !== null])).toEqual([
    ['a', true, true],
    ['each', false, true],
    ['each[0]', true, true],
    ['each[1]', false, true],
    ['each[2]', true, true],
    ['b', false, true],
  ]);
});

it.each([MADE, COUNTED])('the failure of an attempt has the number of that attempt: %s', (name) => {
  const attempts = projectExecution('w', readEvents(name)).tasks.flatMap((task) => task.attempts);
  const failed = attempts.filter(({ error }) => error !== null);
  expect(failed.length).toBeGreaterThan(0);
  expect(failed.map(({ error }) => error?.attempt)).toEqual(failed.map(({ attempt }) => attempt));
});
