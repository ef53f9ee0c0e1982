import type { Issue } from '../../model/issue.ts';
import { type Program, type ProgramTask, publishedBy } from '../program.ts';
import { reachable } from '../transitions.ts';
import { findConcurrency } from './concurrency.ts';
import { joinIssues, joinWarnings } from './joins.ts';
import { pathOf, quoted } from './texts.ts';

/**
 * Finds what is wrong or doubtful with the graph as a whole: entries, tasks that stand
 * alone or that nothing leads to, loops that never end, joins, several arrivals, parallel branches that publish one name.
 * The names in the program must be valid.
 */
export function checkGraph(program: Program): { issues: Issue[]; warnings: Issue[] } {
  if (program.entries.length === 0) {
    const message = 'every task has a preceding task, so no entry task can be determined: set "start"';
    return { issues: [{ code: 'no_entry', path: '/definition/tasks', message }], warnings: [] };
  }
  const placed = placeIssues(program);
  // Nothing else is reported while there are tasks that no path leads to.
  const issues = placed.length > 0 ? placed : [...endlessLoops(program), ...joinIssues(program)];
  if (issues.length > 0) return { issues, warnings: [] };
  return { issues, warnings: [...arrivalWarnings(program), ...joinWarnings(program), ...racingPublishes(program)] };
}

/** Finds tasks that are not connected to the graph, or that no path leads to. */
function placeIssues(program: Program): Issue[] {
  const { graph, order, tasks, definition, cleanupOnly } = program;
  const reached = reachable([...program.entries, ...program.cleanup.entries], graph.following);
  return [...tasks.values()].flatMap((task): Issue[] => {
    const { name } = task;
    const alone = !graph.inbound.has(name) && graph.following.get(name)!.length === 0 && !cleanupOnly.has(name);
    if (order === 'graph' && alone && tasks.size > 1 && !definition.start?.includes(name)) {
      const message = `no transition leads to or from "${name}": add it to "start" if it is meant to run on its own`;
      return [{ code: 'isolated_task', path: pathOf(task), message }];
    }
    if (reached.has(name)) return [];
    return [{ code: 'unreachable_task', path: pathOf(task), message: `no path leads to "${name}"` }];
  });
}

/** Actions that wait for an event from outside. */
const LISTENING = ['core.wait_signal', 'core.inquiry'];

/** Finds loops in which every end of every task leads back into the loop, whatever its conditions, and no task waits for an event. */
function endlessLoops({ graph, tasks }: Program): Issue[] {
  return graph.loops.flatMap((names) => {
    const within = new Set(names);
    const goesOn = (task: ProgramTask, end: 'success' | 'failure'): boolean => {
      const firing = task.transitions.filter(({ on }) => on === end || on === 'complete');
      const leads = firing.some(({ when, targets }) => when === null && targets.some((target) => within.has(target)));
      // A failure that no transition handles ends the run, which does not count as leaving the loop.
      return (
        leads || (end === 'failure' && !firing.some(({ targets, noop, fail }) => targets.length > 0 || noop || fail))
      );
    };
    const members = names.map((name) => tasks.get(name)!);
    // A loop that waits for events may run until it is cancelled.
    if (members.some(({ action }) => LISTENING.includes(action))) return [];
    if (!members.every((task) => goesOn(task, 'success') && goesOn(task, 'failure'))) return [];
    const message = `the loop of ${quoted(names)} never ends: no condition leads out of it`;
    return [{ code: 'endless_loop', path: pathOf(members[0]!), message }];
  });
}

function arrivalWarnings(program: Program): Issue[] {
  const arriveAlone = exclusiveArrivals(program);
  return [...program.tasks.values()].flatMap((task) => {
    const { name, opensLineage, several } = task;
    const arrives = opensLineage && !arriveAlone(name);
    if (!arrives && several === null) return [];
    const may = several === 'possible' ? 'may lead to it at the same time' : 'lead to it';
    const what = arrives ? 'several tasks lead to it' : `several transitions of one task ${may}`;
    const message = `"${name}" runs once for each arrival, and a join after it waits for the tasks that follow from the same arrival; ${what}`;
    return [{ code: 'several_arrivals', path: pathOf(task), message }];
  });
}

/** Returns a check of whether all that leads to a task excludes each other, as a failure and what follows a success do. */
function exclusiveArrivals(program: Program): (name: string) => boolean {
  const { tasks, graph, entries, cleanup } = program;
  const isAsked = [...tasks.values()].some(({ opensLineage }) => opensLineage);
  const concurrency = isAsked ? findConcurrency(program, 'possible') : null;
  if (concurrency === null) return () => false;
  return (name) => {
    const isEntry = entries.includes(name) || cleanup.entries.includes(name);
    const sources = [...(graph.inbound.get(name) ?? []), ...(isEntry ? [''] : [])];
    return sources.every((a, index) => sources.slice(index + 1).every((b) => !concurrency.arriveTogether(a, b, name)));
  };
}

/** Finds variables that two branches publish which certainly run at the same time, so that timing decides which of them wins. */
function racingPublishes(program: Program): Issue[] {
  const publishers = new Map<string, Set<ProgramTask>>();
  for (const task of program.tasks.values()) {
    for (const name of publishedBy(task)) {
      publishers.set(name, (publishers.get(name) ?? new Set()).add(task));
    }
  }
  const shared = [...publishers].filter(([, tasks]) => tasks.size > 1);
  const concurrency = shared.length === 0 ? null : findConcurrency(program, 'certain');
  if (concurrency === null) return [];
  const beside = new Map<string, ReadonlySet<string>>();
  return shared.flatMap(([name, set]) => {
    const tasks = [...set];
    for (const [index, a] of tasks.entries()) {
      const others = beside.get(a.name) ?? concurrency.runningWith(a.name);
      beside.set(a.name, others);
      if (others.size === 0) continue;
      const b = tasks.slice(index + 1).find((other) => others.has(other.name));
      if (b === undefined) continue;
      const message = `"${a.name}" and "${b.name}" publish "${name}" in parallel: the one that ends last wins`;
      return [{ code: 'racing_publish', path: pathOf(b), message }];
    }
    return [];
  });
}
