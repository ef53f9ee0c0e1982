import { cpus, release, totalmem, type } from 'node:os';
import type { Compared } from '../comparison/side-by-side.ts';
import type { Grown } from '../growth.ts';
import { type LargeIndex, SETTINGS } from '../lists/million.ts';
import { at, median, short, spread, table } from '../statistics.ts';
import { describeDebugger, describeSliders } from './debugger.ts';
import { describeEvents, describeLargeEvents } from './events.ts';
import { NOT_KEPT } from './not-kept.ts';
import { OTHER_ENGINES } from './other-engines.ts';
import { describeLargeRuns, describePages, describeSoak } from './production.ts';
import { computeRatios, GOALS, isEqual, meetsGoal, type Ratio, STARTS_IN_TURN, WAITING_ALONE } from './ratios.ts';
import type { Results } from './results.ts';

const ratio = (ours: number, theirs: number): string => `${(ours / theirs).toFixed(2)}×`;
const percent = (share: number): string => `±${Math.round(share * 50)} %`;

/** Ratios as a table, each with its spread and its goal. */
export function ratioTable(ratios: readonly Ratio[]): string {
  return table(
    ['what', 'ratio', 'goal', ''],
    ratios.map((each) => [
      each.name,
      `${each.value.toFixed(2)}× ±${each.spread.toFixed(2)}`,
      each.goal === undefined ? '' : `${each.isRate ? '≥' : '≤'} ${each.goal}×`,
      [isEqual(each) ? 'equal' : '', meetsGoal(each) ? '' : '**missed**'].filter((word) => word !== '').join(', '),
    ]),
  );
}

/** Renders a section from the parts that it needs; says which of them were not measured. */
function renderSection<Part extends keyof Results>(
  results: Partial<Results>,
  parts: readonly Part[],
  render: (measured: Pick<Results, Part>) => string,
): string {
  const missing = parts.filter((part) => results[part] === undefined);
  return missing.length > 0 ? `Not measured: ${missing.join(', ')}.` : render(results as Pick<Results, Part>);
}

/** Says what the ratios of starts are about that have no goal. */
function describeStarts(results: Partial<Results>): string {
  const ratios = computeRatios(results);
  const say = (name: string, before: string, after: string) => {
    const found = ratios.find((ratio) => ratio.name === name);
    return found === undefined ? '' : `\n${before} ${found.value.toFixed(2)}× ±${found.spread.toFixed(2)}${after}`;
  };
  const inTurn = `Where starts follow one another without a pause, the machine also carries out the runs before, from which both suffer: the ratio of their
latencies is then`;
  const alone =
    'A start with `wait` is compared with one that is read back and then waited for. A client of Temporal that only waits, and reads nothing, makes';
  return say(STARTS_IN_TURN, inTurn, '.') + say(WAITING_ALONE, alone, ' the runs of the latter.');
}

/** Renders docs/benchmarks.md from what has been measured. */
export function renderReport(results: Partial<Results>, plot: string): string {
  const { versions = {}, conditions = {} } = results;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# Measured

Made by \`npm run bench\` on ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}, ${named.join(', ')}. Everything runs on this one machine: the server, the workers, and what asks them. Absolute times are the machine's; what is
compared was measured alternately, so that ratios hold.

## Goals

What is compared was measured alternately in the same run. ± is how far the true ratio may be from the one that was measured, about 95 times of a hundred; where
that includes 1, both are called equal. A start is compared with one whose execution is read back from Temporal, as every start was before: each of them alone, once
the run before has ended.${describeStarts(results)}

${ratioTable(computeRatios(results).filter(({ goal }) => goal !== undefined))}

\`npm run bench\` fails, with the names of what is slower, where one of these or of other ratios is worse than in \`bench/baseline.json\` by more than both spreads.

## The same workflow as a definition and by hand

One server, two workers with the same settings and the same actions, in alternating blocks of five runs. The workflows by hand are bundled
as Temporal's SDK does it unless it is told otherwise; Fermata's bundle is made as \`worker/worker.ts\` says, which saves the stacks of promises
and what is the same for every run. *Events* are those of history without
workflow tasks, which come and go with timing. Latency is from the start until the result is there (of the inquiry: from the decision), one
run at a time, after half as many that do not count. CPU is that of the worker's process. \`±\` is half of the middle half's width.

${renderSection(results, ['compared'], ({ compared }) => shapesTable(compared))}

![Latency and CPU of a definition, as a share of the same workflow by hand](${plot})

${renderSection(results, ['throughput', 'replays', 'memory'], sidesTable)}

## The product

${renderSection(results, ['start', 'rest', 'lag', 'shares', 'bundle'], productTable)}

## Lists

On PGlite, one request at a time over HTTP; P50 and P95 in milliseconds, with as many other runs as the column says:

${renderSection(results, ['lists'], ({ lists }) => listsTable(lists))}

${renderSection(results, ['largeIndex'], ({ largeIndex }) => largeIndexTable(largeIndex))}

${renderSection(results, ['soak'], ({ soak }) => describeSoak(soak))}

${renderSection(results, ['largeRuns'], ({ largeRuns }) => describeLargeRuns(largeRuns))}

${renderSection(results, ['pages'], ({ pages }) => describePages(pages))}

${renderSection(results, ['debugger'], (measured) => describeDebugger(measured.debugger))}

${renderSection(results, ['sliders'], ({ sliders }) => describeSliders(sliders))}

${renderSection(results, ['events'], ({ events }) => describeEvents(events))}

${renderSection(results, ['largeEvents'], ({ largeEvents }) => describeLargeEvents(largeEvents))}

${NOT_KEPT}
${OTHER_ENGINES}

## Growth

What one event costs the interpreter, and a template each kilobyte of its data, by size: of what is linear in what changes, the same
everywhere. The first sizes are those of code that is not warm yet.

${renderSection(results, ['growth'], ({ growth }) => growthTables(growth))}

## When

The parts were measured at these times (UTC), most one after the other: the load before a part is then what the one before has left.

${table(
  ['part', 'at', 'load before'],
  Object.entries(conditions).map(([part, { at: when, load }]) => [part, when, load.toFixed(1)]),
)}
`;
}

