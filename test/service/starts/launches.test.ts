import { afterEach, expect, it, vi } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
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
