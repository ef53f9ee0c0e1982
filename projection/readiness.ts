import { INTERPRETER_VERSION } from '../model/run-input.ts';
import type { HistoryEvent } from './history.ts';
import { readOpening } from './runs/opening.ts';

/**
 * Returns why this build could not continue an open run, by the history of its newest run; null: it could. Events that the run has not
 * taken yet are taken here, to see whether that succeeds.
 */
export function troubleWith(workflowId: string, history: readonly HistoryEvent[]): string | null {
  const last = history.at(-1);
  const started = history[0]?.workflowExecutionStartedEventAttributes;
  const opening = started ? readOpening(workflowId, history[0]!, started) : null;
  if (last === undefined || opening === null || opening.run === null) return 'it was not started by Fermata';
  try {
    const replay = opening.replay();
    if (replay === null) {
      return `this build supports interpreter versions up to ${INTERPRETER_VERSION}, but the run needs ${opening.run.interpreter}`;
    }
    for (const event of history) replay.take(event);
    const { divergence } = replay.end();
    if (divergence !== null) return divergence;
    const { eventTime, eventId } = last;
    const next = { ...(eventTime ? { eventTime } : {}), ...(eventId ? { eventId } : {}) };
    replay.take({ ...next, workflowTaskStartedEventAttributes: {} });
    replay.take({ ...next, workflowTaskCompletedEventAttributes: {} });
    return null;
  } catch (error) {
    return `the interpreter fails: ${error instanceof Error ? error.message : String(error)}`;
  }
}
