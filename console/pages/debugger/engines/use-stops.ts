import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { RequestError } from '../../../client/request-error.ts';
import { createRounds } from '../../../client/rounds.ts';
import type { Stop } from '../../../debugger/protocol.ts';
import type { Engine } from './engine.ts';
import { askFor, type Wish } from './wishes.ts';

/** The stop that is shown, and whether it is the one that was wished for. */
export interface StopState {
  /** Undefined before the first one. */
  stop: Stop | undefined;
  /** Why the event that is wished for cannot be shown; `stop` is then another one. */
  error: RequestError | null;
  isShown: boolean;
  retry: () => void;
}

/** Goes to the event that is wished for. What was shown stays until then; wishes that are overtaken by others are left out. */
export function useStops(engine: Engine, { event, selected, offset }: Wish): StopState {
  const [state, setState] = useState<{ stop: Stop | undefined; wish: string; error: RequestError | null }>({
    stop: undefined,
    wish: '',
    error: null,
  });
  const wish = useRef<Wish>({ event, selected, offset });
  wish.current = { event, selected, offset };
  const ask = useRef(() => {});
  // Effects of the layout do not wait until what was there before has been painted once more.
  useLayoutEffect(() => {
    const end = new AbortController();
    const round = createRounds(async () => {
      const wished = wish.current;
      try {
        const stop = await engine.stop(askFor(wished));
        if (!end.signal.aborted) setState({ stop, wish: nameOf(wished), error: null });
      } catch (error) {
        if (end.signal.aborted) return;
        if (!(error instanceof RequestError)) throw error;
        setState(({ stop }) => ({ stop, wish: nameOf(wished), error }));
      }
    }, end.signal);
    ask.current = () => round(false);
    return () => end.abort();
  }, [engine]);
  useLayoutEffect(() => ask.current(), [engine, event, selected, offset]);
  const isAnswered = state.wish === nameOf(wish.current);
  return {
    stop: state.stop,
    error: isAnswered ? state.error : null,
    isShown: isAnswered && state.error === null,
    retry: () => ask.current(),
  };
}

function nameOf({ event, selected, offset }: Wish): string {
  return JSON.stringify([event, selected, offset]);
}
