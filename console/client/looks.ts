import { useEffect } from 'preact/hooks';

/** Milliseconds between two looks. */
const LOOK_EVERY = 10_000;

/** Refreshes something for which there is no stream: every ten seconds while the page can be seen, and as soon as it can be seen again. */
export function useLooks(refresh: () => void): void {
  useEffect(() => {
    const look = () => document.visibilityState === 'visible' && refresh();
    const timer = setInterval(look, LOOK_EVERY);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [refresh]);
}
