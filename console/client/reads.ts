import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type ApiRequestOptions, request } from './request.ts';
import { RequestError } from './request-error.ts';
import { createRounds } from './rounds.ts';

/** Something that is read from the API, at whatever stage. */
export interface ReadState<T> {
  /** Undefined before it has been read once. */
  value: T | undefined;
  /** The path that is read. */
  path: string | null;
  /** The path that `value` was read from, which is another one while the answer is on its way, and if it could not be read. */
  from: string | null;
  /** Why the last attempt failed. */
  error: RequestError | null;
  isLoading: boolean;
  /** Reads it again because somebody wants that; what was read before stays until then. */
  reload: () => void;
  /** Reads it again because it may have changed, which does not count as use of the session. */
  refresh: () => void;
}

/**
 * Reads a path of the API, and again whenever it changes; null reads nothing. What was read last stays while the next one is on its way, and
 * an answer that comes too late is dropped. A path is read by one request at a time. `read` reads JSON unless another function is given,
 * which must be the same as long as the path is.
 */
export function useRead<T>(
  path: string | null,
  read: (path: string, sent: ApiRequestOptions) => Promise<T> = request,
): ReadState<T> {
  const [state, setState] = useState<Omit<ReadState<T>, 'path' | 'reload' | 'refresh'>>({
    value: undefined,
    from: null,
    error: null,
    isLoading: true,
  });
  const ask = useRef<(isBackground: boolean) => void>(() => {});
  const reload = useCallback(() => ask.current(false), []);
  const refresh = useCallback(() => ask.current(true), []);
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    const readOnce = async (isBackground: boolean) => {
      setState(({ value, from, error }) => ({ value, from, error, isLoading: true }));
      try {
        const value = await read(path, { signal: stop.signal, isBackground });
        if (!stop.signal.aborted) setState({ value, from: path, error: null, isLoading: false });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof RequestError)) throw error;
        setState(({ value, from }) => ({ value, from, error, isLoading: false }));
      }
    };
    ask.current = createRounds(readOnce, stop.signal);
    reload();
    return () => stop.abort();
  }, [path, read]);
  return { ...state, path, reload, refresh };
}

/** Refreshes what was read whenever a stamp changes. */
export function useStamp(stamp: string, refresh: () => void): void {
  const last = useRef(stamp);
  useEffect(() => {
    if (last.current !== stamp) refresh();
    last.current = stamp;
  }, [stamp, refresh]);
}
