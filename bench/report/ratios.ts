import { readFile, writeFile } from 'node:fs/promises';
import type { Throughput } from '../comparison/load.ts';
import type { Compared } from '../comparison/side-by-side.ts';
import type { Soak } from '../product/soak.ts';
import { at, median } from '../statistics.ts';
import type { Results } from './results.ts';

/** The cost of something as a multiple of something else that was measured alternately with it. */
export interface Ratio {
  /** The name of the comparison in the baseline. */
  name: string;
  value: number;
  /** How far the true ratio may be from this one, either way (about 95 of 100 times). */
  spread: number;
  /** The highest ratio allowed, or for a rate the lowest; absent: there is no goal. */
  goal?: number;
  /** It is a rate: more is better. */
  isRate?: true;
}

/** The ratios that later runs are compared with. */
const BASELINE = new URL('../baseline.json', import.meta.url);

/** The highest cost of a definition as a multiple of the same workflow by hand, and of a start as a multiple of a start that is read back. */
export const GOALS = {
  latency: 1.1,
  cpu: 1.15,
  replay: 1.2,
  bytes: 1.25,
  start: 0.5,
  startCpu: 0.7,
  waited: 1.5,
  readAgain: 0.1,
};

/** The comparison of starts that follow one another without a pause; it has no goal, since Temporal's call alone takes half of what a start and its reading do. */
export const STARTS_IN_TURN = 'starts in turn: latency';

/** The comparison of waiting alone, without a read: no start with `wait` makes more runs. */
export const WAITING_ALONE = 'a start, and waiting alone: runs a minute';

/** The shapes that have a goal for the bytes of their history. */
const COUNTED_BYTES: readonly string[] = ['one', 'sequence', 'looped', 'fanned'];

/** Bytes are counted, not timed: ids and times of other lengths are all that differs. */
const BYTES_SPREAD = 0.01;

/** Compares two samples by their medians. */
export function compareSamples(
  name: string,
  ours: readonly number[],
  theirs: readonly number[],
  rest: Pick<Ratio, 'goal' | 'isRate'> = {},
): Ratio {
  const value = median(ours) / median(theirs);
  return { name, value, spread: value * Math.hypot(uncertainty(ours), uncertainty(theirs)), ...rest };
}

/** The turns of a soak at its start that are compared with those at its end: a tenth of all. */
const TURNS_OF_AN_END = 10;

/** Compares what a run costs at the end of a soak with what it costs at the start: CPU, which a busy machine does not change. */
export function compareEnds({ costs }: Pick<Soak, 'costs'>): Ratio {
  return compareSamples(
    'soak: CPU a run at the end, by the start',
    costs.slice(-TURNS_OF_AN_END),
    costs.slice(0, TURNS_OF_AN_END),
  );
}

/** How uncertain the median of a sample is, as a share of it: the notch of a box plot. */
function uncertainty(values: readonly number[]): number {
  return (1.57 * (at(values, 0.75) - at(values, 0.25))) / median(values) / Math.sqrt(values.length);
}

/** Returns every ratio of the parts that were measured. */
export function computeRatios(results: Partial<Results>): Ratio[] {
  const { compared = [], throughput, replays, starts, shares, lists = [], largeIndex, largeRuns, soak } = results;
  return [
    ...compared.flatMap(shapeRatios),
    ...(throughput === undefined ? [] : [throughputRatio(throughput)]),
    ...(replays === undefined
      ? []
      : [compareSamples('loop of 100: cold replay', replays.many.fermata, replays.many.hand, { goal: GOALS.replay })]),
    ...(starts === undefined ? [] : startRatios(starts)),
    ...(shares === undefined
      ? []
      : [
          compareSamples(
            'a start next to a tenant that starts as fast as it can: latency',
            shares.beside,
            shares.alone,
          ),
        ]),
    ...listRatios(lists),
    ...(largeIndex === undefined ? [] : largeIndexRatios(largeIndex)),
    ...(largeRuns === undefined ? [] : [readAgainRatio(largeRuns)]),
    ...(soak === undefined ? [] : [compareEnds(soak)]),
  ];
}

function shapeRatios({ shape: { name, label }, hand, fermata }: Compared): Ratio[] {
  return [
    compareSamples(`${label}: latency`, fermata.latencies, hand.latencies, { goal: GOALS.latency }),
    compareSamples(`${label}: CPU of the worker`, fermata.cpu, hand.cpu, { goal: GOALS.cpu }),
    {
      name: `${label}: bytes of history`,
      value: median(fermata.bytes) / median(hand.bytes),
      spread: BYTES_SPREAD,
      ...(COUNTED_BYTES.includes(name) ? { goal: GOALS.bytes } : {}),
    },
  ];
}

