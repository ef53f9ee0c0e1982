import { ServiceError } from '@temporalio/client';
import { afterEach, expect, it, vi } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { DatabaseError } from '../../../model/database-error.ts';
import { createLauncher } from '../../../service/starts/launches.ts';
import type { Blueprint } from '../../../temporal/starts.ts';

/** A launcher whose claims wait until they are let go, and what it is asked to start for tenants. */
function scene() {
  const waiting: { tenant: string; end: (claimed: 'claimed' | Error) => void }[] = [];
  const store = {
    claim: (tenant: string) =>
      new Promise<string>((resolve, reject) => {
        waiting.push({ tenant, end: (end) => (end instanceof Error ? reject(end) : resolve(end)) });
      }),
  };
  const temporal = { namespace: 'default', start: async () => null };
  const signer = { withWarrant: ({ memo }: Blueprint) => memo };
  const queues = { demandOwn: async () => undefined };
  const options = { signer, queues, clock: Date.now };
  const launcher = createLauncher({
    temporal: temporal as never,
    store: store as never,
    turns: {} as never,
    ...options,
  });
  const blueprint = (tenant: string) => (n: number) =>
    ({
      input: {},
      run: { actions: {} },
      memo: { n, tenant, ref: 'p.w', actions: [], tags: [] },
    }) as unknown as Blueprint;
  return {
    waiting,
    start: (tenant: string) =>
      launcher
        .launch(tenant, blueprint(tenant), { key: undefined, asked: null }, async () => 'shown')
        .then(
          () => 'started',
          (error: unknown) => (error instanceof AppError ? error.code : 'failed'),
        ),
  };
}

afterEach(() => {
  vi.useRealTimers();
});

it('a tenant has 200 starts under way, whatever they end with; then it is busy, and nobody else', async () => {
  const { waiting, start } = scene();
  const first = Array.from({ length: 200 }, () => start('a'));
  expect(await start('a')).toBe('busy');
  const other = start('b');
  await expect.poll(() => waiting.map(({ tenant }) => tenant).join('')).toBe('aaaaaaaab');
  waiting[0]!.end('claimed');
  waiting[1]!.end(new Error('no database'));
  expect(await Promise.all(first.slice(0, 2))).toEqual(['started', 'failed']);
  const next = [start('a'), start('a')];
  expect(await start('a')).toBe('busy');
  for (let ended = 2; ended < 203; ended += 1) {
    await expect.poll(() => waiting.length).toBeGreaterThan(ended);
    waiting[ended]!.end('claimed');
  }
  expect(new Set(await Promise.all([...first.slice(2), other, ...next]))).toEqual(new Set(['started']));
});

it('one tenant makes eight starts at once; whoever else starts does not wait behind the rest, and gets its turn between them', async () => {
  const { waiting, start } = scene();
  for (let started = 0; started < 60; started += 1) void start('a');
  for (let started = 0; started < 3; started += 1) void start('b');
  await expect.poll(() => waiting.map(({ tenant }) => tenant).join('')).toBe('aaaaaaaabb');
  for (const { end } of waiting.slice(0, 3)) end('claimed');
  await expect.poll(() => waiting.slice(10).map(({ tenant }) => tenant)).toContain('b');
});

it('a start whose turn does not come in time is refused as busy, and leaves its place', async () => {
  vi.useFakeTimers();
  const { waiting, start } = scene();
  const held = Array.from({ length: 8 }, () => start('a'));
  const late = start('a');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await late).toBe('busy');
  for (const { end } of waiting) end('claimed');
  expect(await Promise.all(held)).toEqual(Array(8).fill('started'));
  expect(waiting).toHaveLength(8);
});

/** The error of the SDK for a gRPC code with which a start is answered. */
function answered(code: number): Error {
  const cause = Object.assign(new Error('answer'), { code, details: 'answer', metadata: {} });
  return new ServiceError('Failed to start Workflow', { cause });
}

it.each([
  ...[3, 5, 7, 9, 11, 12, 16].map((code) => [`gRPC ${code}`, answered(code), true] as const),
  ...[1, 2, 4, 8, 10, 13, 14, 15].map((code) => [`gRPC ${code}`, answered(code), false] as const),
  ['no answer', new AppError('temporal_unavailable', 'no answer', { cause: answered(14) }), false] as const,
  ['nothing, as it was not sent', new TypeError('a payload that cannot be encoded'), true] as const,
])(
  'a start that Temporal answers with %s gives its number and key away only if nothing can have started',
  async (_, error, isGivenAway) => {
    const unclaim = vi.fn(async () => undefined);
    const launcher = createLauncher({
      temporal: { namespace: 'default', start: () => Promise.reject(error) } as never,
      store: { claim: async () => 'claimed', unclaim } as never,
      turns: {} as never,
      signer: { withWarrant: ({ memo }) => memo },
      queues: { demandOwn: async () => undefined },
      clock: Date.now,
    });
    const blueprint = (n: number) =>
      ({ input: {}, run: { actions: {} }, memo: { n, tenant: 'a', ref: 'p.w', actions: [], tags: [] } }) as never;
    const options = { key: ['enforcement', '1'] as const, asked: null };
    await expect(launcher.launch('a', blueprint, options, async () => null)).rejects.toBe(error);
    expect(unclaim).toHaveBeenCalledTimes(isGivenAway ? 1 : 0);
  },
);

