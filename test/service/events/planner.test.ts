import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createBell } from '../../../service/background/bell.ts';
import { createPlanner } from '../../../service/events/planner.ts';

it('plans the events of other tenants where those of one cannot be planned, and tries these again later', async () => {
  let now = 0;
  let broken = true;
  const left: Record<string, number> = { bad: 1, good: 2 };
  const planner = createPlanner({
    store: {
      tenants: async () => Object.keys(left).filter((tenant) => left[tenant]! > 0),
      plan: async (tenant) => {
        if (tenant === 'bad' && broken) throw new Error('a value that no column takes');
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
});
