import { useCallback, useState } from 'preact/hooks';

/** Returns a function that has the component drawn again, for what it shows but does not hold as its state. */
export function useRedraw(): () => void {
  const [, count] = useState(0);
  return useCallback(() => count((times) => times + 1), []);
}
