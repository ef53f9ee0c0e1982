import { useEffect, useRef, useState } from 'preact/hooks';

/** Milliseconds for which a place is shown while all are played. */
const SHOWN = 800;

/** The way of going from place to place. */
export interface Stepping {
  place: number;
  first: number;
  last: number;
  /** Goes to a place; one that is not there is the nearest that is. */
  go: (place: number) => void;
  /** Goes to the previous or next place at which something has changed; null: every place is one. */
  change: ((direction: -1 | 1) => void) | null;
  isPlaying: boolean;
  /** Begins to play, or stops it. */
  play: () => void;
  /** Does what a key does, wherever in the view it is pressed. */
  press: (event: KeyboardEvent) => void;
}

/** The places that are stepped through. */
interface Places {
  place: number;
  first: number;
  last: number;
  show: (place: number) => void;
  /** See Stepping. Resolves to false if the place could not be found, which ends the playing. */
  change: ((direction: -1 | 1) => Promise<boolean>) | null;
  /** Whether what is shown is that of the place: the next one is not played before. */
  isShown: boolean;
}

/** Leads through places by buttons and keys, and by the clock while they are played. */
export function useStepping({ place, first, last, show, change, isShown }: Places): Stepping {
  const [isPlaying, setPlaying] = useState(false);
  const within = (wanted: number) => Math.min(last, Math.max(first, wanted));
  const next = useRef(async () => {});
  next.current = async () => {
    if (change === null) show(within(place + 1));
    else if (!(await change(1))) setPlaying(false);
  };
  const isOver = place >= last;
  useEffect(() => {
    if (isOver) setPlaying(false);
  }, [isOver]);
  useEffect(() => {
    if (!isPlaying || !isShown) return;
    const timer = setTimeout(() => void next.current(), SHOWN);
    return () => clearTimeout(timer);
  }, [isPlaying, isShown, place]);

  function go(wanted: number) {
    setPlaying(false);
    show(within(wanted));
  }
  function goToChange(direction: -1 | 1) {
    setPlaying(false);
    void change?.(direction);
  }
  const byKey: Record<string, () => void> = {
    '[': () => go(place - 1),
    ']': () => go(place + 1),
    Home: () => go(first),
    End: () => go(last),
    ...(change === null ? {} : { p: () => goToChange(-1), n: () => goToChange(1) }),
  };

  return {
    place,
    first,
    last,
    go,
    change: change === null ? null : goToChange,
    isPlaying,
    play: () => setPlaying((was) => !was && !isOver),
    press(event) {
      // Such a key is the browser's; and in a field it is what somebody writes or chooses.
      if (isShortcut(event) || isField(event.target)) return;
      const act = Object.hasOwn(byKey, event.key) ? byKey[event.key] : undefined;
      if (act === undefined) return;
      event.preventDefault();
      act();
    },
  };
}

/** Whether a key is pressed with one that makes it a shortcut. AltGr, with which many keyboards write `[`, is reported as Ctrl and Alt, too. */
function isShortcut(event: KeyboardEvent): boolean {
  return event.metaKey || ((event.ctrlKey || event.altKey) && !event.getModifierState('AltGraph'));
}

function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches('input:not([type=range]), select, textarea');
}