const milliseconds = (times: readonly number[]): string => `${short(median(times))} ms`;
const middleAndMost = (times: readonly number[]): string => `${short(median(times))} ms, ${short(at(times, 0.95))} ms`;

function shapesTable(compared: readonly Compared[]): string {
  return table(
    ['shape', 'events', 'history', 'latency P50', 'by hand', 'ratio', 'P95', 'CPU a run', 'by hand', 'ratio'],
    compared.map(({ shape, hand, fermata }) => [
      shape.label,
      fermata.events === hand.events ? String(fermata.events) : `${fermata.events} (by hand ${hand.events})`,
      ratio(median(fermata.bytes), median(hand.bytes)),
      `${milliseconds(fermata.latencies)} ${percent(spread(fermata.latencies))}`,
      `${milliseconds(hand.latencies)} ${percent(spread(hand.latencies))}`,
      `**${ratio(median(fermata.latencies), median(hand.latencies))}**`,
      ratio(at(fermata.latencies, 0.95), at(hand.latencies, 0.95)),
      milliseconds(fermata.cpu),
      milliseconds(hand.cpu),
      `**${ratio(median(fermata.cpu), median(hand.cpu))}**`,
    ]),
  );
}

function sidesTable({ throughput, replays, memory }: Pick<Results, 'throughput' | 'replays' | 'memory'>): string {
  const rate = (side: 'hand' | 'fermata') => median(throughput[side].map((turn) => turn.rate));
  const most = (side: 'hand' | 'fermata') =>
    at(
      throughput[side].flatMap(({ latencies }) => latencies),
      0.95,
    );
  const compare = (what: string, [ours, theirs]: readonly [number, number], unit: string) => [
    what,
    short(ours) + unit,
    short(theirs) + unit,
    ratio(ours, theirs),
  ];
  const replay = (of: keyof Results['replays']) => [median(replays[of].fermata), median(replays[of].hand)] as const;
  return table(
    ['', 'as a definition', 'by hand', 'ratio'],
    [
      compare('runs of one task a minute, 20 at once', [rate('fermata'), rate('hand')], ''),
      compare('their latency, P95', [most('fermata'), most('hand')], ' ms'),
      compare('cold replay of a loop of 100, each of 50', replay('many'), ' ms'),
      compare('the same, each of the first 10 of a new worker', replay('first'), ' ms'),
      compare(
        'memory of 1,000 open runs (resident, measured once: coarse)',
        [memory.fermata / 2 ** 20, memory.hand / 2 ** 20],
        ' MiB',
      ),
    ],
  );
}

function productTable({
  start,
  rest,
  lag,
  shares,
  bundle,
}: Pick<Results, 'start' | 'rest' | 'lag' | 'shares' | 'bundle'>) {
  const kibibytes = (bytes: number) => `${Math.round(bytes / 1024).toLocaleString('en-US')} KiB`;
  return table(
    ['', ''],
    [
      ['`npm start` to ready, in a new folder', milliseconds(start.first)],
      ['the same, in a folder that has been used', milliseconds(start.again)],
      ['runs over REST a minute (`core.noop`, result awaited, 20 at once)', short(rest.rate)],
      ['their latency, P50 and P95', middleAndMost(rest.latencies)],
      ['from the end of a run until a list shows it, P50 and P95', middleAndMost(lag)],
      ['a start, P50 and P95', middleAndMost(shares.alone)],
      [
        `the same next to another tenant that makes ${short(shares.rate)} starts a second, with 60 clients`,
        `${middleAndMost(shares.beside)} (**${ratio(median(shares.beside), median(shares.alone))}**, ${ratio(at(shares.beside, 0.95), at(shares.alone, 0.95))})`,
      ],
      [
        "the workflow's bundle",
        `${kibibytes(bundle.bytes)} (${kibibytes(bundle.compressed)} compressed), made in ${short(bundle.milliseconds)} ms`,
      ],
    ],
  );
}

