import { ApplicationFailure } from '@temporalio/activity';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createActivities } from '../../activities/activities.ts';
import { LOOKUP_SECONDS } from '../../activities/lookups.ts';
import { createEgress } from '../../egress/egress.ts';
import { AppError } from '../../model/app-error.ts';
import { WORKER_BUSY } from '../../model/failure.ts';
import { Permits } from '../../model/permits.ts';
import { type ActivityScope, BACKSTOP_SECONDS, PERMIT_SECONDS } from '../../model/run-input.ts';
import { createAttempt } from './activity.ts';

// A worker with room for four activities: two of them may wait for what Fermata depends on.

const CANARY = 'Failed query: select "sealed" params: canary';
const AWAY = new AppError('database_unavailable', 'the database does not respond');
const NO_KEY = new AppError('sealing_key_missing', 'the secret "A" cannot be opened: a key is missing');

/** The result of looking up a secret, and the number of lookups. */
let find: () => Promise<string | null>;
let looked: number;
let done: number;
let interrupt: AbortController;
let activities: ReturnType<typeof createActivities>;
const egress = createEgress({ allowed: ['loopback'] });
beforeEach(() => {
  vi.useFakeTimers();
  [looked, done] = [0, 0];
  interrupt = new AbortController();
  const act = {
    input: z.unknown(),
    run: async (input: unknown) => {
      done += 1;
      return `used ${String(input)}`;
    },
  };
  const secretOf = () => {
    looked += 1;
    return find();
  };
  const options = { egress, connect: async () => null, secretOf, isAuthentic: async () => true };
  activities = createActivities(
    { act },
    options,
    new Permits(4, { room: { places: 4, bytes: Number.POSITIVE_INFINITY } }),
    interrupt.signal,
  );
});
afterEach(() => {
  vi.useRealTimers();
});

interface Begun {
  environment: ReturnType<typeof createAttempt>;
  end: Promise<unknown>;
  heartbeats: unknown[];
}

/** Begins an attempt of a task that has the secret A as its input. */
function begin({ timeout, attempt = 1 }: { timeout?: number; attempt?: number } = { timeout: 60 }): Begun {
  const info = { activityType: 'act', attempt, startToCloseTimeoutMs: (BACKSTOP_SECONDS + 60) * 1000 };
  const environment = createAttempt(info);
  const heartbeats: unknown[] = [];
  environment.on('heartbeat', (details) => heartbeats.push(details));
  const scope: ActivityScope = { tenant: 'one', secrets: { '': [{ secret: 'A' }] }, timeout };
  const end = environment
    .run(...([activities.default!, null, scope] as const))
    .catch((error: Error) =>
      error instanceof ApplicationFailure ? `${error.type}: ${error.message} (${error.nonRetryable})` : error.name,
    );
  return { environment, end, heartbeats };
}

const refuse = (error: Error) => () => Promise.reject(error);
const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);

it.each<[string, Error, string]>([
  ['the database does not respond', AWAY, 'the database does not respond'],
  ['no key opens what is stored', NO_KEY, 'the secret "A" cannot be opened: a key is missing'],
  ['a driver says more than it should', new Error(CANARY), 'secrets and connections cannot be looked up'],
])('an activity waits while %s, says so, and is done as soon as it can be', async (_, error, reason) => {
  find = refuse(error);
  const { end, heartbeats } = begin();
  await seconds(300);
  // After 0, 1, 3, 7, 15, 31, 63, 123, 183 and 243 seconds.
  expect([looked, done]).toEqual([10, 0]);
  expect(heartbeats.at(-1)).toEqual({ waiting_for_infrastructure: reason });
  expect(JSON.stringify(heartbeats)).not.toContain('canary');
  find = async () => 'value';
  await seconds(60);
  expect(await end).toBe('used value');
});

it.each<[string, Parameters<typeof begin>[0], number, string]>([
  [
    'is handed back after ten minutes',
    { timeout: 60 },
    LOOKUP_SECONDS,
    `${WORKER_BUSY}: infrastructure_unavailable: the database does not respond (true)`,
  ],
  [
    'for a second attempt fails after an hour, and is tried again: handed back, it would have all attempts again',
    { timeout: 60, attempt: 2 },
    PERMIT_SECONDS,
    'infrastructure_unavailable: the database does not respond (false)',
  ],
  [
    'of a run that knows no hand-back fails when its timeout is over, and is tried again',
    {},
    60,
    'infrastructure_unavailable: the database does not respond (false)',
  ],
])('one that waits in vain %s', async (_, options, after, expected) => {
  find = refuse(AWAY);
  const ends: unknown[] = [];
  void begin(options).end.then((end) => ends.push(end));
  await seconds(after - 1);
  expect(ends).toEqual([]);
  await seconds(1);
  expect(ends).toEqual([expected]);
});

it.each<[string, () => Promise<string | null>, string]>([
  [
    'that is not there',
    async () => null,
    'secret_missing: secret "A" not found: create it with PUT /api/v1/secrets/A (true)',
  ],
  [
    'that was moved',
    refuse(new AppError('token_invalid', 'the secret "A" was sealed for another name or tenant: store it again')),
    'action_error: the secret "A" was sealed for another name or tenant: store it again (false)',
  ],
])('a secret %s fails its task at once', async (_, found, expected) => {
  find = found;
  expect(await begin().end).toBe(expected);
  expect(looked).toBe(1);
});

it('no more than half of the room waits: further ones are handed back at once', async () => {
  find = refuse(AWAY);
  const waiting = [begin(), begin()];
  await seconds(1);
  expect(await begin().end).toMatch(/^WorkerBusy: infrastructure_unavailable/);
  // One that would have all of its attempts again waits, and so does one that cannot be handed back.
  const others = [begin({ timeout: 60, attempt: 2 }), begin({})];
  find = async () => 'value';
  await seconds(60);
  expect(await Promise.all([...waiting, ...others].map(({ end }) => end))).toEqual(Array(4).fill('used value'));
});

it('one that waits is cancelled like one that works', async () => {
  find = refuse(AWAY);
  const { environment, end } = begin();
  await seconds(1);
  environment.cancel('CANCELLED');
  expect(await end).toBe('CancelledFailure');
});

it('when its worker is shut down, a first attempt that has not begun is handed back, and none begins any more', async () => {
  find = refuse(AWAY);
  const [first, later, old] = [begin(), begin({ timeout: 60, attempt: 2 }), begin({})];
  await seconds(1);
  interrupt.abort();
  expect(await first.end).toBe(`${WORKER_BUSY}: the worker was shut down (true)`);
  expect(await later.end).toBe('WorkerShutdown: the worker was shut down (false)');
  expect(await old.end).toBe('WorkerShutdown: the worker was shut down (false)');
  find = async () => 'value';
  await seconds(60);
  expect(done).toBe(0);
});
