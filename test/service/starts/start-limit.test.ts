import { describe, expect, it } from 'vitest';
import { adaptLimit, FIRST_LIMIT, type StartLimit } from '../../../service/starts/start-limit.ts';

/** Where starts are made: milliseconds that each is on its way, and that each keeps one of some places busy; and the clients that start. */
interface System {
  trip: number;
  work: number;
  places: number;
  clients: number;
}

/** Makes a number of starts, as many at once as clients and limit allow, and returns the limit after each. */
function simulate(system: System, starts: number, from: StartLimit = FIRST_LIMIT): StartLimit[] {
  const limits: StartLimit[] = [];
  const free = Array.from({ length: system.places }, () => 0);
  const underWay: { began: number; ends: number }[] = [];
  let limit = from;
  for (let now = 0, number = 0; limits.length < starts; ) {
    while (underWay.length < Math.min(system.clients, limit.most)) {
      // One start in five takes twice as long as the others.
      const work = number % 5 === 4 ? system.work * 2 : system.work;
      const place = free.indexOf(Math.min(...free));
      free[place] = Math.max(free[place]!, now + system.trip) + work;
      underWay.push({ began: now, ends: free[place]! });
      number += 1;
    }
    const soonest = Math.min(...underWay.map(({ ends }) => ends));
    const first = underWay.findIndex(({ ends }) => ends === soonest);
    const [ended] = underWay.splice(first, 1);
    now = ended!.ends;
    limit = adaptLimit(limit, { milliseconds: now - ended!.began, underWay: underWay.length + 1 });
    limits.push(limit);
  }
  return limits;
}

const MACHINE: System = { trip: 0, work: 50, places: 1, clients: 60 };
const NETWORK: System = { trip: 100, work: 1, places: 8, clients: 200 };

describe('the limit of starts under way', () => {
  it.each([
    // the system, the least and the most that the limit is in the second half of some thousand starts
    ['one that makes one start after another', MACHINE, 4, 8],
    ['one that makes two at once', { ...MACHINE, places: 2 }, 4, 10],
    ['one that takes 20 at once', { ...NETWORK, work: 100, places: 20 }, 20, 60],
    ['one a network away with room for all', NETWORK, 50, 100],
    ['one a network away that is hardly used', { ...NETWORK, clients: 3 }, 10, 10],
    ['one near by with room for all', { trip: 0, work: 5, places: 100, clients: 200 }, 50, 100],
  ])('fits %s', (_, system, least, most) => {
    const limits = simulate(system, 8_000).map((limit) => limit.most);
    const settled = limits.slice(limits.length / 2);
    expect([Math.min(...settled), Math.max(...settled)]).toSatisfy(([low, high]) => low >= least && high <= most);
  });

  it('finds its way where starts begin to wait for each other, and where they no longer do', () => {
    const wide = simulate(NETWORK, 4_000).at(-1)!;
    const narrow = simulate(MACHINE, 1_000, wide).at(-1)!;
    expect(narrow.most).toBeLessThanOrEqual(8);
    expect(simulate(NETWORK, 8_000, narrow).at(-1)!.most).toBeGreaterThanOrEqual(50);
  });

  it('finds its way where all starts become slower for good', () => {
    const near = simulate({ ...NETWORK, trip: 1 }, 2_000).at(-1)!;
    const limits = simulate({ ...NETWORK, trip: 300 }, 12_000, near).map(({ most }) => most);
    expect(Math.max(...limits.slice(limits.length / 2))).toBe(100);
  });

  it('is not changed by single slow starts, nor by slow ones that were alone', () => {
    const slow = (limit: StartLimit, number: number) =>
      adaptLimit(limit, { milliseconds: number % 10 === 0 ? 5_000 : 20, underWay: 5 });
    expect(Array.from({ length: 100 }, (_, number) => number).reduce(slow, FIRST_LIMIT).most).toBe(10);
    const alone = [20, 5_000, 5_000].flatMap((milliseconds) => Array(10).fill({ milliseconds, underWay: 1 }));
    expect(alone.reduce(adaptLimit, FIRST_LIMIT).most).toBe(10);
  });

  it.each([
    // the most that were under way, and the limit of 40 after it has been judged 200 times
    [40, 20],
    [10, 40],
  ])('with %i under way at most learns the base time anew at %i', (busiest, most) => {
    const before = { most: 40, base: 20, rounds: 200, round: { ended: 39, fastest: 20, busiest } };
    const after = adaptLimit(before, { milliseconds: 20, underWay: 1 });
    expect(after).toMatchObject({ most, base: Number.POSITIVE_INFINITY, rounds: 0 });
  });

  it('shrinks with each start that Temporal does not respond, down to four', () => {
    const lost = { milliseconds: null, underWay: 10 };
    const limits = [10, 8, 6, 4, 4];
    expect(limits.slice(1).reduce((all) => [...all, adaptLimit(all.at(-1)!, lost)], [FIRST_LIMIT])).toMatchObject(
      limits.map((most) => ({ most })),
    );
  });
});
