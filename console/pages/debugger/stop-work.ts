import type { Stop } from '../../debugger/protocol.ts';
import { describeWork, nameTaken, type TaskWork } from '../../graph/tallies.ts';

/** Returns the work of a run on each task at an event, by name, and the edges that it had taken. */
export function readStopGraph({ counts, newest, taken }: Stop): { work: Map<string, TaskWork>; taken: Set<string> } {
  const visits = new Map(newest.map((visit) => [visit.name, visit]));
  const work = new Map(
    Object.entries(counts.tasks).map(
      ([name, counted]) => [name, describeWork(counted, visits.get(name) ?? null)] as const,
    ),
  );
  return { work, taken: nameTaken(taken) };
}
