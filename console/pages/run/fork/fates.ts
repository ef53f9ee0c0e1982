import { STATE_MARKS } from '../../../../language/layout/drawing/states.ts';
import type { PlannedRetry } from '../../../../model/retry-plan.ts';
import { parseTaskKey } from '../../../../model/task-key.ts';
import type { RunGraph } from '../../../client/shapes.ts';
import { NOT_BEGUN, type TaskLook, type TaskWork } from '../../../graph/tallies.ts';

const LOOKS: Record<'again' | 'dropped' | 'kept', TaskLook> = {
  again: { colour: 'active', path: STATE_MARKS.running.path, words: 'runs again' },
  dropped: { colour: 'idle', path: STATE_MARKS.cancelled.path, words: 'dropped' },
  kept: { colour: 'good', path: STATE_MARKS.completed.path, words: 'kept' },
};

/** Returns what becomes of each task of a graph in a plan, by name: of several visits, what has the most to say counts. */
export function listFates(plan: PlannedRetry, { nodes }: RunGraph): Map<string, TaskWork> {
  const fates = new Map<string, TaskWork>();
  for (const fate of ['kept', 'dropped', 'again'] as const) {
    for (const { name, key } of plan[fate]) {
      fates.set(name, { tally: null, key, words: LOOKS[fate].words, look: LOOKS[fate] });
    }
  }
  const following = new Set(plan.simulated?.order.map((key) => parseTaskKey(key).name));
  const rest = (name: string) => ({
    ...NOT_BEGUN,
    words: following.has(name) ? 'would follow' : 'not part of the plan',
  });
  return new Map(nodes.map(({ name }) => [name, fates.get(name) ?? rest(name)]));
}
