import { Worker } from 'node:worker_threads';
import { type JobMessage, restoreError, type ThreadMessage, workExceeded } from './messages.ts';

/** The size of a thread's heap, in MiB. */
const HEAP = 256;

/** A thread, which runs one job at a time. */
export interface Thread {
  /** True until it has ended or was asked to. */
  readonly alive: boolean;
  /**
   * Runs a job; JSON is transferred, and the result is JSON as UTF-8. Throws what the job throws, and `work_exceeded` after some
   * milliseconds or without memory; the thread has ended then.
   */
  run(job: JobMessage, milliseconds: number): Promise<Uint8Array>;
  end(): Promise<void>;
}

/** Starts a thread that runs a module (CommonJS source). Throws what the module throws when it is loaded. */
export async function startThread(source: string): Promise<Thread> {
  const worker = new Worker(source, {
    eval: true,
    name: 'fermata-pool',
    // The thread needs neither a TypeScript loader nor the environment.
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: HEAP },
  });
  worker.unref();
  let alive = true;
  let settle: { resolve(answer: ThreadMessage): void; reject(error: Error): void } | null = null;

  const answer = () =>
    new Promise<ThreadMessage>((resolve, reject) => {
      settle = { resolve, reject };
    });
  const fail = (error: Error): void => {
    alive = false;
    settle?.reject(error);
  };
  worker.on('message', (message: ThreadMessage) => settle?.resolve(message));
  worker.on('error', (error: NodeJS.ErrnoException) =>
    fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? workExceeded() : error),
  );
  worker.on('exit', () => fail(new Error('a thread has ended while it worked')));
  await answer();

  async function end(): Promise<void> {
    alive = false;
    await worker.terminate();
  }

  return {
    get alive() {
      return alive;
    },
    end,
    async run(job, milliseconds) {
      const answered = answer();
      const timer = setTimeout(() => {
        settle?.reject(workExceeded());
        void end();
      }, milliseconds);
      worker.postMessage(job, 'json' in job.input ? [job.input.json.buffer] : []);
      try {
        const message = await answered;
        if (message === 'ready') throw new Error('a thread answers without a job');
        if ('error' in message) throw restoreError(message.error);
        return message.result;
      } finally {
        clearTimeout(timer);
        settle = null;
      }
    },
  };
}
