import type { Stop } from '../../debugger/protocol.ts';
import { countWords, edgeName, NOT_BEGUN, type TaskWork, totalOf } from '../../graph/tallies.ts';

/** Returns the work of a run on each task at an event, by name, and the edges that it had taken. */
export function readStopGraph({ counts, newest, taken }: Stop): { work: Map<string, TaskWork>; taken: Set<string> } {
  const visits = new Map(newest.map((visit) => [visit.name, visit]));
  const work = new Map(
    Object.entries(counts.tasks).map(([name, counted]) => [name, workOf(counted, visits.get(name))] as const),
  );
  return { work, taken: new Set(taken.map(({ from, to }) => edgeName(from, to))) };
}

function workOf(counted: Stop['counts']['tasks'][string], newest: Stop['newest'][number] | undefined): TaskWork {
  if (newest === undefined) return NOT_BEGUN;
  const { visits, items } = counted;
  const { scheduled: _scheduled, running: _running, ...ended } = items ?? visits;
  const tally = { state: newest.state, visits: totalOf(visits), items: items === null ? null : totalOf(ended) };
  return { tally, key: newest.key, words: countWords(counted) };
}
