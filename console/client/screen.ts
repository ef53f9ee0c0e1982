import { useLayoutEffect, useState } from 'preact/hooks';

/** Screens that are too narrow for two things next to each other. */
const NARROW = '(max-width: 767px)';

/** Returns whether the screen is narrow, now and whenever that changes. */
export function useIsNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  // No change comes between the look and the listener.
  useLayoutEffect(() => {
    const query = matchMedia(NARROW);
    const change = () => setNarrow(query.matches);
    query.addEventListener('change', change);
    return () => query.removeEventListener('change', change);
  }, []);
  return isNarrow;
}
