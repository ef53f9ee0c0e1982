import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { person } from '../../client/session.ts';

/** The drafts of people whose session ended while they wrote, by the person and the place. */
const interrupted = new Map<string, unknown>();

/**
 * Keeps the draft of somebody who changes the thing at a place, such as `/workflows/shop.refund`; null: nothing has been changed. It is lost
 * when the page is left, but not when the session ends: it is there again for the same person who signs in again in this window.
 */
export function useDraft<T>(place: string) {
  const writer = useRef(person.peek()).current;
  const key = `${writer} ${place}`;
  const [draft, setDraft] = useState<T | null>(() => (interrupted.get(key) as T | undefined) ?? null);
  const newest = useRef(draft);
  newest.current = draft;
  useLayoutEffect(() => {
    interrupted.delete(key);
    return () => {
      if (newest.current !== null && person.peek() !== writer) interrupted.set(key, newest.current);
    };
  }, [key]);
  return [draft, setDraft] as const;
}
