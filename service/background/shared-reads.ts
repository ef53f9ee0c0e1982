/**
 * Reads a value for several callers. Those who ask for the same key at the same time share a read that begins after all of them have asked,
 * so that each of them sees what was written before. Rejects as that read does.
 */
export type SharedReads<T> = (key: string, read: () => Promise<T>) => Promise<T>;

/** The read of a key that is in progress, and the one that begins once it has ended, if anybody waits for that. */
interface Turn<T> {
  current: Promise<T>;
  next: Promise<T> | null;
}

/** Creates shared reads, of which one of each key is in progress at a time. */
export function createSharedReads<T>(): SharedReads<T> {
  const turns = new Map<string, Turn<T>>();

  function begin(key: string, read: () => Promise<T>): Promise<T> {
    // One that throws at once rejects as well.
    const turn: Turn<T> = { current: (async () => read())(), next: null };
    turns.set(key, turn);
    const end = () => {
      if (turn.next === null) turns.delete(key);
    };
    turn.current.then(end, end);
    return turn.current;
  }

  return (key, read) => {
    const turn = turns.get(key);
    if (turn === undefined) return begin(key, read);
    const beginNext = () => begin(key, read);
    turn.next ??= turn.current.then(beginNext, beginNext);
    return turn.next;
  };
}
