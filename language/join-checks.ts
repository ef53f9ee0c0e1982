import type { Issue } from '../model/issue.ts';
import { concurrencyOf, groupsOfExclusive } from './concurrency.ts';
import { pathOf, quoted } from './graph-checks.ts';
import type { Program, ProgramTask } from './program.ts';
import type { TaskGraph } from './task-graph.ts';

/** Joins that can never be satisfied, or of which nobody could say when they are (design/language.md, Join). */
export function joinIssues(program: Program): Issue[] {
  const joins = [...program.tasks.values()].filter(({ join }) => join !== null);
  if (joins.length === 0) return [];
  const concurrency = concurrencyOf(program, 'possible');
  const lineages = lineagesOf(program);
  const entryPlaces: [string, readonly string[]][] = [
    ['start', program.entries],
    ['on_cancel', program.cleanup.entries],
  ];
  return joins.flatMap((task): Issue[] => {
    const { name } = task;
    const { needed, inbound, rounds } = task.join!;
    const issue = (code: string, message: string): Issue[] => [{ code, path: `${pathOf(task)}/join`, message }];
    const first = entryPlaces.find(([, names]) => names.includes(name));
    if (inbound.length === 0) return issue('join_unsatisfiable', `"${name}" waits for others, and no task leads to it`);
    if (first !== undefined)
      return issue('join_unsatisfiable', `"${name}" waits for others and cannot be in "${first[0]}"`);
    if (needed > inbound.length) {
      const lead = inbound.length === 1 ? '1 task leads' : `${inbound.length} tasks lead`;
      return issue('join_unsatisfiable', `"${name}" waits for ${needed} tasks, and ${lead} to it`);
    }
    if (rounds && needed < inbound.length) {
      const message = `"${name}" stands in a loop with the tasks that lead to it, where it can only wait for all of them`;
      return issue('join_count_in_loop', message);
    }
    const other = inbound.find((one) => !sameSet(lineages.get(one)!, lineages.get(inbound[0]!)!));
    if (other !== undefined) return issue('ambiguous_join', ambiguity(inbound[0]!, other, lineages));
    const together = (a: string, b: string) => concurrency === null || concurrency.arriveTogether(a, b, name);
    const most = groupsOfExclusive(inbound, together);
    if (most >= needed) return [];
    const of = needed === inbound.length ? `all of ${quoted(inbound)}` : `${needed} of ${quoted(inbound)}`;
    return issue('join_unsatisfiable', `"${name}" waits for ${of}, and no path leads through more than ${most}`);
  });
}

/** Joins that fire once although what leads to them comes again. */
export function joinWarnings({ tasks, graph }: Program): Issue[] {
  return [...tasks.values()].flatMap((task) => {
    if (task.join === null || task.join.rounds) return [];
    const again = [task.name, ...task.join.inbound].find((name) => graph.inLoop(name));
    if (again === undefined) return [];
    const message = `"${task.name}" runs once, although "${again}" stands in a loop: later arrivals lead to nothing`;
    return [{ code: 'join_from_loop', path: `${pathOf(task)}/join`, message }];
  });
}

/** By task, where its lineage may have begun: at a task with several arrivals, or with the run (''). */
function lineagesOf({ tasks, graph, entries, cleanup }: Program): Map<string, ReadonlySet<string>> {
  const lineages = new Map<string, Set<string>>();
  for (const { name, opensLineage } of tasks.values()) {
    const first = entries.includes(name) || cleanup.entries.includes(name);
    lineages.set(name, new Set(opensLineage ? [name] : first ? [''] : []));
  }
  const queue = new Set(tasks.keys());
  for (const name of queue) {
    queue.delete(name);
    for (const target of followers(graph, tasks, name)) {
      const known = lineages.get(target)!;
      const before = known.size;
      for (const lineage of lineages.get(name)!) known.add(lineage);
      if (known.size > before) queue.add(target);
    }
  }
  return lineages;
}

function followers(graph: TaskGraph, tasks: ReadonlyMap<string, ProgramTask>, name: string): string[] {
  return graph.following.get(name)!.filter((target) => !tasks.get(target)!.opensLineage);
}

function ambiguity(a: string, b: string, lineages: ReadonlyMap<string, ReadonlySet<string>>): string {
  const describe = (name: string) => {
    const openers = [...lineages.get(name)!].filter((lineage) => lineage !== '');
    return openers.length === 0 ? `"${name}" runs once` : `"${name}" runs once for each arrival at ${quoted(openers)}`;
  };
  return `${describe(a)}, and ${describe(b)}: which of them belong together is not known`;
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((each) => b.has(each));
}
