import type { HistoryEvent } from '../projection/history.ts';
import { createProjection, type Projection } from '../projection/project.ts';
import type { Temporal } from './temporal.ts';

/**
 * Projects what Temporal has of a workflow id, and shows each event with its number: the place in the histories of all runs
 * of the chain, from 1. Null when Temporal has none.
 */
export async function readProjection(
  temporal: Temporal,
  workflowId: string,
  onEvent: (event: HistoryEvent, number: number) => void = () => undefined,
): Promise<Projection | null> {
  const projection = createProjection(workflowId);
  let number = 0;
  for await (const events of temporal.history(workflowId)) {
    for (const event of events) {
      number += 1;
      projection.take(event);
      onEvent(event, number);
    }
  }
  return number === 0 ? null : projection;
}