const KEY = ['enforcement', '1'] as const;
const unreachable = () => Promise.reject(new DatabaseError('turns.claim', '08006'));

it.each<[what: string, answer: () => Promise<string>, key: typeof KEY | undefined, isGivenAway: boolean]>([
  ['that is refused its slot', async () => 'fail', KEY, true],
  ['whose slot cannot be claimed', unreachable, KEY, false],
  [
    'whose rivals cannot be asked for',
    () => Promise.reject(new AppError('temporal_unavailable', 'no answer', { cause: answered(14) })),
    KEY,
    false,
  ],
  ['that has no key, and whose slot cannot be claimed,', unreachable, undefined, true],
])('a start %s gives its claim away only if no repetition can have started it', async (_, claim, key, isGivenAway) => {
  const unclaim = vi.fn(async () => undefined);
  const launcher = createLauncher({
    temporal: { namespace: 'default' },
    store: { claim: async () => 'claimed', unclaim },
    turns: { rivals: async () => [], claim, leave: async () => undefined },
    queues: { demandOwn: async () => undefined },
    clock: Date.now,
  } as never);
  const turn = { key: 'x', limit: 1, policy: 'fail' };
  const blueprint = (n: number) =>
    ({ input: {}, run: { actions: {} }, memo: { n, tenant: 't', ref: 'p.w', actions: [], tags: [], turn } }) as never;
  const options = { key, asked: null };
  await expect(launcher.launch('t', blueprint, options, async () => null)).rejects.toThrow();
  expect(unclaim).toHaveBeenCalledTimes(isGivenAway ? 1 : 0);
});

const WORKFLOW_RUNNING = 1;
const WORKFLOW_COMPLETED = 2;

it.each<[what: string, policy: string, returns: number, status: number, expected: string, claims: number]>([
  ['that has left', 'fail', 0, WORKFLOW_COMPLETED, 'begin', 1],
  ['that has left, and that a late row brings back', 'fail', 1, WORKFLOW_COMPLETED, 'begin', 2],
  ['that has left, and that a late row brings back', 'skip', 1, WORKFLOW_COMPLETED, 'begin', 2],
  ['that comes back again and again', 'fail', 9, WORKFLOW_COMPLETED, 'concurrency_conflict', 3],
  ['that comes back again and again', 'skip', 9, WORKFLOW_COMPLETED, 'skip', 3],
  ['that is open', 'fail', 9, WORKFLOW_RUNNING, 'concurrency_conflict', 1],
  ['that is open', 'skip', 9, WORKFLOW_RUNNING, 'skip', 1],
])('a slot is not refused because of a run %s (%s, %i)', async (_, policy, returns, status, expected, claims) => {
  let [held, left, asked] = [true, 0, 0];
  const turns = {
    rivals: async () => (held ? [{ workflowId: 'before', created: new Date() }] : []),
    leave: async () => {
      held = false;
    },
    claim: async () => {
      asked += 1;
      if (!held && left < returns) {
        left += 1;
        held = true;
      }
      return held ? policy : 'begin';
    },
  };
  const started: unknown[] = [];
  const launcher = createLauncher({
    temporal: {
      namespace: 'default',
      describe: async () => ({ info: { status } }),
      start: async ({ run }: Blueprint) => started.push(run.turn),
    },
    store: { claim: async () => 'claimed', unclaim: async () => undefined },
    turns,
    signer: { withWarrant: ({ memo }: Blueprint) => memo },
    queues: { demandOwn: async () => undefined },
    clock: Date.now,
  } as never);
  const turn = { key: 'x', limit: 1, policy };
  const blueprint = (n: number) =>
    ({ input: {}, run: { actions: {} }, memo: { n, tenant: 't', ref: 'p.w', actions: [], tags: [], turn } }) as never;
  const outcome = await launcher
    .launch('t', blueprint, { key: undefined, asked: null }, async () => started[0])
    .catch((error: unknown) => (error as AppError).code);
  expect([outcome, asked]).toEqual([expected, claims]);
});
