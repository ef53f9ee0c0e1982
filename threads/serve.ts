import { parentPort } from 'node:worker_threads';
import { decode, encode, type JobMessage, packError, type ThreadMessage } from './messages.ts';

/** The most bytes of a job's result, as JSON: the event loop of the API must be able to read it. */
const MAX_RESULT = 32 * 1024 * 1024;

/** Runs jobs in this thread with functions from input to result, or to the promise of one; whoever sends a job waits for the one before. */
export function serveJobs(jobs: Readonly<Record<string, (input: never) => unknown>>): void {
  const port = parentPort;
  if (port === null) throw new Error('this module runs in a thread of the pool');
  port.on('message', async ({ name, input }: JobMessage) => {
    let answer: ThreadMessage;
    try {
      const job = jobs[name];
      if (job === undefined) throw new Error(`there is no job "${name}"`);
      const result = encode(await job(('json' in input ? decode(input.json) : input.value) as never)); // the pool's types match names with inputs
      if (result.byteLength > MAX_RESULT) throw new RangeError(`the result has ${result.byteLength} bytes`);
      answer = { result };
    } catch (error) {
      answer = { error: packError(error) };
    }
    port.postMessage(answer, 'result' in answer ? [answer.result.buffer] : []);
  });
  port.postMessage('ready' satisfies ThreadMessage);
}
