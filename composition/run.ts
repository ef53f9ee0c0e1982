import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { type Config, ConfigError, readConfig } from '../model/config.ts';
import { describeError, redactMessage } from '../model/log.ts';

/** Undoes something when the process ends. */
export type Undo = () => Promise<void>;

/** A promise with the functions that settle it. */
export function defer<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: Error): void } {
  let [resolve, reject]: [(value: T) => void, (error: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<T>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}

/**
 * Reads the settings and runs a process. An error is printed as a message without a stack, and the process exits with 1. `quiet` omits
 * the warnings, if the process that started this one has printed them.
 */
export async function runMain(main: (config: Config) => Promise<void>, warn: 'warn' | 'quiet' = 'warn'): Promise<void> {
  try {
    const { config, warnings } = readConfig(process.env);
    const node = nodeWarning(process.versions.node);
    if (warn === 'quiet') warnings.length = 0;
    else if (node !== null) warnings.unshift(node);
    for (const warning of warnings) console.error(`warning: ${warning}`);
    await main(config);
  } catch (error) {
    const detail = process.env.FERMATA_LOG_LEVEL === 'debug' && !(error instanceof ConfigError);
    console.error(detail ? describeError(error) : `fermata: ${redactMessage(error as Error)}`);
    process.exitCode = 1;
    // Open handles would keep the process alive although it has nothing left to do.
    process.exit();
  }
}

/** How much larger, in percent, the old part of a heap may become than it was after it was last collected. */
const HEAP_GROWTH = 100;

/** The limit of a heap, in bytes, below which V8 itself lets it grow by less than that. */
const LARGE_HEAP = 2 * 1024 ** 3;

/**
 * Has V8 collect the heaps of this process before they have become twice as large as what is in use. With much memory to be had it would let
 * them become four times as large while requests arrive fast.
 */
export function limitHeapGrowth(): void {
  if (getHeapStatistics().heap_size_limit < LARGE_HEAP) return;
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
}

/** Returns a warning for a Node.js version that is not supported, or gets no security fixes any more; null for any other version. */
export function nodeWarning(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major >= 24 || (major === 22 && minor >= 13)) return null;
  const fault =
    major === 20 && minor >= 19
      ? 'has had no security fixes since April 2026'
      : 'is not supported, and may fail anywhere';
  return `Node.js ${version} ${fault}; Node.js 24 is recommended, and 22 is supported from 22.13`;
}

/** Milliseconds after the first signal during which another is the same one, passed on by npm or sent to the process group. */
const SAME_SIGNAL = 1_000;

/** Resolves at the first Ctrl-C or SIGTERM; another one after a second ends the process at once. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: number | null = null;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (first !== null && performance.now() - first > SAME_SIGNAL) process.exit(130);
        first ??= performance.now();
        resolve(signal);
      });
    }
  });
}

/** Undoes everything in reverse order. Each step is tried even if another fails. */
export async function undoAll(undos: Undo[], onError: (error: unknown) => void): Promise<void> {
  for (const undo of undos.splice(0).reverse()) await undo().catch(onError);
}

/** Starts work that runs until its signal is aborted; returns a function that aborts it and waits for its end. */
export function keepRunning(run: (signal: AbortSignal) => Promise<void>): Undo {
  const stop = new AbortController();
  const running = run(stop.signal);
  return async () => {
    stop.abort();
    await running;
  };
}
