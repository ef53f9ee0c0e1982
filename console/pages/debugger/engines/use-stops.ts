import { useEffect, useRef, useState } from 'preact/hooks';
import { RequestError } from '../../../client/request-error.ts';
import { createRounds } from '../../../client/rounds.ts';
import type { Stop } from '../../../debugger/protocol.ts';
import type { Engine } from './engine.ts';

/** How many rows the table of tasks has. */
export const TASK_ROWS = 25;

/** The wish to see a run at an event. */
export interface Wish {
  event: number;
  /** The key of the task whose input is shown; null: the one that the event is about. */
  selected: string | null;
  /** The first row of the table of tasks; null: its last rows. */
  offset: number | null;
}

/** The stop that is shown, and whether it is the one that was wished for. */
export interface StopState {
  /** Undefined before the first one. */
  stop: Stop | undefined;
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
  useEffect(() => {
    const end = new AbortController();
    const round = createRounds(async () => {
      const wished = wish.current;
      try {
        const stop = await goTo(engine, wished);
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
  useEffect(() => ask.current(), [engine, event, selected, offset]);
  return {
    stop: state.stop,
    error: state.error,
    isShown: state.wish === nameOf(wish.current),
    retry: () => ask.current(),
  };
}

/** Shows what is wished for; what is not said is known only once the event is. */
async function goTo(engine: Engine, { event, selected, offset }: Wish): Promise<Stop> {
  const ask = (task: string | null, from: number) =>
    engine.stop({ event, rows: { offset: from, limit: TASK_ROWS }, selected: task });
  const stop = await ask(selected, offset ?? 0);
  const task = selected ?? subjectOf(stop);
  const from = offset ?? lastRows(stop.tasks.total);
  return task === selected && from === stop.tasks.offset ? stop : ask(task, from);
}

/** Returns the key of the task that an event is about: its own, one whose transitions were decided upon, or one that has changed. */
function subjectOf({ history, changes, transitions }: Stop): string | null {
  const changed = changes.find((change) => change.what === 'task');
  return history.task ?? transitions[0]?.from ?? changed?.key ?? null;
}

function lastRows(total: number): number {
  return Math.floor(Math.max(0, total - 1) / TASK_ROWS) * TASK_ROWS;
}

function nameOf({ event, selected, offset }: Wish): string {
  return JSON.stringify([event, selected, offset]);
}
