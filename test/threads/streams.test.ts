import { expect, it } from 'vitest';
import { createStreamJobs } from '../../threads/streams.ts';

const MEGABYTE = 1024 * 1024;

/** Gives a thread events of runs one after another, in MiB; returns whether it had taken what came before. */
function follow(parts: readonly [workflowId: string, taken: number, megabytes: number][]): boolean[] {
  const jobs = createStreamJobs();
  return parts.map(([workflowId, taken, megabytes]) => {
    // An event of an unknown kind, which changes nothing; the first one of a history starts its run.
    const event = taken === 0 ? { eventId: 1, workflowExecutionStartedEventAttributes: {} } : { eventId: taken + 1 };
    const events = [{ eventTime: { seconds: 0, nanos: 0 }, ...event }];
    return jobs.take_stream({ workflowId, runId: 'run', taken, events, bytes: megabytes * MEGABYTE } as never);
  });
}

it.each<[string, Parameters<typeof follow>[0], boolean]>([
  [
    'kept while all of them have few bytes',
    [
      ['a', 0, 6],
      ['b', 0, 1],
      ['b', 1, 5],
      ['a', 1, 0],
    ],
    true,
  ],
  [
    'forgotten once another one makes them too many',
    [
      ['a', 0, 6],
      ['b', 0, 1],
      ['b', 1, 6],
      ['a', 1, 0],
    ],
    false,
  ],
  [
    'kept when it begins again',
    [
      ['a', 0, 6],
      ['b', 0, 6],
      ['b', 0, 6],
      ['a', 1, 0],
    ],
    true,
  ],
])('a run that a thread streams is %s', (_, parts, isKept) => {
  expect(follow(parts).at(-1)).toBe(isKept);
});
