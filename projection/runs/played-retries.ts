import { simulate, simulatedTasks } from '../../interpreter/simulate.ts';
import type { MockItems, MockOutcome, MockOutcomes } from '../../interpreter/simulated-world.ts';
import type { Place, RunState, Visit } from '../../interpreter/state.ts';
import type { Json } from '../../model/json.ts';
import type { Parameters, RunInput } from '../../model/run-input.ts';
import { WorkExceeded } from '../../model/work.ts';
import { type TaskSources, workIn } from '../tasks/tasks.ts';

/** The arguments with which a retry is started. */
export interface RetryStart {
  run: RunInput;
  input: Parameters;
}

/** A retry as it was played. */
export interface PlayedRetry {
  status: string;
  /** The keys of the visits that start, in order. */
  order: string[];
  /** The inputs of visits and items that start, by their keys. */
  inputs: Map<string, Json>;
}

/**
 * Plays a retry at a time in milliseconds: the work at some places of the earlier run ends as it did then, where it succeeded. Returns
 * null where that takes too much work.
 */
export function playRetry(
  sources: TaskSources,
  places: readonly Place[],
  { run, input }: RetryStart,
  now: number,
): PlayedRetry | null {
  const { outcomes, items } = earlierOutputs(sources, places);
  try {
    const { state, past, close } = simulate(run, input, outcomes, now, { items });
    const states = [...past, state];
    return {
      status: close?.outcome ?? 'running',
      order: states.flatMap((each) => simulatedTasks({ ...each, visits: ownVisits(each) })).map(({ key }) => key),
      inputs: new Map(states.flatMap(inputsIn)),
    };
  } catch (error) {
    if (error instanceof WorkExceeded) return null;
    throw error;
  }
}

/** Returns the visits that a run has done itself. */
function ownVisits({ visits }: RunState): RunState['visits'] {
  return visits.filter(({ carried }) => !carried);
}

function inputsIn(state: RunState): [string, Json][] {
  return ownVisits(state).flatMap((visit) => {
    const works = visit.items === null ? [visit] : visit.items.work.flat();
    return works.flatMap(({ key, input, started }): [string, Json][] => (started === null ? [] : [[key, input]]));
  });
}

/** Returns the outputs of the work at some places that succeeded, for the tasks that only workers, people or signals can end. */
function earlierOutputs(sources: TaskSources, places: readonly Place[]): { outcomes: MockOutcomes; items: MockItems } {
  const outcomes: Record<string, MockOutcome[]> = {};
  const items: Record<string, MockOutcome[][]> = {};
  for (const place of places) {
    const { visit, work } = workIn(sources, place);
    if (work.status !== 'succeeded' || !endsOutside(sources, visit.name)) continue;
    if (place.item !== null) putItem(items, place.item, visit, work.output);
    else if (visit.items === null) outcomes[visit.name] = [...(outcomes[visit.name] ?? []), { output: work.output }];
  }
  // The only outcome of a task counts for all its visits.
  const entries = Object.entries(outcomes).map(([name, list]) => [name, list.length === 1 ? list[0]! : list] as const);
  return { outcomes: Object.fromEntries(entries), items };
}

/** Puts the output of an item into the lists of its task, which has one for each visit. */
function putItem(items: Record<string, MockOutcome[][]>, item: number, { name, visit }: Visit, output: Json): void {
  const lists = items[name] ?? [];
  while (lists.length < visit) lists.push([]);
  lists[visit - 1]![item] = { output };
  items[name] = lists;
}

function endsOutside({ state: { program, actions } }: TaskSources, name: string): boolean {
  const { inline, waits } = actions[program.tasks.get(name)!.action] ?? {};
  return !inline && waits !== 'timer';
}
