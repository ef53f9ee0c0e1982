import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { RequestError, request } from '../../../client/request.ts';
import type { LogLine } from '../../../client/shapes.ts';

/** Entries that are read at once, and the most that are shown. */
const READ_AT_ONCE = 1_000;
const MOST = 10_000;

/** The log of a run, as far as it has been read. */
export interface RunLog {
  /** Undefined before anything has been read. */
  entries: readonly LogLine[] | undefined;
  error: RequestError | null;
  /** Whether the log goes on after what is shown, because it is too long. */
  isCut: boolean;
  reload: () => void;
}

/** Reads the log of a run, and what has been added to it whenever `stamp` changes. `path` is that of the run. */
export function useLog(path: string, stamp: string): RunLog {
  const [state, setState] = useState<Omit<RunLog, 'reload'>>({ entries: undefined, error: null, isCut: false });
  const read = useRef<LogLine[]>([]);
  const [times, setTimes] = useState(0);
  const reload = useCallback(() => setTimes((before) => before + 1), []);
  useEffect(() => {
    const stop = new AbortController();
    readOn(path, read.current, stop.signal).then(
      (isCut) => setState({ entries: [...read.current], error: null, isCut }),
      (error: unknown) => {
        if (stop.signal.aborted) return;
        if (!(error instanceof RequestError)) throw error;
        setState(({ entries, isCut }) => ({ entries, error, isCut }));
      },
    );
    return () => stop.abort();
  }, [path, stamp, times]);
  return { ...state, reload };
}

/** Appends the entries that have been added since. Returns whether more follow than are shown. */
async function readOn(path: string, entries: LogLine[], signal: AbortSignal): Promise<boolean> {
  for (;;) {
    // The cursor of a log is the number of the entries before it.
    const query = new URLSearchParams({ limit: String(READ_AT_ONCE), cursor: String(entries.length) });
    const { data, next_cursor: next } = await request<{ data: LogLine[]; next_cursor: string | null }>(
      `${path}/logs?${query}`,
      { signal },
    );
    entries.push(...data);
    if (next === null) return false;
    if (entries.length >= MOST) return true;
  }
}
