/** Milliseconds between two questions: the first, and the longest; a condition that takes long is asked for less often. */
const [FIRST, LONGEST] = [20, 250];

/** Asks until an answer satisfies a condition. */
export async function until<T>(ask: () => Promise<T>, satisfied: (value: T) => boolean, seconds = 240): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (let pause = FIRST; ; pause = Math.min(LONGEST, pause * 1.4)) {
    const value = await ask();
    if (satisfied(value)) return value;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} seconds: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
