import type { Issue } from '../model/issue.ts';
import type { Program, ProgramTask } from './program.ts';
import { reachable, type Transition } from './transitions.ts';

/**
 * What is wrong or doubtful with the graph as a whole (design/language.md, Order): entries, tasks that stand alone or
 * that nothing leads to, several arrivals, parallel branches that publish one name. For a program whose names are right.
 */
export function checkGraph(program: Program): { issues: Issue[]; warnings: Issue[] } {
  const tasks = [...program.tasks.values()];
  const pathOf = (task: ProgramTask) => `/definition/tasks/${task.index}`;
  if (program.entries.length === 0) {
    const message = 'every task is led to by another one, so none can be first; say which with "start"';
    return { issues: [{ code: 'no_entry', path: '/definition/tasks', message }], warnings: [] };
  }
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const following = new Map(tasks.map(({ name, transitions }) => [name, transitions.flatMap((each) => each.targets)]));
  const inbound = new Map<string, Set<string>>();
  for (const [name, targets] of following) {
    for (const target of targets) inbound.set(target, (inbound.get(target) ?? new Set()).add(name));
  }
  const reached = reachable([...program.entries, ...program.cleanup.entries], following);
  for (const task of tasks) {
    const { name } = task;
    const alone = !inbound.has(name) && following.get(name)?.length === 0 && !program.cleanupOnly.has(name);
    const several = (inbound.get(name)?.size ?? 0) > 1;
    if (program.order === 'graph' && alone && tasks.length > 1 && !program.definition.start?.includes(name)) {
      const message = `no transition leads to "${name}" or away from it; name it in "start" if it is to run by itself`;
      issues.push({ code: 'isolated_task', path: pathOf(task), message });
    } else if (!reached.has(name)) {
      issues.push({ code: 'unreachable_task', path: pathOf(task), message: `no path leads to "${name}"` });
    } else if (several && !reachable(following.get(name) ?? [], following).has(name)) {
      const message = `"${name}" runs once for each arrival; several tasks lead to it`;
      warnings.push({ code: 'several_arrivals', path: pathOf(task), message });
    }
  }
  return { issues, warnings: [...warnings, ...racingPublishes(program, following)] };
}

/** Variables that two branches publish which run at the same time for certain: which of them wins is up to time. */
function racingPublishes(program: Program, following: ReadonlyMap<string, readonly string[]>): Issue[] {
  const publishers = new Map<string, Set<ProgramTask>>();
  for (const task of program.tasks.values()) {
    for (const [name] of [task.publish, ...task.transitions.map(({ publish }) => publish)].flat()) {
      publishers.set(name, (publishers.get(name) ?? new Set()).add(task));
    }
  }
  const reach = new Map<string, Set<string>>();
  const from = (name: string): Set<string> => {
    const known = reach.get(name) ?? reachable([name], following);
    reach.set(name, known);
    return known;
  };
  const together = [program.entries, program.cleanup.entries, ...[...program.tasks.values()].flatMap(forksOf)];
  return [...publishers].flatMap(([name, tasks]) => {
    if (tasks.size < 2) return [];
    for (const targets of together) {
      // The publishers of each branch; two of different branches, neither of which follows the other, race.
      const branches = targets.map((target) => [...tasks].filter((task) => from(target).has(task.name)));
      for (const [index, branch] of branches.entries()) {
        for (const other of branches.slice(index + 1)) {
          const pair = branch.flatMap((a) => other.map((b) => [a, b] as const)).find(([a, b]) => parallel(a, b, from));
          if (pair === undefined) continue;
          const [a, b] = pair;
          const message = `"${a.name}" and "${b.name}" both publish "${name}" in parallel: the later one wins`;
          return [{ code: 'racing_publish', path: `/definition/tasks/${b.index}`, message }];
        }
      }
    }
    return [];
  });
}

function parallel(a: ProgramTask, b: ProgramTask, from: (name: string) => Set<string>): boolean {
  return a !== b && !from(a.name).has(b.name) && !from(b.name).has(a.name);
}

/** Targets that start together for certain: of one transition, and of those without a condition after the same end. */
function forksOf({ transitions }: ProgramTask): string[][] {
  const targetsOf = (some: readonly Transition[]) => some.flatMap(({ targets }) => targets);
  const always = (end: 'success' | 'failure') =>
    transitions.filter(({ on, when }) => when === null && (on === 'complete' || on === end));
  const conditional = transitions.filter(({ when }) => when !== null);
  return [targetsOf(always('success')), targetsOf(always('failure')), ...conditional.map(({ targets }) => targets)];
}
