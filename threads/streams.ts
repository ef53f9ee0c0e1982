import type { Json } from '../model/json.ts';
import { type KeptEntry, saidIn } from '../service/executions/live-events/entries.ts';
import type { StreamJobs } from '../service/executions/live-events/jobs.ts';
import { createStreamReplay, type StreamReplay } from '../service/executions/live-events/replay.ts';

/** The most bytes of histories of streamed runs that a thread keeps, and the most entries of an answer, and characters said in them. */
const KEPT_BYTES = 12 * 1024 * 1024;
const ENTRIES = 1_000;
const SAID = 1024 * 1024;

/** A run whose entries are being made. */
interface OpenStream {
  replay: StreamReplay;
  taken: number;
  bytes: number;
  /** The entries that were not returned yet, and the values that they hide. */
  made: KeptEntry[];
  hidden: Json[];
}

type RunningJobs = {
  [Name in keyof StreamJobs]: (input: StreamJobs[Name]['input']) => StreamJobs[Name]['result'];
};

/** Creates the jobs that make the entries of runs in a thread, which keeps the runs that were followed last. */
export function createStreamJobs(): RunningJobs {
  const kept = new Map<string, OpenStream>();

  return {
    take_stream({ workflowId, runId, taken, events, bytes }) {
      const known = kept.get(workflowId);
      if (taken > 0 && known?.taken !== taken) return false;
      const begun = { replay: createStreamReplay(workflowId), taken: 0, bytes: 0, made: [], hidden: [] };
      const stream: OpenStream = taken > 0 && known !== undefined ? known : begun;
      stream.taken += events.length;
      stream.bytes += bytes;
      // The run that was followed last is forgotten last.
      kept.delete(workflowId);
      forget(kept, KEPT_BYTES - stream.bytes);
      kept.set(workflowId, stream);
      for (const event of events) takeWhole(stream, runId, event, bytes / events.length);
      return true;
    },

    read_stream({ workflowId }) {
      const stream = kept.get(workflowId);
      if (stream === undefined) throw new Error('the run is not streamed in this thread');
      const answer = { entries: takeFirst(stream.made), hidden: stream.hidden.splice(0), more: stream.made.length > 0 };
      if (stream.replay.closed && !answer.more) kept.delete(workflowId);
      return answer;
    },
  };
}

function takeWhole(stream: OpenStream, ...event: Parameters<StreamReplay['take']>): void {
  stream.replay.meter.reset();
  const parts = stream.replay.take(...event);
  let part = parts.next();
  while (!part.done) part = parts.next();
  for (const entry of part.value.entries) stream.made.push(entry);
  for (const value of part.value.hidden) stream.hidden.push(value);
}

/** Removes the first entries of a list and returns them: as many as one answer may have, and at least one. */
function takeFirst(made: KeptEntry[]): KeptEntry[] {
  let said = 0;
  const end = made.findIndex((entry, index) => {
    if (index >= ENTRIES || said > SAID) return true;
    said += saidIn(entry);
    return false;
  });
  return made.splice(0, end < 0 ? made.length : end);
}

/** Forgets the runs that were followed longest ago until the rest is small enough. */
function forget(kept: Map<string, OpenStream>, most: number): void {
  let total = [...kept.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  for (const [workflowId, { bytes }] of kept) {
    if (total <= most) return;
    kept.delete(workflowId);
    total -= bytes;
  }
}
