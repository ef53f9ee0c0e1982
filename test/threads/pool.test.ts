import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { AppError } from '../../model/app-error.ts';
import { threadModule } from '../../threads/module.ts';
import { createPool, type RunningPool, WAITING } from '../../threads/pool.ts';

const JOBS = fileURLToPath(new URL('./tiny-jobs.ts', import.meta.url));
const NEVER = 600_000;

let pool: RunningPool;
afterEach(() => pool.close());

/** A pool of the jobs in tiny-jobs.ts, `run` without the types of the real ones. */
function start({
  size = 2,
  deadlines = {},
  waiting = { ...WAITING, milliseconds: NEVER },
}: {
  size?: number;
  deadlines?: Record<string, number>;
  waiting?: typeof WAITING;
} = {}) {
  const all = new Proxy(deadlines, { get: (some, name: string) => some[name] ?? NEVER });
  pool = createPool({ source: () => threadModule(JOBS), size, deadlines: all, waiting });
  return pool.run as unknown as (name: string, tenant: string, input?: unknown) => Promise<unknown>;
}

/** Returns the state of some jobs: their results, the codes of their refusals, or `pending`. */
function watch(jobs: Record<string, Promise<unknown>>): Record<string, unknown> {
  const seen: Record<string, unknown> = Object.fromEntries(Object.keys(jobs).map((name) => [name, 'pending']));
  for (const [name, job] of Object.entries(jobs)) {
    job.then(
      (result) => (seen[name] = result),
      (error: AppError) => (seen[name] = error.code),
    );
  }
  return seen;
}

it('a job gets its input and gives its result, as JSON', async () => {
  const run = start();
  const value = { text: 'ä€😀', list: [1, null, { a: true }], absent: undefined };
  expect(await run('echo', 'a', value)).toEqual({ text: 'ä€😀', list: [1, null, { a: true }] });
});

it('a thread sees nothing of the environment and loads no loader', async () => {
  expect(await start()('environment', 'a', null)).toEqual([[], []]);
});

it('what a job throws is thrown: refusals with code and issues, faults with their message', async () => {
  const run = start();
  const refused = await run('refuse', 'a', null).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AppError);
  expect(refused).toMatchObject({
    code: 'input_invalid',
    message: '/x: must be 1',
    issues: [{ code: 'out_of_range', path: '/x', message: 'must be 1' }],
  });
  const fault = await run('break', 'a', null).catch((error: unknown) => error);
  expect(fault).not.toBeInstanceOf(AppError);
  expect(fault).toMatchObject({ message: 'a fault' });
});

it.each<[string, string, Record<string, number>]>([
  ['time', 'spin', { spin: 300 }],
  ['memory', 'allocate', {}],
  ['stack', 'nest', {}],
  ['counted work', 'spend', {}],
  ['bytes of its result', 'large', {}],
])('too much %s ends the job alone, and its thread works on or is replaced', async (_, job, deadlines) => {
  const run = start({ deadlines });
  const [hostile, other] = await Promise.all([
    run(job, 'a', 0).catch((error: AppError) => [error.code, error.status, error.message]),
    run('echo', 'b', 1),
  ]);
  expect(hostile).toEqual(['work_exceeded', 422, 'this request takes more work than is allowed']);
  expect(other).toBe(1);
  expect(await Promise.all([run('echo', 'a', 2), run('echo', 'b', 3)])).toEqual([2, 3]);
});

it('one tenant never has all threads: another one is served while its jobs never end', async () => {
  const run = start({ size: 3 });
  const spinning = watch(Object.fromEntries([1, 2, 3, 4].map((n) => [n, run('spin', 'a', null)])));
  expect(await run('echo', 'b', 'served')).toBe('served');
  expect(spinning).toEqual({ 1: 'pending', 2: 'pending', 3: 'pending', 4: 'pending' });
});

it('while others wait a tenant gets no thread beyond half of them', async () => {
  const run = start({ size: 4, deadlines: { brief: 300 } });
  watch({ one: run('spin', 'a', null), two: run('spin', 'a', null), other: run('spin', 'b', null) });
  const brief = run('brief', 'b', null).catch((error: AppError) => error.code);
  const order: string[] = [];
  const note = (tenant: string) => run('echo', tenant, null).then(() => order.push(tenant));
  await Promise.all([note('a'), note('c')]);
  expect([order, await brief]).toEqual([['c', 'a'], 'work_exceeded']);
});

it('beyond what may wait a job is refused as busy: of one tenant, of all, and after a time', async () => {
  const run = start({ waiting: { ...WAITING, tenant: 2, all: 3, milliseconds: NEVER } });
  const jobs = watch({
    running: run('spin', 'a', null),
    first: run('echo', 'a', 1),
    second: run('echo', 'a', 2),
    third: run('echo', 'a', 3),
    other: run('spin', 'b', null),
    waits: run('echo', 'b', 1),
    last: run('echo', 'c', 1),
  });
  await expect.poll(() => [jobs.third, jobs.last]).toEqual(['busy', 'busy']);
  expect(jobs).toMatchObject({ running: 'pending', first: 'pending', second: 'pending', waits: 'pending' });
  await pool.close();

  const soon = start({ waiting: { ...WAITING, milliseconds: 50 } });
  const late = watch({ running: soon('spin', 'a', null), waits: soon('echo', 'a', 1) });
  await expect.poll(() => late.waits).toBe('busy');
  expect(await soon('echo', 'b', 1)).toBe(1);
});

it('work that waits for the thread of its key gets that one, and holds up nothing else meanwhile', async () => {
  const run = start({ size: 3 });
  const count = (options?: { waits: boolean }, held = Promise.resolve()) =>
    pool.runInThread(
      'b',
      'key',
      async (runJob) => {
        const counted = await (runJob as unknown as (name: string, input: null) => Promise<unknown>)('count', null);
        await held;
        return counted;
      },
      options,
    );
  let release = () => {};
  const first = count({ waits: true }, new Promise<void>((resolve) => (release = resolve)));
  const jobs = watch({ waits: count({ waits: true }), elsewhere: count(), other: run('echo', 'b', 'served') });
  await expect.poll(() => jobs).toEqual({ waits: 'pending', elsewhere: 1, other: 'served' });
  release();
  expect(await first).toBe(1);
  await expect.poll(() => jobs.waits).toBe(2);
});

it('a pool that is closed refuses what runs, what waits and what comes as busy', async () => {
  const run = start();
  await run('echo', 'a', null);
  const jobs = watch({ runs: run('spin', 'a', null), waits: run('echo', 'a', 1) });
  await pool.close();
  const later = watch({ comes: run('echo', 'b', 1) });
  await expect.poll(() => ({ ...jobs, ...later })).toEqual({ runs: 'busy', waits: 'busy', comes: 'busy' });
});

it('a module that cannot be loaded fails the job, and the next one loads it again', async () => {
  let attempts = 0;
  const source = () => {
    attempts += 1;
    return attempts === 1 ? Promise.resolve('throw new Error("broken module")') : threadModule(JOBS);
  };
  pool = createPool({ source, size: 2, deadlines: { echo: NEVER } });
  const run = pool.run as unknown as (name: string, tenant: string, input: unknown) => Promise<unknown>;
  await expect(run('echo', 'a', 1)).rejects.toThrow('broken module');
  expect(await run('echo', 'a', 1)).toBe(1);
});
