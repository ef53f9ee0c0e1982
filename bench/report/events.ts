import type { LargeEvents } from '../events/large/measure.ts';
import type { EventCosts, Intake } from '../events/measure.ts';
import type { Storm } from '../events/storm.ts';
import { RULES } from '../events/traffic.ts';
import { at, median, short, table } from '../statistics.ts';

/** Writes the section about events. */
export function describeEvents(costs: EventCosts): string {
  return `## Events

An API, a worker, Temporal (its development server, on disk) and Postgres, a process each, on this machine; for PGlite all of \`npm start\`. Events are posted one a request.
Each tenant has ${RULES} rules for their type, of which one matches and starts an action that does nothing.

${eventsTable(costs)}`;
}

/** Writes the table of what events cost, each with its goal. */
export function eventsTable({ postgres, pglite, starts, storm, planning }: EventCosts): string {
  const accepted = (storm.answers['202'] ?? 0) + (storm.answers['429'] ?? 0);
  const rows: [what: string, value: string, goal: string, met: boolean][] = [
    ['events a second, on Postgres', intakeOf(postgres), '≥ 500', postgres.rate >= 500],
    ['events a second, on PGlite', intakeOf(pglite), '≥ 200', pglite.rate >= 200],
    [
      'from the answer until the run is started, 20 events a second',
      `${short(median(starts))} ms (P50), **${short(at(starts, 0.95))} ms** (P95)`,
      'P95 < 1 s',
      at(starts, 0.95) < 1000,
    ],
    ['planning of an event, for each rule that matches', `**${planning.toFixed(3)} ms**`, '≤ 0.2 ms', planning <= 0.2],
    [
      `a storm of ${storm.events.toLocaleString('en-US')}: answers`,
      answersOf(storm),
      '202 or 429',
      accepted === storm.events,
    ],
    ['all of it answered', `${short(storm.answered)} s`, '', true],
    ['all of it planned', `**${short(storm.planned)} s**`, '≤ 60 s', storm.planned <= 60],
    ['memory of the API meanwhile', `**+${short(storm.memory)} MiB**`, '< 150 MiB', storm.memory < 150],
    [
      'lists of executions meanwhile',
      `${short(median(storm.lists))} ms (P50), **${short(at(storm.lists, 0.95))} ms** (P95)`,
      'P95 < 300 ms',
      at(storm.lists, 0.95) < 300,
    ],
  ];
  return table(
    ['', '', 'goal', ''],
    rows.map(([what, value, goal, met]) => [what, value, goal, met ? '' : '**missed**']),
  );
}

function intakeOf({ rate, latencies }: Intake): string {
  return `**${short(rate)}**, in ${short(median(latencies))} ms (P50) and ${short(at(latencies, 0.95))} ms (P95), 50 at once`;
}

function answersOf({ answers }: Storm): string {
  return Object.entries(answers)
    .map(([status, number]) => `${number.toLocaleString('en-US')} × ${status}`)
    .join(', ');
}

/** Writes the section about many events. */
export function describeLargeEvents(found: LargeEvents): string {
  return `## Many events

${found.events.toLocaleString('en-US')} events on Postgres, with an enforcement of each third one: ${short(found.bytes / 2 ** 20)} MiB. Each statement by itself, at the store; \`rows\` are those that
the last one has read in tables. Then events of a tenant that are planned with very many rules for their type, and those of another tenant meanwhile.

${largeEventsTable(found)}`;
}

/** Writes the tables of what is asked of many events, and of many rules. */
export function largeEventsTable({ asked, crowds }: LargeEvents): string {
  const questions = table(
    ['', 'P50', 'P95', 'rows'],
    asked.map(({ what, times, rows }) => [
      what,
      `${short(median(times))} ms`,
      `${short(at(times, 0.95))} ms`,
      rows.toLocaleString('en-US'),
    ]),
  );
  const planning = table(
    ['rules', 'planning of an event', 'memory', 'longest hold of the event loop', 'events of others, planned after'],
    crowds.map(({ rules, matches, planning: milliseconds, memory, hold, others }) => [
      `${rules.toLocaleString('en-US')}, ${matches ? 'all of which match' : 'of which none matches'}`,
      `${short(milliseconds)} ms`,
      `+${short(memory)} MiB`,
      `${short(hold)} ms`,
      `${short(median(others))} ms (P50), ${short(at(others, 0.95))} ms (P95)`,
    ]),
  );
  return `${questions}\n\n${planning}`;
}
