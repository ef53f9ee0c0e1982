import { pino } from 'pino';
import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { DatabaseError } from '../../../model/database-error.ts';
import { createBell } from '../../../service/background/bell.ts';
import { createPlanner } from '../../../service/events/planner.ts';
import type { EventRow } from '../../../store/events/events.ts';

const OWN = [
  new Error('a value that no column takes'),
  new AppError('busy', 'all connections of the tenant are in use'),
  new DatabaseError('planning.plan', '57014'),
];
it.each(OWN)(
  'plans the events of other tenants where those of one meet %o, and tries these again later',
  async (error) => {
    let now = 0;
    let broken = true;
    const left: Record<string, number> = { bad: 1, good: 2 };
    const planner = createPlanner({
      store: {
        tenants: async () => Object.keys(left).filter((tenant) => left[tenant]! > 0),
        plan: async (tenant) => {
          if (tenant === 'bad' && broken) throw error;
          left[tenant]! -= 1;
          return 1;
        },
      },
      rules: { within: async () => ({ find: () => [] }) },
      bell: createBell(),
      onPlanned: () => undefined,
      clock: () => now,
      log: pino({ level: 'silent' }),
    });
    await planner.tick();
    expect(left).toEqual({ bad: 1, good: 0 });
    broken = false;
    now = 10_000;
    await planner.tick();
    expect(left).toEqual({ bad: 0, good: 0 });
  },
);

it('ends a round when the database is away, and begins the next one behind the tenant that has met that', async () => {
  const asked: string[] = [];
  let away = true;
  const planner = createPlanner({
    store: {
      tenants: async () => ['a', 'b', 'c'],
      plan: async (tenant) => {
        asked.push(tenant);
        if (away) throw new AppError('database_unavailable', 'away');
        return 0;
      },
    },
    rules: { within: async () => ({ find: () => [] }) },
    bell: createBell(),
    onPlanned: () => undefined,
    clock: () => 0,
    log: pino({ level: 'silent' }),
  });
  await expect(planner.tick()).rejects.toThrow('away');
  away = false;
  await planner.tick();
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});

it('plans the first events of a batch, at least one, when all of them would take too long', async () => {
  let now = 0;
  let left = 5;
  const decided: number[] = [];
  const planner = createPlanner({
    store: {
      tenants: async () => (left > 0 ? ['a'] : []),
      plan: async (_tenant, _limit, decide) => {
        const events = Array.from({ length: left }, (_, id) => ({ id, type: 'a', received: new Date(0) }) as EventRow);
        const plan = await decide({ events, rules: {} as never });
        decided.push(plan.decided);
        left -= plan.decided;
        return plan.decided;
      },
    },
    rules: {
      within: async () => ({
        find: () => {
          now += decided.length === 0 ? 1_000 : 150;
          return [];
        },
      }),
    },
    bell: createBell(),
    onPlanned: () => undefined,
    clock: () => now,
    log: pino({ level: 'silent' }),
  });
  await planner.tick();
  expect(decided).toEqual([1, 2, 2]);
});
