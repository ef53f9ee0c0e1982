import { RequestError } from '../../../client/request-error.ts';

/** Reads what is missing, one thing at a time. */
interface Reader {
  /** Why the last read failed; null where it did not. */
  readonly error: RequestError | null;
  /** Reads what is missing, unless the last read failed: then nothing is read before `refresh`. */
  demand(): void;
  /** Reads what is missing, even after a failure. Settles when nothing is missing any more, or a read has failed. */
  refresh(): Promise<void>;
}

/** The surroundings of a reader. */
interface ReaderOptions {
  /** Begins to read the next thing that is missing; null where nothing is. */
  next: () => Promise<void> | null;
  /** Aborted when nobody wants to know any more. */
  signal: AbortSignal;
  /** Called when something has been read, or could not be. */
  onChange: () => void;
}

/** Creates a reader. */
export function createReader({ next, signal, onChange }: ReaderOptions): Reader {
  let error: RequestError | null = null;
  let isReading = false;
  let latest = Promise.resolve();

  async function work(): Promise<void> {
    isReading = true;
    try {
      for (let read = next(); read !== null && !signal.aborted; read = next()) {
        await read;
        onChange();
      }
    } catch (thrown) {
      if (signal.aborted) return;
      if (!(thrown instanceof RequestError)) throw thrown;
      error = thrown;
      onChange();
    } finally {
      isReading = false;
    }
  }

  function start(): Promise<void> {
    if (!isReading) latest = work();
    return latest;
  }

  return {
    get error() {
      return error;
    },
    demand() {
      if (error === null) void start();
    },
    refresh() {
      error = null;
      return start();
    },
  };
}