function listsTable(lists: Results['lists']): string {
  return table(
    ['', ...lists.map(({ runs: count }) => count.toLocaleString('en-US'))],
    lists[0]!.measured.map(({ what }, index) => [
      what,
      ...lists.map(({ measured }) => {
        const { times } = measured[index]!;
        return `${short(median(times))}, ${short(at(times, 0.95))}`;
      }),
    ]),
  );
}

/** Why some lists take longer than the others. */
const ABOVE_THE_GOAL = `The goal is a P95 below 50 ms on a machine that does nothing else. A text that a fifth of all results contain misses it: the index of trigrams has no order, so that
Postgres reads rows of the table until it has found 10,001 with the text, some 50,000, or with another filter adds the 200,000 entries of the word to a bitmap
first. A text that few results contain is found at once.`;

/** The section about the lists of a large index. */
export function largeIndexTable({ rows, measured, bytes, recount, rebuilt }: LargeIndex): string {
  const count = rows.toLocaleString('en-US');
  return `The same on Postgres (${SETTINGS.join(', ')}) with ${count} rows of 200 workflows over 90 days, ${short(bytes / 2 ** 20)} MiB with
indexes, one request at a time over HTTP; milliseconds. Counting all of them again took ${short(recount)} s. A rebuild of the index from Temporal's
histories wrote ${short(rebuilt.rate)} rows a second (${rebuilt.rows.toLocaleString('en-US')} runs).

${table(
  ['', 'P50', 'P95', "Postgres' CPU"],
  measured.map(({ what, times, cpu }) => [
    what,
    short(median(times)),
    short(at(times, 0.95)),
    cpu === null ? '' : short(cpu),
  ]),
)}

${ABOVE_THE_GOAL}`;
}

function growthTables(growth: readonly Grown[]): string {
  const units = [...new Set(growth.map(({ each }) => each))];
  return units
    .map((unit) => {
      const rows = growth.filter(({ each }) => each === unit);
      const sizes = [...new Set(rows.flatMap(({ at: points }) => points.map(({ size }) => size)))].sort(
        (a, b) => a - b,
      );
      return table(
        [unit, ...sizes.map((size) => (unit.endsWith('kB') ? `${size} kB` : size.toLocaleString('en-US')))],
        rows.map(({ what, at: points }) => [
          what,
          ...sizes.map((size) => {
            const point = points.find((each) => each.size === size);
            return point === undefined ? '' : short(point.microseconds);
          }),
        ]),
      );
    })
    .join('\n\n');
}

/** docs/benchmarks.svg: ratios as bars, with the goals. */
export function renderPlot(compared: readonly Compared[]): string {
  const [left, right, top, line] = [170, 700, 50, 46];
  const most = 1.5;
  const x = (value: number) => left + (Math.min(value, most) / most) * (right - left);
  const bars = compared.flatMap(({ shape, hand, fermata }, index) => {
    const y = top + index * line;
    const bar = (value: number, goal: number, at: number) =>
      `<rect x="${left}" y="${at}" width="${(x(value) - left).toFixed(1)}" height="16" fill="${value <= goal ? '#2f8f5b' : '#c7672b'}"/>` +
      `<text x="${(x(value) + 6).toFixed(1)}" y="${at + 13}">${value.toFixed(2)}</text>`;
    return [
      `<text x="${left - 10}" y="${y + 22}" text-anchor="end">${shape.label}</text>`,
      bar(median(fermata.latencies) / median(hand.latencies), GOALS.latency, y),
      bar(median(fermata.cpu) / median(hand.cpu), GOALS.cpu, y + 19),
    ];
  });
  const bottom = top + compared.length * line;
  const rule = (value: number, words: string, dash: string) =>
    `<line x1="${x(value)}" y1="${top - 8}" x2="${x(value)}" y2="${bottom}" stroke="#666" stroke-dasharray="${dash}"/>` +
    `<text x="${x(value)}" y="${top - 14}" text-anchor="middle">${words}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${bottom + 40}" font-family="sans-serif" font-size="12" fill="#333">
<rect width="760" height="${bottom + 40}" fill="#fff"/>
${bars.join('\n')}
${rule(1, 'by hand', '')}
${rule(GOALS.cpu, `${GOALS.cpu}`, '3 3')}
<text x="${left}" y="${bottom + 24}">upper bar: latency (P50); lower bar: CPU of the worker; the same workflow by hand is 1</text>
</svg>
`;
}
