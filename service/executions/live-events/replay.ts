import type { Json } from '../../../model/json.ts';
import { ReplayMeter } from '../../../model/work.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createRunStream } from '../../../projection/stream.ts';
import { hiddenInTask } from '../../projections/masks.ts';
import { type EntryPlace, type KeptEntry, keepEntry, saidIn } from './entries.ts';

/** Units of work for one history event (0.5 s at most): an activation ends at 250,000, but for a visit that it has begun. */
const MAX_EVENT_WORK = 1_000_000;

/**
 * The most events and bytes of a history whose tasks are streamed, and the most entries and characters that the run said in them: all are
 * kept while somebody listens.
 */
const MAX_EVENTS = 60_000;
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_ENTRIES = 100_000;
const MAX_SAID = 32 * 1024 * 1024;

/** Entries of a run, and the values that it hides in addition from then on. */
export interface EntryBatch {
  entries: KeptEntry[];
  hidden: Json[];
}

/** Reports whether listeners have not received the entries at a place and after it. */
export type IsNew = (place: EntryPlace) => boolean;

/** Makes the entries of a run from its history. */
export interface StreamReplay {
  /** Returns the entries that follow from the next event, in parts of work; `bytes` is the size of the event. */
  take(runId: string, event: HistoryEvent, bytes: number): Generator<void, EntryBatch>;
  /** Counts the work since its last reset; the work of one event must fit into it. */
  readonly meter: ReplayMeter;
  readonly closed: boolean;
}

/**
 * Creates a replay that begins with the first event of a run's history. Tasks that take too much work are left out; where `throws` is a
 * number of units, ReplayExceeded is thrown instead by an event that takes more. With `lean` all tasks are left out, and the log says
 * so at the first event that is new.
 */
export function createStreamReplay(
  workflowId: string,
  { throws = null, lean = null }: { throws?: number | null; lean?: IsNew | null } = {},
): StreamReplay {
  const meter = new ReplayMeter(throws ?? MAX_EVENT_WORK);
  const stream = createRunStream(workflowId, meter, { omits: throws === null });
  let taken = 0;
  let size = 0;
  let made = 0;
  let said = 0;

  return {
    meter,
    get closed() {
      return stream.closed;
    },

    *take(runId, event, bytes) {
      taken += 1;
      size += bytes;
      const tooMuch = taken > MAX_EVENTS || size > MAX_BYTES || made > MAX_ENTRIES || said > MAX_SAID;
      const isNew = lean === null || lean({ run: runId, event: Number(event.eventId), index: 0 });
      if (tooMuch || lean !== null) stream.omitTasks({ silent: !isNew });
      const entries = yield* stream.takeInParts(event);
      const kept = entries.map((entry) => keepEntry(runId, entry));
      made += kept.length;
      for (const entry of kept) said += saidIn(entry);
      return {
        entries: kept,
        hidden: entries.flatMap((entry) => (entry.type === 'task' ? hiddenInTask(stream.run, entry.task) : [])),
      };
    },
  };
}
