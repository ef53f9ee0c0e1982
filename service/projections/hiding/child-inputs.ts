import type { Site } from '../../../interpreter/derive.ts';
import type { CarriedState, CarriedVisit } from '../../../model/carried-state.ts';
import type { Definition } from '../../../model/definition.ts';
import type { PlannedTask } from '../../../model/inquiry.ts';
import type { Json } from '../../../model/json.ts';
import type { EmbeddedWorkflow, RunInput } from '../../../model/run-input.ts';
import { parseTaskKey } from '../../../model/task-key.ts';
import { MASKED } from './hider.ts';
import { replaceAt } from './write-only.ts';

// Inputs of sub-workflows, in which the places of write-only parameters are known. Every entry of a list of items is hidden as a whole:
// nothing says where an input that is made of it has its hidden values.

/** The workflows that a run may start, by ref, as far as they hide something. */
export type HidingWorkflows = Readonly<Record<string, Pick<EmbeddedWorkflow, 'write_only'>>> | undefined;

/** Hides the write-only parameters of sub-workflows in the tasks that an approval would run. An input that is not rendered has no values. */
function hideInPlan(plan: readonly PlannedTask[], workflows: HidingWorkflows): PlannedTask[] {
  return plan.map((task) => {
    return task.rendered ? { ...task, input: hideAt(task.input, pathsOf(task.action, workflows)) } : task;
  });
}

function hideAt(input: Json, paths: readonly string[][]): Json {
  return replaceAt(input, paths, () => MASKED);
}

/** Hides the write-only parameters of sub-workflows in a value that a run has computed. */
export function hideInComputed(site: Site, value: Json, workflows: HidingWorkflows): Json {
  if (site === 'binding') {
    const binding = value as { plan: PlannedTask[] } & Record<string, Json>; // interpreter/inquiries.ts makes it
    return { ...binding, plan: hideInPlan(binding.plan, workflows) as unknown as Json };
  }
  const [kind, ref = ''] = site.split(':');
  const paths = pathsOf(ref, workflows);
  if (paths.length === 0) return value;
  if (kind === 'items') return hideEntries(value);
  // The rendered input is a `value`, and the one that its schema has completed an `input`.
  const places = paths.flatMap((path) => [
    ['value', ...path],
    ['input', ...path],
  ]);
  return hideAt(value, places);
}

/** Hides the write-only parameters of sub-workflows in the state that a run carries. */
export function hideCarriedInputs<T extends RunInput>(run: T): T {
  const { carried, definition, workflows = {} } = run;
  return carried === undefined ? run : { ...run, carried: hideInState(carried, definition, workflows) };
}

function hideInState(
  state: CarriedState,
  definition: Definition,
  workflows: Readonly<Record<string, EmbeddedWorkflow>>,
): CarriedState {
  const actions = new Map(definition.tasks.map(({ name, action }) => [name, action]));
  const { visits, inquiries, children } = state;
  const ofChildren = Object.entries(children ?? {}).map(([key, child]): [string, CarriedState] => {
    const started = workflows[actions.get(parseTaskKey(key).name) ?? ''];
    return [key, started === undefined ? child : hideInState(child, started.definition, workflows)];
  });
  return {
    ...state,
    visits: visits.map((visit) => hideInVisit(visit, pathsOf(actions.get(visit.name) ?? '', workflows))),
    inquiries: inquiries.map(({ settled, ...inquiry }) => ({
      ...inquiry,
      settled: settled === null ? null : { ...settled, plan: hideInPlan(settled.plan, workflows) },
    })),
    ...(children === undefined ? {} : { children: Object.fromEntries(ofChildren) }),
  };
}

function hideInVisit(visit: CarriedVisit, paths: readonly string[][]): CarriedVisit {
  if (paths.length === 0) return visit;
  const { items } = visit;
  const shown = { ...visit, input: hideAt(visit.input, paths) };
  if (items === undefined) return shown;
  const { list, values, work } = items;
  return {
    ...shown,
    items: {
      ...items,
      list: list.map(hideEntry),
      ...(values === undefined ? {} : { values: values.map(([item, value]) => [item, hideEntry(value)]) }),
      work: work.map((each) => ({ ...each, input: hideAt(each.input, paths) })),
    },
  };
}

function hideEntries(value: Json): Json {
  return Array.isArray(value) ? value.map(hideEntry) : value;
}

function hideEntry(entry: Json): Json {
  return entry === null ? null : MASKED;
}

function pathsOf(ref: string, workflows: HidingWorkflows = {}): readonly string[][] {
  return Object.hasOwn(workflows, ref) ? (workflows[ref]?.write_only ?? []) : [];
}
