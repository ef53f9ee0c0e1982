import { useEffect } from 'preact/hooks';

/** The interval, in milliseconds, of things that change seldom. */
export const EVERY_TEN_SECONDS = 10_000;

/** Refreshes something for which there is no stream, while the page can be seen; null refreshes nothing. */
export function usePolling(refresh: (() => void) | null, milliseconds: number): void {
  useEffect(() => (refresh === null ? undefined : poll(refresh, milliseconds)), [refresh, milliseconds]);
}

/** Refreshes at an interval while the page can be seen, and as soon as it can be seen again; returns a function that stops it. */
export function poll(refresh: () => void, milliseconds: number): () => void {
  const refreshIfSeen = () => document.visibilityState === 'visible' && refresh();
  const timer = setInterval(refreshIfSeen, milliseconds);
  document.addEventListener('visibilitychange', refreshIfSeen);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', refreshIfSeen);
  };
}
