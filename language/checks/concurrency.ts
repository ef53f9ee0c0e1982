import type { Program, ProgramTask } from '../program.ts';
import { firesAfter, type Transition } from '../transitions.ts';

/** The number of edges, and of examined pairs of them, beyond which nothing is reported, because it would cost too much. */
const MAX_EDGES = 2_000;
const MAX_STEPS = 10_000_000;

/** Branches that can be under way at the same time, as far as the graph alone shows. */
export interface Concurrency {
  /** Returns whether tasks `a` and `b`, or the start of the run as '', can both have arrived at a third one. */
  arriveTogether(a: string, b: string, target: string): boolean;
  /** Returns the tasks that can run at the same time as a task. */
  runningWith(name: string): ReadonlySet<string>;
}

/** An edge of the graph as a place where a branch can stand. */
interface Edge {
  from: string;
  to: string;
  /** Whether it leads back by the word `retry`, where nothing waits for other branches. */
  retry: boolean;
}

/**
 * Follows branches through the graph: two edges are concurrent when a fork, or two entries, can put a branch on each
 * (the concurrency relation of Petri nets, with tasks as their transitions). `possible` assumes that every condition may be
 * true; `certain` counts only forks that start together in any case. Returns null for a graph that is too large.
 */
export function findConcurrency(program: Program, forks: 'possible' | 'certain'): Concurrency | null {
  const tasks = [...program.tasks.values()];
  const edges: Edge[] = [];
  const numbers = new Map<string, number>();
  const edge = (from: string, to: string, retry = false): number => {
    const key = `${from} ${to} ${retry}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, edges.length);
    return edges.push({ from, to, retry }) - 1;
  };
  const outOf = new Map(tasks.map((task) => [task.name, groupsOf(task, forks, edge)]));
  const entryGroups = [program.entries, program.cleanup.entries].map((names) => names.map((name) => edge('', name)));
  if (edges.length > MAX_EDGES) return null;
  const into = new Map<string, number[]>();
  for (const [number, { to, retry }] of edges.entries()) if (!retry) into.set(to, [...(into.get(to) ?? []), number]);

  const relation = createRelation(edges.length);
  const live = new Set<number>();
  const changed = new Set<number>();
  let steps = 0;
  const relate = (a: number, others: Iterable<number>) => {
    for (const b of others) {
      steps += 1;
      if (!relation.add(a, b)) continue;
      changed.add(a);
      changed.add(b);
    }
  };
  const produce = (groups: readonly (readonly number[])[], beside: readonly number[]) => {
    for (const group of groups) {
      for (const number of group) {
        if (!live.has(number)) changed.add(number);
        live.add(number);
        relate(number, beside);
        relate(
          number,
          group.filter((other) => other !== number),
        );
      }
    }
  };
  const joinOf = ({ to, retry }: Edge) => (retry ? null : (program.tasks.get(to)?.join ?? null));
  /** Returns the edges on which a branch can stand while a join runs; null when the join cannot run. */
  const besideJoin = (name: string, needed: number): readonly number[] | null => {
    const arrived = (into.get(name) ?? []).filter((number) => live.has(number));
    if (groupsOfExclusive(arrived, relation.has) < needed) return null;
    return [...live].filter(
      (other) => arrived.filter((one) => one !== other && relation.has(one, other)).length >= needed,
    );
  };
  for (const group of entryGroups) produce([group], []);
  const joins = new Set<string>();
  while ((changed.size > 0 || joins.size > 0) && steps <= MAX_STEPS) {
    for (const number of changed) {
      changed.delete(number);
      const { to } = edges[number]!;
      if (joinOf(edges[number]!) === null) produce(outOf.get(to) ?? [], relation.of(number));
      else joins.add(to);
    }
    // Each join is examined once for all changes.
    const [name] = joins;
    if (name === undefined) continue;
    joins.delete(name);
    const beside = besideJoin(name, program.tasks.get(name)!.join!.needed);
    if (beside !== null) produce(outOf.get(name) ?? [], beside);
  }

  if (steps > MAX_STEPS) return null;
  /** Returns the edges on which a branch can stand while a task runs. */
  const besideTask = (name: string): ReadonlySet<number> => {
    const join = program.tasks.get(name)?.join ?? null;
    const inbound = (into.get(name) ?? []).filter((number) => live.has(number));
    const found = join === null ? inbound.flatMap(relation.of) : (besideJoin(name, join.needed) ?? []);
    return new Set(found);
  };
  return {
    arriveTogether: (a, b, target) => {
      const [one, other] = [a, b].map((name) => numbers.get(`${name} ${target} false`));
      return one !== undefined && other !== undefined && relation.has(one, other);
    },
    runningWith: (name) => {
      const arrived = new Map<string, number>();
      for (const number of besideTask(name)) {
        const { to, retry } = edges[number]!;
        if (!retry) arrived.set(to, (arrived.get(to) ?? 0) + 1);
      }
      const running = [...arrived].filter(([to, count]) => count >= (program.tasks.get(to)?.join?.needed ?? 1));
      return new Set(running.map(([to]) => to));
    },
  };
}

/** Returns how many of some things can be together at most, found by grouping each with others that it excludes. */
export function groupsOfExclusive<T>(things: readonly T[], together: (a: T, b: T) => boolean): number {
  const groups: T[][] = [];
  for (const thing of things) {
    const group = groups.find((others) => others.every((other) => !together(thing, other)));
    if (group === undefined) groups.push([thing]);
    else group.push(thing);
  }
  return groups.length;
}

/** Returns the edges that lead out of a task, in groups of those that fire together. */
function groupsOf(
  { name, transitions }: ProgramTask,
  forks: 'possible' | 'certain',
  edge: (from: string, to: string, retry?: boolean) => number,
): number[][] {
  const edgesOf = (some: readonly Transition[]) =>
    some.flatMap(({ targets, retry }) => [
      ...targets.map((to) => edge(name, to)),
      ...(retry ? [edge(name, name, true)] : []),
    ]);
  const firing = (end: 'success' | 'failure', some: readonly Transition[]) =>
    some.filter((transition) => firesAfter(transition, end));
  if (forks === 'possible') return [edgesOf(firing('success', transitions)), edgesOf(firing('failure', transitions))];
  const always = transitions.filter(({ when }) => when === null);
  const conditional = transitions.filter(({ when }) => when !== null);
  return [
    edgesOf(firing('success', always)),
    edgesOf(firing('failure', always)),
    ...conditional.map((transition) => edgesOf([transition])),
  ];
}

/** Creates a symmetric relation of small numbers, in bits. */
function createRelation(size: number) {
  const words = Math.ceil(size / 32);
  const bits = new Uint32Array(size * words);
  const has = (a: number, b: number): boolean => ((bits[a * words + (b >>> 5)]! >>> (b & 31)) & 1) === 1;
  const set = (a: number, b: number): void => {
    bits[a * words + (b >>> 5)]! |= 1 << (b & 31);
  };
  return {
    has,
    /** Adds a pair; returns whether it is new. */
    add(a: number, b: number): boolean {
      if (has(a, b)) return false;
      set(a, b);
      set(b, a);
      return true;
    },
    of(a: number): number[] {
      const found: number[] = [];
      for (let word = 0; word < words; word += 1) {
        let left = bits[a * words + word]!;
        while (left !== 0) {
          const bit = 31 - Math.clz32(left);
          found.push(word * 32 + bit);
          left &= ~(1 << bit);
        }
      }
      return found;
    },
  };
}
