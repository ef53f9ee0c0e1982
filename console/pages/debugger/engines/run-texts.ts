import { request, requestText } from '../../../client/request.ts';
import type { ChainRunLine } from '../../../client/shapes.ts';

/** The most events that are debugged at once. */
const MOST_EVENTS = 100_000;

/**
 * Reads the history of a run from the API, one Temporal run of its chain after the other; `path` is that of the run. Of a chain that is too
 * long only a part is read: see chooseRuns. Throws a RequestError, and the reason of the signal.
 */
export async function* readRunTexts(path: string, event: number | null, signal: AbortSignal): AsyncGenerator<string> {
  const { data } = await request<{ data: ChainRunLine[] }>(`${path}/runs`, { signal });
  for (const { index } of chooseRuns(data, event)) {
    yield await requestText(`${path}/history/export?run=${index}`, { signal });
  }
}

/**
 * Chooses the Temporal runs of a chain that are debugged: all, or where they have more than 100,000 events the one that has an event, and as
 * many before it as there is room for; null stands for the last event. A later run of a chain begins with the state that it was passed.
 */
export function chooseRuns(runs: readonly ChainRunLine[], event: number | null): ChainRunLine[] {
  const lengthOf = (some: readonly ChainRunLine[]) => some.reduce((sum, { events }) => sum + events, 0);
  if (lengthOf(runs) <= MOST_EVENTS) return [...runs];
  const place = event === null ? -1 : runs.findIndex(({ last_event }) => event <= last_event);
  const chosen = runs.slice(0, place === -1 ? runs.length : place + 1);
  while (chosen.length > 1 && lengthOf(chosen) > MOST_EVENTS) chosen.shift();
  return chosen;
}
