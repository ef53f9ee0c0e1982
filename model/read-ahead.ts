/**
 * Begins to read a source, and reads it ahead: while somebody works with what it has given, it already fetches what comes next, no more than
 * some steps.
 */
export function readAhead<T>(source: AsyncIterable<T>, steps = 1): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]();
  const fetch = () => {
    const step = iterator.next();
    // Whoever comes this far gets the error; it is not an unhandled one until then, or if nobody does.
    step.catch(() => {});
    return step;
  };
  return readFetched(iterator, Array.from({ length: steps }, fetch), fetch);
}

async function* readFetched<T>(
  iterator: AsyncIterator<T>,
  fetched: Promise<IteratorResult<T>>[],
  fetch: () => Promise<IteratorResult<T>>,
): AsyncGenerator<T, void> {
  try {
    for (let step = await fetched.shift()!; !step.done; step = await fetched.shift()!) {
      fetched.push(fetch());
      yield step.value;
    }
  } finally {
    // Whoever ends early does not wait for what is still being fetched.
    void iterator.return?.().catch(() => {});
  }
}

/** Reads sources one after another, each ahead by some steps; while one is read, the next one has begun. */
export async function* readInTurn<T>(sources: readonly AsyncIterable<T>[], steps: number): AsyncGenerator<T, void> {
  const [first, ...others] = sources;
  let next = first && readAhead(first, steps);
  while (next !== undefined) {
    const current = next;
    const following = others.shift();
    next = following && readAhead(following, steps);
    yield* current;
  }
}
