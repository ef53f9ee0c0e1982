import { setImmediate as endOfTurn } from 'node:timers/promises';

/**
 * Reads a value for several callers. Those who ask for the same key at the same time share a read that begins after all of them have asked,
 * so that each of them sees what was written before. Rejects as that read does.
 */
export type SharedReads<T> = (key: string, read: () => Promise<T>) => Promise<T>;

/** The read of a key that has begun or is about to, and the one that begins once it has ended, if anybody waits for that. */
interface Turn<T> {
  current: Promise<T>;
  hasBegun: boolean;
  next: Promise<T> | null;
}

/**
 * Creates shared reads, of which one of each key is in progress at a time. A read begins at the end of the turn of the event loop: requests that
 * arrive together share it, also where a database in this process would have answered the first one before the second is looked at.
 */
export function createSharedReads<T>(): SharedReads<T> {
  const turns = new Map<string, Turn<T>>();

  function begin(key: string, read: () => Promise<T>): Promise<T> {
    const current = endOfTurn().then(() => {
      turn.hasBegun = true;
      return read();
    });
    const turn: Turn<T> = { current, hasBegun: false, next: null };
    turns.set(key, turn);
    const end = () => {
      if (turn.next === null) turns.delete(key);
    };
    current.then(end, end);
    return current;
  }

  return (key, read) => {
    const turn = turns.get(key);
    if (turn === undefined) return begin(key, read);
    if (!turn.hasBegun) return turn.current;
    const beginNext = () => begin(key, read);
    turn.next ??= turn.current.then(beginNext, beginNext);
    return turn.next;
  };
}
