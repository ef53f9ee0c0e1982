import type { LargeRuns } from '../product/large-runs.ts';
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

Runs a minute in each tenth: ${ratesOfTenths(soak).map(short).join(', ')}.`;
}

/** Writes the section about requests for large runs. */
export function describeLargeRuns(largeRuns: LargeRuns): string {
  return `## Large runs

One request at a time to an API, about runs that nobody has read before; a worker, Temporal and Postgres on the same machine. A hold is the CPU that the
thread of the event loop spends between two turns, beyond 5 ms.

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

function ratesOfTenths({ rates }: Soak): number[] {
  const size = rates.length / 10;
  return Array.from({ length: 10 }, (_, tenth) => median(rates.slice(tenth * size, (tenth + 1) * size)));
}
