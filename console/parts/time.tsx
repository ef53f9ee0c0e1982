import { useEffect, useState } from 'preact/hooks';
import { durationText } from './words.ts';

const TODAY = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const THIS_YEAR = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const OTHER = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** An instant in the reader's own time; its title is the instant itself. */
export function Instant({ at }: { at: string }) {
  const date = new Date(at);
  const now = new Date();
  const isToday = date.toDateString() === now.toDateString();
  const format = isToday ? TODAY : date.getFullYear() === now.getFullYear() ? THIS_YEAR : OTHER;
  return (
    <time dateTime={at} title={at}>
      {format.format(date)}
    </time>
  );
}

/** Milliseconds between two looks at the clock. */
const LOOK_EVERY = 1_000;

/** Returns an instant in milliseconds; where it is null, the time that it is now, as that passes. */
export function useNow(instant: string | null): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (instant !== null) return;
    const timer = setInterval(() => setNow(Date.now()), LOOK_EVERY);
    return () => clearInterval(timer);
  }, [instant]);
  return instant === null ? now : Date.parse(instant);
}

/** How long something took, or has taken until now. */
export function Duration({ from, to }: { from: string; to: string | null }) {
  const passed = useNow(to) - Date.parse(from);
  // The clock of the API may be ahead; and what goes on has no use for parts of a second.
  return <>{durationText(to === null ? Math.max(1_000, Math.floor(passed / 1_000) * 1_000) : passed)}</>;
}
