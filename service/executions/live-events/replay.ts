import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RunInput } from '../../../model/run-input.ts';
import { ReplayMeter } from '../../../model/work.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createRunStream, type StreamEntry } from '../../../projection/stream.ts';
import { copyHistory } from '../../projections/history-copies.ts';

/** Units of work for one history event (0.1 s at most), and units after which other requests have their turn. */
const MAX_EVENT_WORK = 250_000;
const TURN_WORK = 25_000;

/**
 * The most events and bytes of a history whose tasks are streamed, and the most entries and characters that the run said in them: all are
 * kept while somebody listens.
 */
const MAX_EVENTS = 60_000;
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_ENTRIES = 100_000;
const MAX_SAID = 32 * 1024 * 1024;

/** Makes the entries of a run from its history, in slices of work between which other requests have their turn. */
export interface StreamReplay {
  /** Returns the entries that follow from the next event. */
  take(event: HistoryEvent): Promise<StreamEntry[]>;
  /** The definition and the settings that the run was started with; null before the first event, and for a run that Fermata did not start. */
  readonly run: RunInput | null;
}

/** Creates a replay that begins with the first event of a run's history. */
export function createStreamReplay(workflowId: string): StreamReplay {
  const meter = new ReplayMeter(MAX_EVENT_WORK + TURN_WORK);
  const stream = createRunStream(workflowId, meter);
  let taken = 0;
  let bytes = 0;
  let made = 0;
  let said = 0;

  function note(entries: readonly StreamEntry[]): void {
    made += entries.length;
    for (const entry of entries) {
      if (entry.type === 'log' && entry.draft.said !== null) {
        said += JSON.stringify([entry.draft.said, entry.draft.values]).length;
      }
    }
  }

  return {
    get run() {
      return stream.run;
    },

    async take(original) {
      const copy = copyHistory([original]);
      taken += 1;
      bytes += copy.bytes;
      if (taken > MAX_EVENTS || bytes > MAX_BYTES || made > MAX_ENTRIES || said > MAX_SAID) stream.omitTasks();
      if (meter.spent > TURN_WORK) {
        await nextTurn();
        meter.reset();
      }
      const parts = stream.takeInParts(copy.events[0]!);
      for (;;) {
        const { done, value } = parts.next();
        if (done) {
          note(value);
          return value;
        }
        // The event loop may not be held for the work of an event and for telling it.
        if (meter.spent > TURN_WORK) await nextTurn();
      }
    },
  };
}
