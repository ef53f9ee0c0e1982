import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { DebuggerAnswer, DebuggerCall, DebuggerCalls } from '../../../console/debugger/protocol.ts';

/** A worker that was built for browsers, in a thread. */
export interface BuiltWorker {
  ask<Name extends DebuggerCall>(call: Name, input: DebuggerCalls[Name]['input']): Promise<DebuggerAnswer>;
  close(): Promise<unknown>;
}

/** Gives a module the two functions of a browser's worker that it uses. */
const BROWSER = `
  const { parentPort, workerData } = require('node:worker_threads');
  globalThis.addEventListener = (_, listener) => parentPort.on('message', (data) => listener({ data }));
  globalThis.postMessage = (data) => parentPort.postMessage(data);
  import(workerData);
`;

/** Starts the worker of a file. */
export function startBuiltWorker(file: string): BuiltWorker {
  const thread = new Worker(BROWSER, { eval: true, workerData: file });
  let asked = 0;
  return {
    async ask(call, input) {
      asked += 1;
      thread.postMessage({ id: asked, call, input });
      // It answers one request after the other.
      const [answer] = await once(thread, 'message');
      return answer;
    },
    close: () => thread.terminate(),
  };
}
