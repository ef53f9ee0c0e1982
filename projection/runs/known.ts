import { mergedVariables } from '../../interpreter/branches.ts';
import { projectInquiries } from '../../interpreter/inquiries.ts';
import type { Place, RunState } from '../../interpreter/state.ts';
import { demandsStatements } from '../../interpreter/statements.ts';
import type { Execution, LeftoverSignal, MoreTasks } from '../../model/execution.ts';
import { type Inquiry, withdrawn } from '../../model/inquiry.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Past } from '../replay/past.ts';
import { summarizeTasks } from '../tasks/summaries.ts';
import { orderPlaces, type TaskLimits, takeFirstTasks } from '../tasks/task-order.ts';
import { failureAt, listAllPlaces, listChildTasks, type TaskSources, workIn } from '../tasks/tasks.ts';

/** The fields of an execution that only the interpreter's state has. */
export type Known = Pick<
  Execution,
  | 'tasks'
  | 'moreTasks'
  | 'children'
  | 'variables'
  | 'signals'
  | 'inquiries'
  | 'controls'
  | 'digest'
  | 'statements'
  | 'signalsDropped'
  | 'pendingFailure'
>;

/** These fields without a state that can be trusted. */
export const NOTHING_KNOWN: Known = {
  tasks: [],
  children: [],
  variables: {},
  signals: [],
  inquiries: [],
  controls: [],
  digest: null,
  statements: null,
  signalsDropped: 0,
  pendingFailure: null,
};

/** Reads these fields off a replay, with those tasks that the limits permit. */
export function readKnown(sources: TaskSources, limits: TaskLimits): Known {
  const { state, past, closed } = sources;
  const places = listAllPlaces(sources);
  const { tasks, more } = takeFirstTasks(sources, orderPlaces(sources, places), limits);
  return {
    tasks,
    ...(more === undefined ? {} : { moreTasks: { ...more, ...summarize(sources, places) } }),
    children: listChildTasks(sources),
    variables: variablesOf(state),
    signals: leftoversOf(state),
    inquiries: allInquiries(past, state, closed !== null),
    controls: state.controls,
    digest: state.digest,
    statements: demandsStatements(state) ? state.statements : null,
    signalsDropped: state.signals.dropped,
    pendingFailure: closed === null ? state.failure : null,
  };
}

/** Summarizes the tasks of a run of which some are left out, by all places of its work. */
function summarize(sources: TaskSources, places: readonly Place[]): Pick<MoreTasks, 'lastFailed' | 'summaries'> {
  return { lastFailed: findLastFailed(sources, places), summaries: summarizeTasks(sources, places) };
}

/** Returns the name of the last visit that failed; null without one. */
function findLastFailed(sources: TaskSources, places: readonly Place[]): string | null {
  const failed = places.findLast((place) => place.item === null && failureAt(sources, place) !== null);
  return failed === undefined ? null : workIn(sources, failed).visit.name;
}

/** Returns the inquiries of all runs of a chain, in order; those that are open when the run closes are withdrawn. */
function allInquiries({ inquiries }: Past, state: RunState, closed: boolean): Inquiry[] {
  const asked = projectInquiries(state);
  const own = closed ? asked.map(withdrawn) : asked;
  if (inquiries.length === 0) return own;
  return [...inquiries, ...own].sort((a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : 0));
}

function variablesOf(state: RunState): JsonObject {
  return Object.fromEntries([...mergedVariables(state)].map(([name, { value }]) => [name, value]));
}

/** Returns the signals that no task has waited for, by name in order of arrival. */
function leftoversOf({ signals }: RunState): LeftoverSignal[] {
  return [...signals.messages].flatMap(([name, payloads]) => payloads.map((payload) => ({ name, payload })));
}
