import { pino } from 'pino';
import { expect, it } from 'vitest';
import { STRETCHED_SECONDS } from '../../../projection/tasks/holds.ts';
import { createAttemptHolds } from '../../../service/controls/attempt-holds.ts';
import type { Described } from '../../../temporal/gateway.ts';

/** An activity as Temporal has it: whether a worker has it, and how it is held back. */
interface Activity {
  started: boolean;
  paused: boolean;
  stretched: boolean;
}

/** A server with one activity of one run; `meanwhile` is done when it is asked to change something, before it does. */
function play(
  { status = 'paused', activity = {}, able = true }: { status?: string; activity?: Partial<Activity>; able?: boolean },
  meanwhile: (run: { status: string }, activity: Activity, step: string) => void = () => undefined,
) {
  const run = { status, projection: 'complete', closed: null };
  const pending: Activity = { started: false, paused: false, stretched: false, ...activity };
  const steps: string[] = [];
  const warned: object[] = [];
  const temporal = {
    describe: async () => ({
      pending: {
        activities: [
          {
            activityId: 'a',
            attempt: 1,
            paused: pending.paused,
            state: pending.started ? (pending.paused ? 5 : 2) : pending.paused ? 4 : 1,
            pauseInfo: pending.paused ? { manual: { identity: 'fermata' } } : null,
            activityOptions: {
              retryPolicy: {
                maximumAttempts: 3,
                initialInterval: { seconds: pending.stretched ? STRETCHED_SECONDS : 1 },
              },
            },
          },
        ],
      },
    }),
    changeActivity: async (_: string, __: string, step: string) => {
      meanwhile(run, pending, step);
      if (!able) return false;
      steps.push(step);
      if (step === 'pause' || step === 'unpause') pending.paused = step === 'pause';
      else pending.stretched = step === 'stretch';
      return true;
    },
  };
  const log = pino({ level: 'silent' });
  log.warn = ((told: object) => void warned.push(told)) as typeof log.warn;
  const holds = createAttemptHolds({
    temporal: temporal as never,
    projections: { read: async () => ({ execution: { ...run } }) as never },
    log,
    clock: () => 0,
  });
  return { holds, run, pending, steps, warned, describe: temporal.describe as never as () => Promise<Described> };
}

it.each<[string, Parameters<typeof play>, string[], Partial<Activity>]>([
  ['holds back what nobody has taken', [{}], ['pause'], { paused: true, stretched: false }],
  [
    'lets go what was held back',
    [{ status: 'running', activity: { paused: true, stretched: true } }],
    ['restore', 'unpause'],
    { paused: false, stretched: false },
  ],
  [
    'delays what follows an attempt that a worker has',
    [{ activity: { started: true } }],
    ['stretch'],
    { paused: false, stretched: true },
  ],
  [
    'takes a pause back from an attempt that has begun meanwhile',
    [{}, (_, activity, step) => step === 'pause' && Object.assign(activity, { started: true })],
    ['pause', 'stretch', 'unpause'],
    { started: true, paused: false, stretched: true },
  ],
  [
    'lets go at once where a resume came meanwhile',
    [{}, (run) => void Object.assign(run, { status: 'running' })],
    ['pause', 'unpause'],
    { paused: false, stretched: false },
  ],
  [
    'holds back again where a pause came meanwhile',
    [{ status: 'running', activity: { paused: true } }, (run) => void Object.assign(run, { status: 'paused' })],
    ['unpause', 'pause'],
    { paused: true },
  ],
  ['leaves alone what is being cancelled', [{ status: 'canceling', activity: { paused: true } }], [], { paused: true }],
])('settling a run %s', async (_, args, steps, left) => {
  const game = play(...args);
  await game.holds.settle('w');
  expect(game.steps).toEqual(steps);
  expect(game.pending).toMatchObject(left);
});

it('holds back the next attempt of one that a worker had when the run was paused', async () => {
  const game = play({ activity: { started: true } });
  await game.holds.settle('w');
  // It has failed, and names the time of the next one itself.
  game.pending.started = false;
  await game.holds.tick();
  expect(game.steps).toEqual(['stretch', 'pause']);
  game.run.status = 'running';
  await game.holds.take('w', 'running', await game.describe());
  expect(game.pending).toEqual({ started: false, paused: false, stretched: false });
});

it('says once that a server is too old', async () => {
  const game = play({ able: false });
  await game.holds.settle('w');
  await game.holds.settle('w');
  expect([game.steps, game.warned.length]).toEqual([[], 1]);
});

it.each([
  ['a look fails', 1, 0],
  // Each look finds it the other way round.
  ['it is paused and resumed at each look', 0, 10],
])('a run is looked at again when %s', async (_, failures, switches) => {
  const left = { failures, switches };
  const game = play({}, (run) => {
    if (left.failures-- > 0) throw new Error('Temporal is away');
    if (left.switches-- > 0) run.status = run.status === 'paused' ? 'running' : 'paused';
  });
  await game.holds.settle('w').catch(() => undefined);
  game.run.status = 'paused';
  await game.holds.tick();
  expect(game.pending.paused).toBe(true);
  game.run.status = 'running';
  game.steps.splice(0);
  await game.holds.tick();
  expect(game.steps).toEqual([]);
});
