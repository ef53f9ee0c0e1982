import type { Issue } from '../../model/issue.ts';
import type { Program, ProgramTask } from '../program.ts';
import { TaskSets } from '../task-sets.ts';
import { findConcurrency, groupsOfExclusive } from './concurrency.ts';
import { pathOf, quoted } from './texts.ts';

/** Finds joins that can never be satisfied, or whose arrivals are ambiguous. */
export function joinIssues(program: Program): Issue[] {
  const joins = [...program.tasks.values()].filter(({ join }) => join !== null);
  if (joins.length === 0) return [];
  const concurrency = findConcurrency(program, 'possible');
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
    if (inbound.length === 0) return issue('join_unsatisfiable', `"${name}" is a join, but no task leads to it`);
    if (first !== undefined) return issue('join_unsatisfiable', `"${name}" is a join and cannot be in "${first[0]}"`);
    if (needed > inbound.length) {
      const lead = inbound.length === 1 ? '1 task leads' : `${inbound.length} tasks lead`;
      return issue('join_unsatisfiable', `"${name}" waits for ${needed} tasks, but ${lead} to it`);
    }
    if (rounds && needed < inbound.length) {
      const message = `"${name}" is in a loop with the tasks that lead to it: there, a join can only wait for all of them`;
      return issue('join_count_in_loop', message);
    }
    const other = inbound.find((one) => !lineages.same(one, inbound[0]!));
    if (other !== undefined) return issue('ambiguous_join', ambiguity(inbound[0]!, other, lineages));
    const together = (a: string, b: string) => concurrency === null || concurrency.arriveTogether(a, b, name);
    const most = groupsOfExclusive(inbound, together);
    if (most >= needed) return [];
    const of = needed === inbound.length ? `all of ${quoted(inbound)}` : `${needed} of ${quoted(inbound)}`;
    return issue('join_unsatisfiable', `"${name}" waits for ${of}, but no path leads through more than ${most}`);
  });
}

/** Finds joins that fire once although the tasks that lead to them run again. */
export function joinWarnings({ tasks, graph }: Program): Issue[] {
  return [...tasks.values()].flatMap((task) => {
    if (task.join === null || task.join.rounds) return [];
    const again = [task.name, ...task.join.inbound].find((name) => graph.inLoop(name));
    if (again === undefined) return [];
    const message = `"${task.name}" runs only once, although "${again}" is in a loop: later arrivals have no effect`;
    return [{ code: 'join_from_loop', path: `${pathOf(task)}/join`, message }];
  });
}

/** The possible origins of the lineages of tasks: a task with several arrivals, or the run itself (''). */
interface Lineages {
  same(a: string, b: string): boolean;
  of(name: string): string[];
}

function lineagesOf({ tasks, graph, entries, cleanup }: Program): Lineages {
  const { component, following } = graph;
  const beginnings = ['', ...tasks.keys()];
  const numbers = new Map(beginnings.map((name, number) => [name, number]));
  const sets = new TaskSets(tasks.size, beginnings.length);
  const firsts = new Set([...entries, ...cleanup.entries]);
  const opens = ({ opensLineage, several }: ProgramTask) => opensLineage || several === 'certain';
  for (const task of tasks.values()) {
    const { name } = task;
    if (opens(task)) sets.add(component.get(name)!, numbers.get(name)!);
    else if (firsts.has(name)) sets.add(component.get(name)!, 0);
  }
  // The tasks of a loop have the same lineages; a task that leads to the loop has a higher number.
  const inOrder = [...following].sort(([a], [b]) => component.get(b)! - component.get(a)!);
  for (const [name, targets] of inOrder) {
    for (const target of targets) {
      if (!opens(tasks.get(target)!)) sets.addAll(component.get(target)!, sets, component.get(name)!);
    }
  }
  return {
    same: (a, b) => sets.equal(component.get(a)!, component.get(b)!),
    of: (name) => beginnings.filter((_, number) => sets.has(component.get(name)!, number)),
  };
}

function ambiguity(a: string, b: string, lineages: Lineages): string {
  const describe = (name: string) => {
    const openers = lineages.of(name).filter((lineage) => lineage !== '');
    return openers.length === 0 ? `"${name}" runs once` : `"${name}" runs once for each arrival at ${quoted(openers)}`;
  };
  return `${describe(a)}, and ${describe(b)}: it is ambiguous which of them belong together`;
}
