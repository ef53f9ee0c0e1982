import type { CarriedState } from '../../../model/carried-state.ts';
import type { RunInput } from '../../../model/run-input.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createMoment } from '../../../projection/moment.ts';
import { createProjection, type Projection } from '../../../projection/project.ts';
import { type CarriedRun, carryProjection, type RetryPoint } from '../../../service/projections/projected-runs.ts';
import { outlineRetry, type RetryOutline } from '../../../service/projections/retry-outlines.ts';
import { stateWithChildren } from '../../../service/retries/kept-runs.ts';

/** A retry as a test begins it, and its outline. */
export interface OutlinedRetry {
  outline: RetryOutline;
  run: RunInput;
  carried: CarriedState;
  /** The keys of the visits of the run that had begun, in the order of their names. */
  begun: string[];
}

/** Projects a whole history. */
function projectAll(history: readonly HistoryEvent[]): Projection {
  const projection = createProjection('x');
  for (const event of history) projection.take(event);
  return projection;
}

/** Projects a history as far as a point. */
function projectUntil(history: readonly HistoryEvent[], point: RetryPoint): Projection | null {
  if (point.from !== 'event') return projectAll(history);
  const moment = createMoment('x', { event: point.event, traced: false });
  for (const [at, event] of history.entries()) moment.take(event, at + 1);
  return moment.projection();
}

/** Outlines a retry, with the histories of its sub-workflows by their ids; null when there is nothing to do again. */
export async function outlineOf(
  history: readonly HistoryEvent[],
  point: RetryPoint,
  read: (workflowId: string) => Promise<readonly HistoryEvent[]> = async () => [],
): Promise<OutlinedRetry | null> {
  const projection = projectUntil(history, point);
  const ended = projection && carryProjection(projection, point);
  if (!ended || ended.carried === null) return null;
  const carried = JSON.parse(JSON.stringify(await carriedWith(ended, read))) as CarriedState;
  const { schedule: _, turn: __, ...kept } = ended.run;
  const run: RunInput = { ...kept, seed: ended.seed, carried };
  const request = { start: { run, input: ended.input }, kept: ended.carried, hidden: [], now: Date.now() };
  const whole = projectAll(history);
  const outline = outlineRetry(whole, null, request);
  const visits = whole.execution().tasks.filter(({ item }) => item === null);
  return outline && { outline, run, carried, begun: visits.map(({ key }) => key).sort() };
}

/** Returns the state that a retry begins with, with those of the sub-workflows that it continues. */
async function carriedWith(
  ended: CarriedRun,
  read: (workflowId: string) => Promise<readonly HistoryEvent[]>,
): Promise<CarriedState> {
  return stateWithChildren(await keptWith(ended, read), ended.run);
}

async function keptWith(ended: CarriedRun, read: (workflowId: string) => Promise<readonly HistoryEvent[]>) {
  const children: Parameters<typeof stateWithChildren>[0]['children'] = {};
  for (const [key, child] of Object.entries(ended.children)) {
    const below = carryProjection(projectAll(await read(child)), { from: 'failed' });
    if (below?.carried != null) children[key] = await keptWith(below, read);
  }
  return { run: ended.run, state: ended.carried!.state, children };
}
