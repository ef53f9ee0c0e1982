import { useEffect, useRef, useState } from 'preact/hooks';
import { RequestError } from '../../../client/request-error.ts';
import type { Engine } from './engine.ts';

/** An engine, at whatever stage. */
export interface EngineState {
  engine: Engine | undefined;
  error: RequestError | null;
  isOpening: boolean;
  /** Opens another one; the one before stays until then. */
  reopen: () => void;
}

/** Opens an engine. The signal is aborted when it is no longer needed. `open` throws a RequestError. */
export function useEngine(open: (signal: AbortSignal) => Promise<Engine>): EngineState {
  const [state, setState] = useState<Omit<EngineState, 'reopen'>>({ engine: undefined, error: null, isOpening: true });
  const [times, setTimes] = useState(0);
  const shown = useRef<AbortController | null>(null);
  useEffect(() => {
    const opening = new AbortController();
    setState(({ engine, error }) => ({ engine, error, isOpening: true }));
    open(opening.signal).then(
      (engine) => {
        if (opening.signal.aborted) return;
        shown.current?.abort();
        shown.current = opening;
        setState({ engine, error: null, isOpening: false });
      },
      (error: unknown) => {
        if (opening.signal.aborted) return;
        opening.abort();
        if (!(error instanceof RequestError)) throw error;
        setState(({ engine }) => ({ engine, error, isOpening: false }));
      },
    );
    return () => shown.current !== opening && opening.abort();
  }, [times]);
  useEffect(() => () => shown.current?.abort(), []);
  return {
    engine: state.engine,
    error: state.error,
    isOpening: state.isOpening,
    reopen: () => setTimes((before) => before + 1),
  };
}
