/** SQLSTATE `deadlock_detected`. */
const DEADLOCK = '40P01';

/** The times that a statement is tried. */
const TRIES = 4;

/**
 * Runs a statement again when Postgres has ended it for a deadlock, which it does to one of those that wait for each other: the others go on,
 * and so does this one behind them. Only for a statement that is a transaction, or a whole transaction. Throws what the last try throws.
 */
export async function againAfterDeadlock<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (tries >= TRIES || !isDeadlock(error)) throw error;
    }
  }
}

function isDeadlock(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ((current as { code?: unknown }).code === DEADLOCK) return true;
  }
  return false;
}
