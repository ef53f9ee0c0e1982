import type { Transition } from './transitions.ts';

/** Which task leads to which, and what lies in a loop. */
export interface TaskGraph {
  /** The tasks that a task leads to; several transitions to one are one. */
  following: ReadonlyMap<string, readonly string[]>;
  inbound: ReadonlyMap<string, ReadonlySet<string>>;
  inLoop(name: string): boolean;
  /** Whether two tasks lie in one loop. */
  sameLoop(a: string, b: string): boolean;
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
    ...{ following, inbound, loops },
    inLoop: (name) => looping.has(name),
    sameLoop: (a, b) => looping.has(a) && component.get(a) === component.get(b),
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
