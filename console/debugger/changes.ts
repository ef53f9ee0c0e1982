import { mergedVariables } from '../../interpreter/branches.ts';
import type { Place } from '../../interpreter/state.ts';
import type { Variables } from '../../interpreter/variables.ts';
import type { TaskState } from '../../model/status.ts';
import { executionKey, tryKey } from '../../model/task-key.ts';
import type { FollowedRun } from '../../projection/runs/followed-run.ts';
import { listWaitingJoins } from '../../projection/runs/joins.ts';
import { isOver, stateAt, type TaskSources, workIn } from '../../projection/tasks/tasks.ts';

/** A change of a visit or an item; a state is null where it had not begun, or was withdrawn while it waited for its delay. */
export interface PlaceChange {
  place: Place;
  name: string;
  before: TaskState | null;
  after: TaskState | null;
}

/** The changes that an event has made. */
export interface EventChanges {
  tasks: readonly PlaceChange[];
  variables: boolean;
  joins: boolean;
}

/** Finds what each event of a history changes, going forwards once. */
export interface ChangeTracker {
  /**
   * Returns what an event has changed, together with its commands. `key` is that of the try which the event is about, null without one;
   * `mayBeAny` says whether the run has taken a step or closed, so that anything may have changed.
   */
  find(run: FollowedRun, event: { key: string | null; mayBeAny: boolean }): EventChanges;
}

const NOTHING: EventChanges = { tasks: [], variables: false, joins: false };

/** Creates a tracker before the first event. */
export function createChangeTracker(): ChangeTracker {
  const tasks = new WatchedTasks();
  let published = { count: -1, variables: null as Variables | null };
  let joins = '[]';

  /** Returns whether a variable has another value; the state counts publishes. */
  function haveVariablesChanged({ state }: TaskSources): boolean {
    if (state.published === published.count) return false;
    const before = published.variables;
    const variables = mergedVariables(state);
    published = { count: state.published, variables };
    return listChanged(before, variables).length > 0;
  }

  function haveJoinsChanged(run: FollowedRun): boolean {
    const before = joins;
    joins = JSON.stringify(listWaitingJoins(run));
    return joins !== before;
  }

  return {
    find(run, { key, mayBeAny }) {
      if (!mayBeAny && key === null) return NOTHING;
      const sources = run.sources();
      if (sources === null) return NOTHING;
      if (!mayBeAny) return { ...NOTHING, tasks: tasks.changesOf(sources, executionKey(key!)) };
      return {
        tasks: tasks.changes(sources),
        variables: haveVariablesChanged(sources),
        joins: haveJoinsChanged(run),
      };
    },
  };
}

/** Returns the names of the variables whose values differ. */
export function listChanged(before: Variables | null, after: Variables): string[] {
  return [...after].flatMap(([name, { number, value }]) => {
    const earlier = before?.get(name);
    if (earlier === undefined) return [name];
    const isSame = earlier.number === number || JSON.stringify(earlier.value) === JSON.stringify(value);
    return isSame ? [] : [name];
  });
}

/** A visit or an item that may still change, and how it stood last. */
interface Watched {
  place: Place;
  key: string;
  state: TaskState | null;
  tries: number;
  started: number | null;
  ended: number | null;
}

/** The visits and items of a run that may still change. */
class WatchedTasks {
  readonly #watched = new Map<string, Watched>();
  /** The number of visits that were seen, and of the items of each visit that is watched. */
  #visits = 0;
  readonly #items = new Map<string, number>();

  /** Returns the changes of all. */
  changes(sources: TaskSources): PlaceChange[] {
    this.#watchNew(sources);
    return [...this.#watched.values()].flatMap((each) => this.#change(sources, each));
  }

  /** Returns the changes of one, by its key. */
  changesOf(sources: TaskSources, key: string): PlaceChange[] {
    const watched = this.#watched.get(key);
    return watched === undefined ? [] : this.#change(sources, watched);
  }

  #watchNew({ state }: TaskSources): void {
    const { visits } = state;
    for (; this.#visits < visits.length; this.#visits += 1) {
      const visit = visits[this.#visits];
      if (visit !== undefined) this.#watch({ visit: this.#visits, item: null }, visit.key);
    }
    for (const { place, key } of [...this.#watched.values()]) {
      const items = place.item === null ? (visits[place.visit]?.items ?? null) : null;
      if (items === null) continue;
      const seen = this.#items.get(key) ?? 0;
      for (let item = seen; item < items.work.length; item += 1) {
        const work = items.work[item];
        if (work !== undefined) this.#watch({ visit: place.visit, item }, work.key);
      }
      this.#items.set(key, items.work.length);
    }
  }

  #watch(place: Place, key: string): void {
    this.#watched.set(key, { place, key, state: null, tries: 0, started: null, ended: null });
  }

  #change(sources: TaskSources, watched: Watched): PlaceChange[] {
    const { place, key, state: before } = watched;
    const { visit, work } = workIn(sources, place);
    const record = sources.tries.get(tryKey(work));
    const { started = null, ended = null } = record ?? {};
    const after = work.status === 'held' ? null : stateAt(sources, place);
    if (isOver(work) && (record === undefined || ended !== null)) {
      this.#watched.delete(key);
      this.#items.delete(key);
    }
    const isSame = watched.tries === work.tries && watched.started === started && watched.ended === ended;
    if (before === after && (isSame || after === null)) return [];
    Object.assign(watched, { state: after, tries: work.tries, started, ended });
    return [{ place, name: visit.name, before, after }];
  }
}
