/**
 * Makes a read that is asked for at any time happen one at a time, until the signal is aborted: what is asked for while one is on its way is
 * one further read once that has ended. `isBackground` says that nobody asks but the page itself; `read` learns it if that is so of all who ask.
 */
export function createRounds(
  read: (isBackground: boolean) => Promise<void>,
  signal: AbortSignal,
): (isBackground: boolean) => void {
  let isWanted = false;
  let byPage = true;
  let isReading = false;

  async function work(): Promise<void> {
    isReading = true;
    try {
      while (isWanted && !signal.aborted) {
        const isBackground = byPage;
        isWanted = false;
        byPage = true;
        await read(isBackground);
      }
    } finally {
      isReading = false;
    }
  }

  return (isBackground) => {
    isWanted = true;
    byPage &&= isBackground;
    if (!isReading) void work();
  };
}