function throughputRatio({ fermata, hand }: Results['throughput']): Ratio {
  const rates = (turns: readonly Throughput[]) => turns.map(({ rate }) => rate);
  return compareSamples('one task: runs a minute', rates(fermata), rates(hand), { isRate: true });
}

function startRatios(starts: Results['starts']): Ratio[] {
  const { answered, readBack, answeredInTurn, readBackInTurn, waited, waitedReadBack, waitedUnread } = starts;
  return [
    compareSamples('a start: latency', answered.latencies, readBack.latencies, { goal: GOALS.start }),
    compareSamples(STARTS_IN_TURN, answeredInTurn.latencies, readBackInTurn.latencies),
    compareSamples('a start: CPU of the API', answeredInTurn.cpu, readBackInTurn.cpu, { goal: GOALS.startCpu }),
    compareSamples('a start with wait: runs a minute', waited.rates, waitedReadBack.rates, {
      goal: GOALS.waited,
      isRate: true,
    }),
    compareSamples('a start with wait: CPU of the API', waited.cpu, waitedReadBack.cpu),
    compareSamples(WAITING_ALONE, waitedUnread.rates, waitedReadBack.rates, { isRate: true }),
  ];
}

/** Compares each list of the largest index with the same list of the smallest one. */
function listRatios(lists: Results['lists']): Ratio[] {
  const [least, most] = [lists[0], lists.at(-1)];
  if (least === undefined || most === undefined || least === most) return [];
  return most.measured.map(({ what, times }, index) =>
    compareSamples(
      `${what}: ${most.runs.toLocaleString('en-US')} runs, by ${least.runs.toLocaleString('en-US')}`,
      times,
      least.measured[index]!.times,
    ),
  );
}

/** Compares each list of a large index with the first one, that of the newest runs. */
function largeIndexRatios({ rows, measured: [newest, ...others] }: Results['largeIndex']): Ratio[] {
  const count = rows.toLocaleString('en-US');
  return others.map(({ what, times }) =>
    compareSamples(`${count} rows: ${what}, by the newest 20`, times, newest!.times),
  );
}

function readAgainRatio({ reads }: Results['largeRuns']): Ratio {
  const name = 'an unchanged run of 4,000 events: read again';
  return compareSamples(name, reads.unchanged, reads.first, { goal: GOALS.readAgain });
}

/** Reports whether a ratio may be 1: what it compares is then called equal. */
export function isEqual({ value, spread }: Ratio): boolean {
  return Math.abs(value - 1) <= spread;
}

/** Reports whether a ratio meets its goal, as far as can be told from what was measured. */
export function meetsGoal({ value, spread, goal, isRate }: Ratio): boolean {
  return goal === undefined || (isRate ? value + spread >= goal : value - spread <= goal);
}

/** Returns the names of what is slower than in the baseline by more than both spreads, with both ratios. */
export function slowerThan(baseline: readonly Ratio[], ratios: readonly Ratio[]): string[] {
  const known = new Map(baseline.map((ratio) => [ratio.name, ratio]));
  return ratios.flatMap((ratio) => {
    const before = known.get(ratio.name);
    if (before === undefined) return [];
    const worse = ratio.isRate ? before.value - ratio.value : ratio.value - before.value;
    return worse > ratio.spread + before.spread
      ? [`${ratio.name}: ${ratio.value.toFixed(2)}×, before ${before.value.toFixed(2)}×`]
      : [];
  });
}

/** Returns the names in the baseline that were not measured. */
export function missingIn(ratios: readonly Ratio[], baseline: readonly Ratio[]): string[] {
  const measured = new Set(ratios.map(({ name }) => name));
  return baseline.flatMap(({ name }) => (measured.has(name) ? [] : [name]));
}

/** Reads the baseline; empty where there is none yet. */
export async function readBaseline(): Promise<Ratio[]> {
  const text = await readFile(BASELINE, 'utf8').catch(() => '[]');
  return JSON.parse(text) as Ratio[];
}

/** Makes ratios the baseline; what was not measured this time keeps its place. */
export async function keepBaseline(ratios: readonly Ratio[]): Promise<void> {
  const merged = new Map([...(await readBaseline()), ...ratios].map((ratio) => [ratio.name, ratio]));
  const rounded = [...merged.values()].map(({ value, spread, ...rest }) => ({
    ...rest,
    value: Number(value.toFixed(3)),
    spread: Number(spread.toFixed(3)),
  }));
  await writeFile(BASELINE, `${JSON.stringify(rounded, null, 2)}\n`);
}
