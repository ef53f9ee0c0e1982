/** Reads a source one step ahead: while somebody works with what it has given, it already fetches what comes next. */
export async function* readAhead<T>(source: AsyncIterable<T>): AsyncGenerator<T, void> {
  const steps = source[Symbol.asyncIterator]();
  const fetch = () => {
    const step = steps.next();
    // Whoever comes this far gets the error; it is not an unhandled one until then, or if nobody does.
    step.catch(() => {});
    return step;
  };
  try {
    let step = await fetch();
    while (!step.done) {
      const next = fetch();
      yield step.value;
      step = await next;
    }
  } finally {
    await steps.return?.();
  }
}
