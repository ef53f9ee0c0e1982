import { useCallback, useEffect, useState } from 'preact/hooks';
import { RequestError, request, type Sent } from './request.ts';

/** Something that is read from the API, at whatever stage. */
export interface ReadState<T> {
  /** Undefined before it has been read once. */
  value: T | undefined;
  /** The path that it was read from. */
  from: string | null;
  /** Why the last attempt failed. */
  error: RequestError | null;
  isLoading: boolean;
  /** Reads it again; what was read before stays until then. */
  reload: () => void;
}

/**
 * Reads a path of the API, and again whenever it changes; null reads nothing. What was read last stays while the next one is on its way, and
 * an answer that comes too late is dropped. `read` reads JSON unless another function is given, which must always be the same.
 */
export function useRead<T>(
  path: string | null,
  read: (path: string, sent: Sent) => Promise<T> = request,
): ReadState<T> {
  const [state, setState] = useState<Omit<ReadState<T>, 'reload'>>({
    value: undefined,
    from: null,
    error: null,
    isLoading: true,
  });
  const [times, setTimes] = useState(0);
  const reload = useCallback(() => setTimes((before) => before + 1), []);
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    setState(({ value, from, error }) => ({ value, from, error, isLoading: true }));
    read(path, { signal: stop.signal }).then(
      (value) => stop.signal.aborted || setState({ value, from: path, error: null, isLoading: false }),
      (error: unknown) => {
        if (stop.signal.aborted) return;
        if (!(error instanceof RequestError)) throw error;
        setState(({ value, from }) => ({ value, from, error, isLoading: false }));
      },
    );
    return () => stop.abort();
  }, [path, read, times]);
  return { ...state, reload };
}
