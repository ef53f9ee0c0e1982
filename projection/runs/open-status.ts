import type { RunState } from '../../interpreter/state.ts';
import { openStatusOf } from '../../interpreter/waits.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import type { HistoryEvent } from '../history.ts';

/** Takes the events of an open run's history one by one, and reads its status off them and the interpreter's state. */
export class OpenStatus {
  #cancelRequested = false;
  #delayed = false;
  #begun = false;

  take(event: HistoryEvent): void {
    if (event.workflowExecutionCancelRequestedEventAttributes) this.#cancelRequested = true;
    if (event.workflowTaskCompletedEventAttributes) this.#begun = true;
    this.#delayed = hasBackoff(event);
  }

  /** Returns a status that has taken the same events. */
  copy(): OpenStatus {
    const copied = new OpenStatus();
    copied.#cancelRequested = this.#cancelRequested;
    copied.#delayed = this.#delayed;
    copied.#begun = this.#begun;
    return copied;
  }

  /** Returns the status; `state` is null for a run that the interpreter does not know. */
  read(state: RunState | null): ExecutionStatus {
    if (this.#cancelRequested) return 'canceling';
    const open = state === null ? 'running' : openStatusOf(state);
    if (open !== 'running') return open;
    if (this.#begun) return 'running';
    return this.#delayed ? 'scheduled' : 'requested';
  }
}

/** Whether an event is a start that waits before its first workflow task. */
function hasBackoff({ workflowExecutionStartedEventAttributes: started }: HistoryEvent): boolean {
  const backoff = started?.firstWorkflowTaskBackoff;
  return Number(backoff?.seconds ?? 0) > 0 || (backoff?.nanos ?? 0) > 0;
}
