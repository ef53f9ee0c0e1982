import type { Place } from '../../interpreter/state.ts';
import type { TaskSummary } from '../../model/execution.ts';
import { hasEnded, standingAt, type TaskSources, workIn } from './tasks.ts';

/** Summarizes the work of a run, at all its places, on each of its tasks, in the order in which the tasks began. */
export function summarizeTasks(sources: TaskSources, places: readonly Place[]): TaskSummary[] {
  const newest = new Map<string, { place: Place; visits: number }>();
  for (const place of places) {
    if (place.item !== null) continue;
    const { name } = workIn(sources, place).visit;
    newest.set(name, { place, visits: (newest.get(name)?.visits ?? 0) + 1 });
  }
  const items = countEndedItems(sources, places, new Set([...newest.values()].map(({ place }) => place.visit)));
  return [...newest].map(([name, { place, visits }]) => {
    const { status, state, started, ended } = standingAt(sources, place);
    return { name, visits, status, state, at: ended ?? started, items: items.get(place.visit) ?? null };
  });
}

/** Counts the items of some visits that have ended; a visit of which none has begun is missing. */
function countEndedItems(
  sources: TaskSources,
  places: readonly Place[],
  visits: ReadonlySet<number>,
): Map<number, number> {
  const counts = new Map<number, number>();
  for (const place of places) {
    if (place.item === null || !visits.has(place.visit)) continue;
    counts.set(place.visit, (counts.get(place.visit) ?? 0) + (hasEnded(sources, place) ? 1 : 0));
  }
  return counts;
}
