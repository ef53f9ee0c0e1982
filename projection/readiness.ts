import { identified } from '../interpreter/identity.ts';
import { isJsonObject } from '../model/json.ts';
import { INTERPRETER_VERSION, isRunInput } from '../model/run-input.ts';
import { createReplay, type HistoryEvent } from './history.ts';
import { decodePayloads } from './payload.ts';

/**
 * Why this build could not go on with an open run, by the history of its newest run; null: it could. What has come and
 * has not been taken yet is taken here, to see whether that goes well.
 */
export function troubleWith(workflowId: string, history: readonly HistoryEvent[]): string | null {
  const last = history.at(-1);
  const started = history[0]?.workflowExecutionStartedEventAttributes;
  const [input = null, second] = decodePayloads(started?.input);
  if (last === undefined || !isRunInput(second)) return 'it was not started by Fermata';
  if (second.interpreter > INTERPRETER_VERSION) {
    return `this build knows interpreter ${INTERPRETER_VERSION}, the run needs ${second.interpreter}`;
  }
  try {
    const replay = createReplay(identified(second, workflowId), isJsonObject(input) ? input : {});
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
