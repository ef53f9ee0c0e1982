import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createActivities } from '../../activities/activities.ts';
import { Permits } from '../../activities/permits.ts';
import { createEgress } from '../../egress/egress.ts';
import { WORKER_BUSY } from '../../model/failure.ts';
import { type ActivityScope, BACKSTOP_SECONDS, PERMIT_SECONDS } from '../../model/run-input.ts';

// Two permits, and a room for six activities, so that one tenant gets three places of it and one permit.

const MOST = 3;

let permits: Permits;
let activities: ReturnType<typeof createActivities>;
const egress = createEgress({ allowed: ['loopback'] });
beforeEach(() => {
  permits = new Permits(2, 2 * MOST);
  const done = { input: z.unknown(), run: async () => 'done' };
  activities = createActivities({ done }, { egress, connect: async () => null, secretOf: async () => null }, permits);
});
afterEach(() => {
  vi.useRealTimers();
});

/** Does an attempt, and returns its output or how it fails. */
async function attempt(timeout: number | undefined, number = 1, startToClose = 3_600): Promise<unknown> {
  const info = { activityType: 'done', attempt: number, startToCloseTimeoutMs: startToClose * 1000 };
  const scope: ActivityScope = { tenant: 'one', timeout };
  const made = new MockActivityEnvironment(info).run(...([activities.default!, null, scope] as const));
  const error = await made.catch((thrown: unknown) => thrown);
  if (!(error instanceof ApplicationFailure)) return error;
  return [error.type, error.nonRetryable ? 'not tried again' : 'tried again'];
}

/** Has a tenant hold or await so many permits; returns the function that gives back what it holds. */
async function fill(places: number, tenant = 'one'): Promise<() => void> {
  const released = new AbortController();
  for (let place = 0; place < places; place += 1) {
    permits.take(tenant, released.signal).then(
      (release) => released.signal.addEventListener('abort', release),
      () => undefined,
    );
  }
  await settled();
  return () => released.abort();
}

/** Waits until everything has happened that can happen at once. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const BUSY = [WORKER_BUSY, 'not tried again'];

it.each<[name: string, places: number, timeout: number | undefined, number: number, expected: unknown]>([
  ['a first attempt', MOST, 60, 1, BUSY],
  ['a first attempt where there is a place', MOST - 1, 60, 1, 'done'],
  ['a second attempt, which would have all attempts again', MOST, 60, 2, 'done'],
  ['an attempt of a run that knows no hand-back', MOST, undefined, 1, 'done'],
])('is handed back, or waits, when its tenant fills half of the room: %s', async (_, places, timeout, number, end) => {
  const release = await fill(places);
  const made = attempt(timeout, number);
  await settled();
  release();
  expect(await made).toEqual(end);
});

it('waiting for a permit is no part of the timeout of an attempt, but in runs that do not send it', async () => {
  const release = await fill(2);
  const apart = attempt(0.1);
  const counted = attempt(undefined, 1, BACKSTOP_SECONDS + 0.1);
  expect(await counted).toEqual(['timeout', 'tried again']);
  release();
  expect(await apart).toBe('done');
});

it.each([1, 2])('attempt %i is handed back when it has waited for its permit for an hour', async (number) => {
  await fill(2);
  vi.useFakeTimers();
  const ends: unknown[] = [];
  void attempt(60, number).then((end) => ends.push(end));
  await vi.advanceTimersByTimeAsync(PERMIT_SECONDS * 1000 - 1);
  expect(ends).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(ends).toEqual([BUSY]);
});
