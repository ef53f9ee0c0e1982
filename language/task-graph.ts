import { TaskSets } from './task-sets.ts';
import type { Transition } from './transitions.ts';

/** The tasks that lead to other tasks, and those in loops. */
export interface TaskGraph {
  /** The tasks that a task leads to; several transitions to one are one. */
  following: ReadonlyMap<string, readonly string[]>;
  inbound: ReadonlyMap<string, ReadonlySet<string>>;
  inLoop(name: string): boolean;
  /** Returns whether two tasks lie in one loop. */
  sameLoop(a: string, b: string): boolean;
  /** The number of the loop of each task, or of the task alone; a transition leads to the same number or to a lower one. */
  component: ReadonlyMap<string, number>;
  /** The loops: the tasks of each, in order of definition. */
  loops: readonly (readonly string[])[];
}

/** Builds the graph of some tasks. */
export function taskGraph(tasks: Iterable<{ name: string; transitions: readonly Transition[] }>): TaskGraph {
  const following = new Map<string, string[]>();
  const inbound = new Map<string, Set<string>>();
  for (const { name, transitions } of tasks) {
    const targets = [...new Set(transitions.flatMap((transition) => transition.targets))];
    following.set(name, targets);
    for (const target of targets) inbound.set(target, (inbound.get(target) ?? new Set()).add(name));
  }
  const component = componentsOf(following);
  const members = new Map<number, string[]>();
  for (const name of following.keys()) {
    const number = component.get(name)!;
    members.set(number, members.get(number) ?? []);
    members.get(number)!.push(name);
  }
  const isLoop = (names: readonly string[]) => names.length > 1 || (following.get(names[0]!) ?? []).includes(names[0]!);
  const loops = [...members.values()].filter(isLoop);
  const looping = new Set(loops.flat());
  return {
    following,
    inbound,
    component,
    loops,
    inLoop: (name) => looping.has(name),
    sameLoop: (a, b) => looping.has(a) && component.get(a) === component.get(b),
  };
}

/** The tasks that can run after others. */
export interface Followers {
  /** Returns whether a path leads from one task to another; for the same task, whether it lies in a loop. */
  follows(task: string, from: string): boolean;
  /** Returns the tasks to which a path leads from any of some tasks. */
  followingAny(from: readonly string[]): { has(task: string): boolean };
}

/** Finds for each task of a graph all that can run after it, in one pass. */
export function findFollowers({ following, component, loops }: TaskGraph): Followers {
  // A definition with issues may name tasks that do not exist; these have components as well.
  const numbers = new Map([...component.keys()].map((name, number) => [name, number]));
  const size = numbers.size;
  const sets = new TaskSets(size, size);
  for (const names of loops) for (const name of names) sets.add(component.get(name)!, numbers.get(name)!);
  // A task that follows another one has a lower number, or lies in its loop.
  const inOrder = [...following].sort(([a], [b]) => component.get(a)! - component.get(b)!);
  for (const [name, targets] of inOrder) {
    const row = component.get(name)!;
    for (const target of targets) {
      if (component.get(target) === row) continue;
      sets.add(row, numbers.get(target)!);
      sets.addAll(row, sets, component.get(target)!);
    }
  }
  return {
    follows: (task, from) => sets.has(component.get(from)!, numbers.get(task)!),
    followingAny: (from) => {
      const any = new TaskSets(1, size);
      for (const name of from) any.addAll(0, sets, component.get(name)!);
      return { has: (task) => any.has(0, numbers.get(task)!) };
    },
  };
}

/** Numbers the strongly connected component of each node (Tarjan's algorithm, without recursion). */
function componentsOf(following: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const search = new ComponentSearch(following);
  for (const root of following.keys()) search.visit(root);
  return search.components;
}

class ComponentSearch {
  readonly components = new Map<string, number>();
  readonly #following: ReadonlyMap<string, readonly string[]>;
  /** When each node was reached. */
  readonly #index = new Map<string, number>();
  /** The earliest node that is known to be in the component of each node. */
  readonly #low = new Map<string, number>();
  /** Nodes that have no component yet, in the order in which they were reached. */
  readonly #open: string[] = [];
  /** The nodes from the root to the current one, each with the number of its next target. */
  readonly #path: { name: string; next: number }[] = [];
  #count = 0;

  constructor(following: ReadonlyMap<string, readonly string[]>) {
    this.#following = following;
  }

  /** Finds the components of a node, and of all to which it leads. */
  visit(root: string): void {
    if (this.#index.has(root)) return;
    this.#enter(root);
    for (let frame = this.#path.at(-1); frame !== undefined; frame = this.#path.at(-1)) {
      const target = this.#following.get(frame.name)?.[frame.next];
      frame.next += 1;
      if (target === undefined) this.#leave(frame.name);
      else if (!this.#index.has(target)) this.#enter(target);
      else if (!this.components.has(target)) this.#reach(frame.name, this.#index.get(target)!);
    }
  }

  #enter(name: string): void {
    this.#low.set(name, this.#index.size);
    this.#index.set(name, this.#index.size);
    this.#open.push(name);
    this.#path.push({ name, next: 0 });
  }

  #reach(name: string, index: number): void {
    this.#low.set(name, Math.min(this.#low.get(name)!, index));
  }

  /** Leaves a node whose targets are all visited; the first node of a component closes it. */
  #leave(name: string): void {
    this.#path.pop();
    const low = this.#low.get(name)!;
    const above = this.#path.at(-1);
    if (above !== undefined) this.#reach(above.name, low);
    if (low !== this.#index.get(name)) return;
    for (const member of this.#open.splice(this.#open.lastIndexOf(name))) this.components.set(member, this.#count);
    this.#count += 1;
  }
}
