import { TaskSets } from './task-sets.ts';
import type { Transition } from './transitions.ts';

/** Which task leads to which, and what lies in a loop. */
export interface TaskGraph {
  /** The tasks that a task leads to; several transitions to one are one. */
  following: ReadonlyMap<string, readonly string[]>;
  inbound: ReadonlyMap<string, ReadonlySet<string>>;
  inLoop(name: string): boolean;
  /** Whether two tasks lie in one loop. */
  sameLoop(a: string, b: string): boolean;
  /** The number of the loop of each task, or of the task alone; a transition leads to the same number or to a lower one. */
  component: ReadonlyMap<string, number>;
  /** The loops: the tasks of each, in order of definition. */
  loops: readonly (readonly string[])[];
}

/** The graph of some tasks. */
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

/** Which tasks can run after others. */
export interface Followers {
  /** Whether a path leads from one task to another; to itself: whether it lies in a loop. */
  follows(task: string, from: string): boolean;
  /** The tasks to which a path leads from any of some tasks. */
  followingAny(from: readonly string[]): { has(task: string): boolean };
}

/** Finds for each task of a graph all that can run after it, in one pass. */
export function followersOf({ following, component, loops }: TaskGraph): Followers {
  // A definition with issues may name tasks that are not there; they have components as well.
  const numbers = new Map([...component.keys()].map((name, number) => [name, number]));
  const size = numbers.size;
  const sets = new TaskSets(size, size);
  for (const names of loops) for (const name of names) sets.add(component.get(name)!, numbers.get(name)!);
  // Whatever follows a task has a lower number, or lies in its loop.
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

/** The strongly connected component of each node, by number (Tarjan's algorithm, without recursion). */
function componentsOf(following: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const component = new Map<string, number>();
  const stack: string[] = [];
  let components = 0;
  for (const root of following.keys()) {
    if (index.has(root)) continue;
    const path: { name: string; next: number }[] = [];
    const enter = (name: string) => {
      index.set(name, index.size);
      low.set(name, index.size - 1);
      stack.push(name);
      path.push({ name, next: 0 });
    };
    enter(root);
    for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
      const { name } = frame;
      const target = following.get(name)?.[frame.next];
      frame.next += 1;
      if (target !== undefined) {
        if (!index.has(target)) enter(target);
        else if (!component.has(target)) low.set(name, Math.min(low.get(name)!, index.get(target)!));
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) low.set(above.name, Math.min(low.get(above.name)!, low.get(name)!));
      if (low.get(name) !== index.get(name)) continue;
      for (let member = stack.pop(); member !== undefined; member = member === name ? undefined : stack.pop()) {
        component.set(member, components);
      }
      components += 1;
    }
  }
  return component;
}
