import { listTemplates, type RenderedTemplate } from '../../../../language/templates/rendered.ts';
import type { Json } from '../../../../model/json.ts';
import { parseTaskKey } from '../../../../model/task-key.ts';
import type { RunGraph, ShownSimulation, ShownWorkflow } from '../../../client/shapes.ts';
import { nameTaken, type TaskWork } from '../../../graph/tallies.ts';

/** A visit to a task in a simulation. */
export type SimulatedVisit = ShownSimulation['tasks'][number];

/** The states of visits in a simulation, in the words of runs. */
export const STATES = {
  running: 'running',
  succeeded: 'completed',
  failed: 'failed',
  timed_out: 'timeout',
  cancelled: 'cancelled',
} as const satisfies Record<SimulatedVisit['status'], string>;

/**
 * Returns what a simulation has done with each task once so many of its visits have begun, and the edges between tasks that it has come to.
 */
export function listSimulatedWork(
  { tasks }: ShownSimulation,
  { edges }: RunGraph,
  step: number,
): { work: Map<string, TaskWork>; taken: Set<string> } {
  const visits = tasks.slice(0, step);
  const work = new Map<string, TaskWork>();
  for (const { key, status } of visits) {
    const { name } = parseTaskKey(key);
    const count = (work.get(name)?.tally?.visits ?? 0) + 1;
    const state = STATES[status];
    const words = count === 1 ? state : `${state}, ${count} visits`;
    work.set(name, { key, words, tally: { state, visits: count, items: null } });
  }
  const place = (name: string) => visits.findIndex(({ key }) => parseTaskKey(key).name === name);
  const lastPlace = (name: string) => visits.findLastIndex(({ key }) => parseTaskKey(key).name === name);
  const taken = edges.filter(({ from, to }) => place(from) >= 0 && place(from) < lastPlace(to));
  return { work, taken: nameTaken(taken) };
}

/**
 * Says why no transition of a visit was decided upon: its task has none, or it has not ended, was cancelled when the run stopped, or ended
 * once the run had exhausted its work.
 */
export function explainNoDecision(
  { key, status }: Pick<SimulatedVisit, 'key' | 'status'>,
  { edges }: { edges: readonly { from: string }[] },
): string {
  const { name } = parseTaskKey(key);
  if (!edges.some(({ from }) => from === name)) return `No transition leads on from ${key}.`;
  if (status === 'running') return `${key} has not ended, so no transition was decided upon.`;
  if (status === 'cancelled') return `${key} was cancelled, so no transition was decided upon.`;
  return `No transition of ${key} was decided upon.`;
}

/** Lists the templates of the input of a visit, each with its value; none for a visit with items, since each item has its input. */
export function listVisitTemplates(
  { key, input }: SimulatedVisit,
  definition: ShownWorkflow['definition'],
): RenderedTemplate[] {
  const { name } = parseTaskKey(key);
  // A stored definition is one without issues.
  const tasks = definition.tasks as { name: string; input?: Json }[];
  const written = tasks.find((task) => task.name === name)?.input ?? null;
  return input === null ? [] : listTemplates(written, input);
}
