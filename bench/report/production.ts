import type { LargeRuns } from '../product/large-runs.ts';
import type { Pages } from '../product/pages.ts';
import type { Soak } from '../product/soak.ts';
import { at, median, short, table } from '../statistics.ts';

/** Writes the section about many runs on an installation as in production. */
export function describeSoak(soak: Soak): string {
  return `## In production's shape

Two APIs, two workers, Temporal (its development server, on disk) and Postgres, a process each, on this machine. ${soak.runs.toLocaleString('en-US')} runs of one HTTP request are
started over REST, 20 at once, and their results awaited: **${short(soak.rate)} a minute**, in ${short(median(soak.latencies))} ms (P50) and ${short(at(soak.latencies, 0.95))} ms (P95). On
disk a run took ${short(soak.disk.Temporal / 1000)} kB of Temporal's and ${short(soak.disk.Postgres / 1000)} kB of Postgres'.

${table(
  ['', 'CPU a run', 'memory after each tenth of the runs, MiB'],
  Object.entries(soak.memory).map(([name, memory]) => [
    name,
    `${short(soak.cpu[name]!)} ms`,
    // Processes of Postgres share most of theirs.
    name === 'Postgres' ? '' : memory.map((mebibytes) => Math.round(mebibytes)).join(', '),
  ]),
)}

Runs a minute in each tenth: ${tenthsOf(soak.rates)}. CPU a run of all processes together, in milliseconds: ${tenthsOf(soak.costs)}.
Rates fall with whatever else the machine does meanwhile; CPU a run hardly does.`;
}

/** Writes the section about requests for large runs. */
export function describeLargeRuns(largeRuns: LargeRuns): string {
  return `## Large runs

One request at a time to an API, about runs that nobody has read before; a worker, Temporal and Postgres on the same machine. A hold is the CPU that the
thread of the event loop spends between two turns, beyond 5 ms.

The goals are a first byte within a second, and no hold above 100 ms. The first read that an API makes of a run with 50,000 events misses the former. Temporal's
server takes 1.0 s of CPU to hand over all of its history, and its client 0.5 s to decode it: a program that does nothing else reads it in 1.0 s, or in 0.7 s two runs
of the chain at a time, as Fermata does. The thread that projects it takes 0.6 s of CPU, also when it has done so before. On two cores these three alone need more
than a second; a third of what the API takes otherwise is copying for the thread. A projection is kept, so that each later read takes only what is new.

${largeRunsTable(largeRuns)}`;
}

/** Writes the table of the requests about large runs. */
export function largeRunsTable({ measured }: LargeRuns): string {
  return table(
    [
      '',
      'first byte, ms',
      'last byte, ms',
      'CPU of the API, ms',
      'longest hold of the event loop, ms of CPU',
      'answer, kB',
      'memory of the API, MiB',
    ],
    measured.flatMap(({ what, requests }) => [
      [`**${what}**`, '', '', '', '', '', ''],
      ...requests.map(({ what: request, first, whole, cpu, hold, bytes, memory }) => [
        request,
        ...[first, whole, cpu, hold, bytes / 1000, memory].map(short),
      ]),
    ]),
  );
}

/** Writes the section about pages of the console. */
export function describePages({ opened, scrolled }: Pages): string {
  return `## Pages of large runs

In Chromium without a display, on the same machine, each page in a new browser and of a run that has been read before: from the navigation until the graph is painted or the rows of the timeline
are there. A long task is one of scripts, styles or layout that takes more than 50 ms.

${table(
  ['page', 'P50', 'most', 'over the network, kB'],
  opened.map(({ what, milliseconds: times, kilobytes }) => [
    what,
    `${short(median(times))} ms`,
    `${short(Math.max(...times))} ms`,
    short(median(kilobytes)),
  ]),
)}

${table(
  ['', 'frames', 'P50', 'P95', 'long tasks'],
  scrolled.map(({ what, frames, longTasks }) => [
    what,
    String(frames.length),
    `${short(median(frames))} ms`,
    `${short(at(frames, 0.95))} ms`,
    String(longTasks.length),
  ]),
)}`;
}

function tenthsOf(hundredths: readonly number[]): string {
  const size = hundredths.length / 10;
  const tenths = Array.from({ length: 10 }, (_, tenth) => hundredths.slice(tenth * size, (tenth + 1) * size));
  return tenths.map((values) => short(median(values))).join(', ');
}
