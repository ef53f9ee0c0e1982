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
const NOT_LOADED = 'a part of the debugger that it needs could not be loaded: load the page again';

/** Creates a function that answers the requests of a page, one after the other, about one run. */
export function createAnswers(): (request: DebuggerRequest) => Promise<DebuggerAnswer> {
  let reader = createHistoryReader();
  let stepper: Stepper | null = null;
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
    const { id } = request;
    const wasOpened = stepper !== null;
    const first = await attempt(request);
    if (!wasLibraryMissed()) return first;
    // Anything may have come of it, for the run as well: both are dropped.
    stepper = null;
    try {
      await loadLibraries();
    } catch {
      return { id, refused: NOT_LOADED };
    }
    if (wasOpened) await attempt({ id, call: 'open', input: null });
    return attempt(request);
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
