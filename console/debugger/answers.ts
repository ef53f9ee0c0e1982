import { createHistoryReader, NOT_A_HISTORY } from './history-file.ts';
import { loadLibraries, wasLibraryMissed } from './late-libraries.ts';
import {
  type DebuggerAnswer,
  type DebuggerCall,
  type DebuggerCalls,
  type DebuggerRequest,
  RefusedHistory,
} from './protocol.ts';
import { createStepper, type Stepper } from './stepper.ts';

type Result<Name extends DebuggerCall> = DebuggerCalls[Name]['result'];
type Handlers = {
  [Name in DebuggerCall]: (input: DebuggerCalls[Name]['input']) => Result<Name> | Promise<Result<Name>>;
};

/** The sentence about a history that needs a library which cannot be loaded. */
const NOT_LOADED = 'a part of the debugger could not be loaded: load the page again';

/** The requests that compute something, and may be the first to use a library. Repeating them changes nothing. */
const COMPUTING: ReadonlySet<DebuggerCall> = new Set<DebuggerCall>(['open', 'stop', 'find']);

/** Creates a function that answers the requests of a page, one after the other, about one run. */
export function createAnswers(): (request: DebuggerRequest) => Promise<DebuggerAnswer> {
  let reader = createHistoryReader();
  let stepper: Stepper | null = null;
  /** The answer that says why nothing can be computed for this run; null: it can. */
  let hopeless: DebuggerAnswer | null = null;
  let before: Promise<unknown> = Promise.resolve();

  function opened(): Stepper {
    if (stepper === null) throw new TypeError('no history has been opened');
    return stepper;
  }

  const handlers: Handlers = {
    async prepare() {
      await loadLibraries();
      return null;
    },
    begin() {
      reader = createHistoryReader();
      stepper = null;
      hopeless = null;
      return null;
    },
    read({ text }) {
      refuseOthers(() => reader.read(text));
      return null;
    },
    open() {
      stepper = refuseOthers(() => createStepper(reader.end()));
      return stepper.opened;
    },
    stop: (request) => opened().stop(request),
    find: (search) => opened().find(search),
  };

  async function attempt({ id, call, input }: DebuggerRequest): Promise<DebuggerAnswer> {
    try {
      // Each call comes with its own input.
      return { id, result: await handlers[call](input as never) };
    } catch (error) {
      if (error instanceof RefusedHistory) return { id, refused: error.message };
      return { id, failed: error instanceof Error ? error.message : String(error) };
    }
  }

  async function answer(request: DebuggerRequest): Promise<DebuggerAnswer> {
    const { id, call } = request;
    if (hopeless !== null && COMPUTING.has(call)) return { ...hopeless, id };
    const wasOpened = stepper !== null;
    const first = await attempt(request);
    if (!wasLibraryMissed() || !COMPUTING.has(call)) return first;
    // Anything may have come of it, for the run as well: both are dropped.
    stepper = null;
    hopeless = await loadLate(id, wasOpened);
    return hopeless ?? attempt(request);
  }

  /** Loads the libraries, and opens the run again if it was open. Returns the answer that says why that failed; null: it did not. */
  async function loadLate(id: number, wasOpened: boolean): Promise<DebuggerAnswer | null> {
    try {
      await loadLibraries();
    } catch {
      return { id, refused: NOT_LOADED };
    }
    if (!wasOpened) return null;
    const opening = await attempt({ id, call: 'open', input: null });
    return 'result' in opening ? null : opening;
  }

  return (request) => {
    const answered = before.then(() => answer(request));
    before = answered;
    return answered;
  };
}

/** Reads what anybody may have written: a text with which reading or replaying fails is not a history. Throws a RefusedHistory. */
function refuseOthers<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RefusedHistory) throw error;
    throw new RefusedHistory(NOT_A_HISTORY, { cause: error });
  }
}
