import { INTERPRETER_VERSION } from '../model/run-input.ts';
import type { HistoryEvent } from './history.ts';
import { openingOf } from './runs/opening.ts';

/**
 * Why this build could not go on with an open run, by the history of its newest run; null: it could. What has come and
 * has not been taken yet is taken here, to see whether that goes well.
 */
export function troubleWith(workflowId: string, history: readonly HistoryEvent[]): string | null {
  const last = history.at(-1);
  const started = history[0]?.workflowExecutionStartedEventAttributes;
  const opening = started ? openingOf(workflowId, history[0]!, started) : null;
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
