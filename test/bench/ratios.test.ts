import { describe, expect, it } from 'vitest';
import { SHAPES } from '../../bench/comparison/shapes.ts';
import { listFurtherRequests, listRequests, type NamedRequest } from '../../bench/lists/requests.ts';
import { findDecline } from '../../bench/report/decline.ts';
import {
  compareSamples,
  computeRatios,
  isEqual,
  meetsGoal,
  missingIn,
  readBaseline,
  slowerThan,
} from '../../bench/report/ratios.ts';

// The bench fails for ratios that are worse than those of the baseline, and for soaks that decline.

const around = (middle: number, width: number) =>
  Array.from({ length: 100 }, (_, at) => middle * (1 + width * (at / 99 - 0.5)));

describe('ratios', () => {
  it('a ratio is that of the medians, and the more a sample scatters, the less is known', () => {
    const narrow = compareSamples('x', around(20, 0.1), around(10, 0.1));
    const wide = compareSamples('x', around(20, 1), around(10, 0.1));
    expect(narrow.value).toBeCloseTo(2, 1);
    expect(wide.value).toBeCloseTo(2, 1);
    expect(wide.spread).toBeGreaterThan(4 * narrow.spread);
    expect(isEqual(compareSamples('x', around(10, 1), around(10.2, 1)))).toBe(true);
    expect(isEqual(narrow)).toBe(false);
  });

  it.each([
    ['slower than allowed', { value: 1.3, spread: 0.05, goal: 1.2 }, false],
    ['slower than allowed, but within the spread', { value: 1.22, spread: 0.05, goal: 1.2 }, true],
    ['a rate that is too low', { value: 1.3, spread: 0.05, goal: 1.5, isRate: true as const }, false],
    ['a rate that is high enough', { value: 1.6, spread: 0.05, goal: 1.5, isRate: true as const }, true],
    ['without a goal', { value: 9, spread: 0 }, true],
  ])('meets its goal or not: %s', (_, ratio, met) => {
    expect(meetsGoal({ name: 'x', ...ratio })).toBe(met);
  });

  it('only what is worse than the baseline by more than both spreads is named, a cost that rose and a rate that fell', () => {
    const baseline = [
      { name: 'cost', value: 1, spread: 0.1 },
      { name: 'within', value: 1, spread: 0.1 },
      { name: 'better', value: 1, spread: 0.1 },
      { name: 'rate', value: 1, spread: 0.1, isRate: true as const },
      { name: 'higher rate', value: 1, spread: 0.1, isRate: true as const },
      { name: 'gone', value: 1, spread: 0.1 },
    ];
    const measured = [
      { name: 'cost', value: 1.25, spread: 0.1 },
      { name: 'within', value: 1.15, spread: 0.1 },
      { name: 'better', value: 0.5, spread: 0.1 },
      { name: 'rate', value: 0.75, spread: 0.1, isRate: true as const },
      { name: 'higher rate', value: 2, spread: 0.1, isRate: true as const },
      { name: 'new', value: 9, spread: 0 },
    ];
    expect(slowerThan(baseline, measured)).toEqual(['cost: 1.25×, before 1.00×', 'rate: 0.75×, before 1.00×']);
    expect(missingIn(measured, baseline)).toEqual(['gone']);
  });

  it('the baseline has all that the bench measures, and nothing else', async () => {
    const cost = { latencies: [1], cpu: [1], events: 1, bytes: [1] };
    const turns = [{ rate: 1, latencies: [1], cpu: 1 }];
    const sides = { fermata: [1], hand: [1] };
    const started = { latencies: [1], cpu: [1], rates: [1] };
    const requests = await listRequests({ call: async () => ({}) } as never, 100);
    const further = await listFurtherRequests({ execute: async () => ({ rows: [] }) } as never);
    const timesOf = (named: readonly NamedRequest[]) => named.map(([what]) => ({ what, times: [1], cpu: null }));
    const measured = computeRatios({
      compared: SHAPES.map((shape) => ({ shape, hand: cost, fermata: cost })),
      throughput: { fermata: turns, hand: turns },
      replays: { many: sides, first: sides },
      starts: {
        answered: started,
        readBack: started,
        answeredInTurn: started,
        readBackInTurn: started,
        waited: started,
        waitedReadBack: started,
        waitedUnread: started,
      },
      shares: { alone: [1], beside: [1] } as never,
      lists: [100, 100_000].map((runs) => ({ runs, measured: timesOf([...requests, ['get one, from Temporal', '']]) })),
      largeIndex: { rows: 1_000_000, measured: timesOf([...requests, ...further]) } as never,
      largeRuns: { measured: [], reads: { first: [1], unchanged: [1] } },
    });
    const baseline = await readBaseline();
    expect(missingIn(measured, baseline)).toEqual([]);
    expect(missingIn(baseline, measured)).toEqual([]);
  });

  it('lists are compared with the same list of few runs, and those of a large index with its newest runs', () => {
    const lists = [100, 1_000].map((runs) => ({
      runs,
      measured: [{ what: 'page', times: around(runs / 20, 0.1), cpu: null }],
    }));
    const measured = ['newest', 'search'].map((what, at) => ({ what, times: around(3 * (at + 1), 0.1), cpu: null }));
    const largeIndex = { rows: 10_000, measured, bytes: 1, recount: 1, rebuilt: { rows: 1, rate: 1 } };
    const found = computeRatios({ lists, largeIndex });
    expect(found.map(({ name, value }) => [name, Math.round(value)])).toEqual([
      ['page: 1,000 runs, by 100', 10],
      ['10,000 rows: search, by the newest 20', 2],
    ]);
  });
});

describe('soaks', () => {
  const mixed = (middle: number) => around(middle, 0.1).map((_, at, values) => values[(at * 37) % values.length]!);
  const soakOf = (ends: readonly [number, number], memory: Record<string, number[]>) => ({
    runs: 1,
    rate: 1,
    rates: [],
    costs: [...mixed(ends[0]).slice(0, 50), ...mixed(ends[1]).slice(50)],
    latencies: [],
    cpu: {},
    memory,
    disk: { Temporal: 0, Postgres: 0 },
  });
  const flat = [300, 420, 400, 410, 405, 400, 410, 400, 405, 408];
  const growing = [300, 320, 340, 360, 380, 400, 420, 440, 460, 480];

  it('one whose runs cost the same and that stays as large as it is has not declined, whatever it does at first', () => {
    expect(findDecline(soakOf([100, 100], { API: flat }))).toEqual([]);
    expect(findDecline(soakOf([110, 100], { API: [...growing.slice(0, 5), ...flat.slice(5)] }))).toEqual([]);
  });

  it('one whose runs cost more and more, or of which a process grows on, has', () => {
    expect(findDecline(soakOf([100, 140], { API: flat }))).toEqual([
      expect.stringMatching(/^a run takes 1\.\d+ × the CPU at the end that it takes at the start$/),
    ]);
    expect(findDecline(soakOf([100, 100], { API: flat, worker: growing, Postgres: growing }))).toEqual([
      'the memory of worker grows on, by 18 % in the second half',
    ]);
  });
});
