import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createBacklog } from '../../../service/events/backlog.ts';

const log = pino({ level: 'silent' });

it('refuses the events of a tenant that has too many waiting, until there is room', async () => {
  let now = 0;
  let counts = new Map<string, number>();
  const backlog = createBacklog({ store: { count: async () => counts }, limit: 100, clock: () => now, log });
  const look = async (total: number, at: number) => {
    [now, counts] = [at, new Map([['full', total]])];
    await backlog.tick();
  };
  const refusal = () => {
    try {
      backlog.demandRoom('full');
      return null;
    } catch (error) {
      const { code, retryAfter } = error as { code: string; retryAfter: number };
      return [code, retryAfter];
    }
  };
  expect(refusal()).toBeNull();
  await look(99, 0);
  expect(refusal()).toBeNull();
  // Nobody knows yet how fast it falls.
  await look(160, 1_000);
  expect(refusal()).toEqual(['events_full', 60]);
  expect(() => backlog.demandRoom('other')).not.toThrow();
  await look(200, 2_000);
  expect(refusal()).toEqual(['events_full', 60]);
  // After a minute only what was seen within it counts: 10 a second, and 50 too many.
  await look(250, 100_000);
  await look(150, 110_000);
  expect(refusal()).toEqual(['events_full', 5]);
  await look(100, 111_000);
  expect(refusal()).toEqual(['events_full', 1]);
  await look(99, 112_000);
  expect(refusal()).toBeNull();
});

it('reports whether half of what may wait of a tenant does', async () => {
  let counts = new Map([['a', 49]]);
  const backlog = createBacklog({ store: { count: async () => counts }, limit: 100, clock: () => 0, log });
  const look = async () => {
    backlog.demandRoom('a');
    await backlog.tick();
    return [backlog.isHalfFull('a'), backlog.isHalfFull('b')];
  };
  expect(await look()).toEqual([false, false]);
  counts = new Map([['a', 50]]);
  expect(await look()).toEqual([true, false]);
});
