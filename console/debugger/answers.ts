import { createHistoryReader, NOT_A_HISTORY } from './history-file.ts';
import {
  type DebuggerAnswer,
  type DebuggerCall,
  type DebuggerCalls,
  type DebuggerRequest,
  RefusedHistory,
} from './protocol.ts';
import { createStepper, type Stepper } from './stepper.ts';

type Handlers = { [Name in DebuggerCall]: (input: DebuggerCalls[Name]['input']) => DebuggerCalls[Name]['result'] };

/** Creates a function that answers the requests of a page, one after the other, about one run. */
export function createAnswers(): (request: DebuggerRequest) => DebuggerAnswer {
  let reader = createHistoryReader();
  let stepper: Stepper | null = null;

  function opened(): Stepper {
    if (stepper === null) throw new TypeError('no history has been opened');
    return stepper;
  }

  const handlers: Handlers = {
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

  return ({ id, call, input }) => {
    try {
      // Each call comes with its own input.
      return { id, result: handlers[call](input as never) };
    } catch (error) {
      if (error instanceof RefusedHistory) return { id, refused: error.message };
      return { id, failed: error instanceof Error ? error.message : String(error) };
    }
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
