import { RequestError } from '../../../client/request-error.ts';
import type { DebuggerAnswer, DebuggerCall, DebuggerCalls } from '../../../debugger/protocol.ts';

/** The name of the worker's module, which the build knows. */
declare const DEBUGGER_WORKER: string;

/** The code of a RequestError with which the worker refuses a history, or fails. */
export const NOT_DEBUGGED = 'not_debugged';

/** A worker that recomputes one run at a time. */
export interface DebuggerWorker {
  /** Asks the worker something. Throws a RequestError with the sentence of a refusal. */
  call<Name extends DebuggerCall>(
    name: Name,
    input: DebuggerCalls[Name]['input'],
  ): Promise<DebuggerCalls[Name]['result']>;
  /** Ends the worker; what it was asked is not answered any more. */
  close(): void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: RequestError): void;
}

/** Starts a worker; browsers load it from where this module comes from. */
export function startWorker(): DebuggerWorker {
  const worker = new Worker(new URL(DEBUGGER_WORKER, import.meta.url), { type: 'module' });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let failure: RequestError | null = null;
  worker.addEventListener('message', ({ data: { id, ...answer } }: MessageEvent<DebuggerAnswer>) => {
    const { resolve, reject } = waiting.get(id)!;
    waiting.delete(id);
    if ('result' in answer) resolve(answer.result);
    else reject(refusal('refused' in answer ? sentenceOf(answer.refused) : `The debugger failed: ${answer.failed}`));
  });
  worker.addEventListener('error', () => {
    failure = refusal('The debugger could not be loaded, or has failed.');
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  });
  return {
    call: (name, input) =>
      new Promise((resolve, reject) => {
        if (failure !== null) {
          reject(failure);
          return;
        }
        asked += 1;
        // The worker answers each call with its own result.
        waiting.set(asked, { resolve: resolve as Waiting['resolve'], reject });
        worker.postMessage({ id: asked, call: name, input });
      }),
    close: () => worker.terminate(),
  };
}

function refusal(message: string): RequestError {
  return new RequestError(message, { status: 0, code: NOT_DEBUGGED, requestId: null });
}

function sentenceOf(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
