/** The longest timer of Node.js, in milliseconds: 24 days. */
const MAX_TIMER = 2 ** 31 - 1;

/**
 * The signals of one piece of work. Those of AbortSignal.any and AbortSignal.timeout are kept by Node.js, with all that listens to them, until
 * they are aborted, however long ago the work has ended; these are let go when the scope ends, and are not aborted after that.
 */
export interface SignalScope {
  /** Returns a signal that is aborted when one of others is, for the same reason. */
  eitherOf(signals: readonly AbortSignal[]): AbortSignal;
  /** Returns a signal that is aborted after some milliseconds, at most 24 days, with a TimeoutError. It keeps no process running. */
  timeLimit(milliseconds: number): AbortSignal;
  end(): void;
}

/** Creates the scope of a piece of work, which must end it. */
export function createSignalScope(): SignalScope {
  const releases: (() => void)[] = [];
  return {
    eitherOf(signals) {
      const either = new AbortController();
      for (const signal of signals) {
        const abort = () => either.abort(signal.reason);
        if (signal.aborted) abort();
        signal.addEventListener('abort', abort, { once: true });
        releases.push(() => signal.removeEventListener('abort', abort));
      }
      return either.signal;
    },
    timeLimit(milliseconds) {
      const over = new AbortController();
      const end = () => over.abort(new DOMException('the time is over', 'TimeoutError'));
      const timer = setTimeout(end, Math.min(Math.ceil(milliseconds), MAX_TIMER)).unref();
      releases.push(() => clearTimeout(timer));
      return over.signal;
    },
    end() {
      for (const release of releases.splice(0)) release();
    },
  };
}
