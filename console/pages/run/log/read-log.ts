import type { ApiRequestOptions } from '../../../client/request.ts';
import type { LogLine } from '../../../client/shapes.ts';

/** Entries that are read at once, and the most that are shown. */
const READ_AT_ONCE = 1_000;
const MOST = 10_000;

/** A page of a log. */
interface LogPage {
  data: LogLine[];
  next_cursor: string | null;
}

/** The log of a run, as far as it is shown. */
export interface ShownLog {
  entries: readonly LogLine[];
  /** Whether the log goes on after what is shown, because it is too long. */
  isCut: boolean;
}

/**
 * Creates a function that reads the log of a run, or of one of its tasks, by the path of the run. As a log is in order of time, entries come
 * before others that are there already, and go. So the last thousand are read again as long as the run is open, and all of them once it is not.
 */
export function createLogReader(
  isOpen: () => boolean,
  request: (path: string, sent: ApiRequestOptions) => Promise<LogPage>,
  task: string | null = null,
): (path: string, sent: ApiRequestOptions) => Promise<ShownLog> {
  let known: readonly LogLine[] = [];
  return async (path, sent) => {
    const entries = isOpen() ? known.slice(0, Math.max(0, known.length - READ_AT_ONCE)) : [];
    for (;;) {
      // The cursor of a log is the number of the entries before it.
      const query = new URLSearchParams({ limit: String(READ_AT_ONCE), cursor: String(entries.length) });
      if (task !== null) query.set('task', task);
      const { data, next_cursor: next } = await request(`${path}/logs?${query}`, sent);
      entries.push(...data);
      if (next !== null && entries.length < MOST) continue;
      known = entries;
      return { entries, isCut: next !== null };
    }
  };
}
