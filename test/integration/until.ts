/** Asks until an answer satisfies a condition. */
export async function until<T>(ask: () => Promise<T>, satisfied: (value: T) => boolean, seconds = 240): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await ask();
    if (satisfied(value)) return value;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} seconds: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
