import { ApplicationFailure } from '@temporalio/activity';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createActivities } from '../../activities/activities.ts';
import { createEgress } from '../../egress/egress.ts';
import { WORKER_BUSY } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import { Permits } from '../../model/permits.ts';
import { type ActivityScope, BACKSTOP_SECONDS, PERMIT_SECONDS } from '../../model/run-input.ts';
import { createAttempt } from './activity.ts';

// Two permits, and a room for six activities and 2,000 bytes, so that one tenant gets half of both, and one permit.

const MOST = 3;
const MOST_BYTES = 1_000;

let permits: Permits;
let activities: ReturnType<typeof createActivities>;
const egress = createEgress({ allowed: ['loopback'] });
beforeEach(() => {
  permits = new Permits(2, { room: { places: 2 * MOST, bytes: 2 * MOST_BYTES } });
  const done = { input: z.unknown(), run: async () => 'done' };
  activities = createActivities(
    { done },
    { egress, connect: async () => null, secretOf: async () => null, isAuthentic: async () => true },
    permits,
  );
});
afterEach(() => {
  vi.useRealTimers();
});

/** Does an attempt, and returns its output or how it fails. */
async function attempt(
  timeout: number | undefined,
  number = 1,
  { startToClose = 3_600, input = null }: { startToClose?: number; input?: Json } = {},
): Promise<unknown> {
  const info = { activityType: 'done', attempt: number, startToCloseTimeoutMs: startToClose * 1000 };
  const scope: ActivityScope = { tenant: 'one', timeout };
  const made = createAttempt(info).run(...([activities.default!, input, scope] as const));
  const error = await made.catch((thrown: unknown) => thrown);
  if (!(error instanceof ApplicationFailure)) return error;
  return [error.type, error.nonRetryable ? 'not tried again' : 'tried again'];
}

/** Has a tenant hold or await so many permits; returns the function that gives back what it holds. */
async function fill(places: number, tenant = 'one', bytes = 0): Promise<() => void> {
  const released = new AbortController();
  for (let place = 0; place < places; place += 1) {
    permits.take(tenant, released.signal, { bytes }).then(
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

it.each<[name: string, held: number, timeout: number | undefined, number: number, expected: unknown]>([
  ['a first attempt', MOST_BYTES - 100, 60, 1, BUSY],
  ['a second attempt, which would have all attempts again', MOST_BYTES - 100, 60, 2, 'done'],
  ['a ninth attempt', MOST_BYTES - 100, 60, 9, 'done'],
  ['an attempt of a run that knows no hand-back', MOST_BYTES - 100, undefined, 1, 'done'],
  ['an attempt for which there is room', MOST_BYTES - 500, 60, 1, 'done'],
  ['the only attempt of its tenant, however large', 0, 60, 1, 'done'],
])('is handed back, or waits, when its tenant fills half of the bytes: %s', async (_, held, timeout, number, end) => {
  const release = await fill(1, 'one', held);
  const made = attempt(timeout, number, { input: 'x'.repeat(held === 0 ? 5 * MOST_BYTES : 300) });
  await settled();
  release();
  expect(await made).toEqual(end);
});

it('many tenants together have no more than all bytes, and what is given back is there again', async () => {
  const released = await Promise.all(['two', 'three', 'four'].map((tenant) => fill(1, tenant, 600)));
  await fill(1, 'one', 1);
  const large = { input: 'x'.repeat(300) };
  expect(await attempt(60, 1, large)).toEqual(BUSY);
  for (const release of released) {
    release();
    await settled();
  }
  const made = attempt(60, 1, large);
  await settled();
  expect(permits.tenants()).toEqual([{ tenant: 'one', running: 1, waiting: 1 }]);
  void made;
});

it('waiting for a permit is no part of the timeout of an attempt, but in runs that do not send it', async () => {
  const release = await fill(2);
  const apart = attempt(0.1);
  const counted = attempt(undefined, 1, { startToClose: BACKSTOP_SECONDS + 0.1 });
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
