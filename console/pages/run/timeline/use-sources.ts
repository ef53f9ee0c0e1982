import { useCallback, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { useStamp } from '../../../client/reads.ts';
import { useRedraw } from '../../../client/redraw.ts';
import { request } from '../../../client/request.ts';
import type { RequestError } from '../../../client/request-error.ts';
import { type Choice, createSources, type Sources } from './sources.ts';
import { findError, refreshBranch } from './tree.ts';

/** The timeline of a run, at whatever stage. */
interface SourcesReading {
  sources: Sources;
  /** Why something that is shown could not be read. */
  error: RequestError | null;
  /** Reads again what may have changed, and what could not be read. */
  refresh: () => void;
}

/** Reads the timeline of a run, again whenever the stamp changes. */
export function useSources(path: string, choice: Choice, stamp: string): SourcesReading {
  const redraw = useRedraw();
  const stop = useRef<AbortController | null>(null);
  const sources = useMemo(() => {
    stop.current?.abort();
    stop.current = new AbortController();
    const { signal } = stop.current;
    return createSources({
      path,
      choice,
      request: (asked) => request(asked, { signal, isBackground: true }),
      signal,
      onChange: () => {
        if (!signal.aborted) redraw();
      },
    });
  }, [path, choice, redraw]);
  useLayoutEffect(() => () => stop.current?.abort(), []);
  const refresh = useCallback(() => refreshBranch(sources.root), [sources]);
  useStamp(stamp, refresh);
  return { sources, error: findError(sources.root), refresh };
}
