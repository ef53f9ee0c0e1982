import { Connection, type ConnectionOptions, isGrpcServiceError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { type Config, ConfigError, readConfig } from '../model/config.ts';
import { describeError, redactMessage } from '../model/log.ts';
import { channelArgsFor } from './ports.ts';

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

/** Returns a warning for a Node.js version that gets no security fixes any more; null for any other version. */
export function nodeWarning(version: string): string | null {
  if (Number.parseInt(version, 10) >= 22) return null;
  return `Node.js ${version} has had no security fixes since April 2026; Node.js 24 is recommended, 22 or later is supported`;
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

/**
 * Returns the options for connecting to Temporal, from the SDK's environment variables (TEMPORAL_ADDRESS, TEMPORAL_API_KEY,
 * TEMPORAL_TLS_…).
 */
export function connectionOptions(address: string | undefined): ConnectionOptions {
  const { connectionOptions: options } = loadClientConnectConfig();
  const target = address ?? options.address;
  return target === undefined ? options : { ...options, address: target, channelArgs: channelArgsFor(target) };
}

/** Creates the connection of a client, which reconnects whenever the server is back. */
export function connectClient(address: string | undefined): Connection {
  return Connection.lazy(connectionOptions(address));
}

/** Creates the connection of a worker. Throws if the server does not respond. */
export async function connectWorker(address: string | undefined): Promise<NativeConnection> {
  const { address: target, tls, apiKey, metadata } = connectionOptions(address);
  const options = {
    ...(target === undefined ? {} : { address: target }),
    ...(tls === undefined || tls === null ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey: typeof apiKey === 'function' ? apiKey() : apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  return NativeConnection.connect(options).catch((error: unknown) => {
    throw new Error(NO_TEMPORAL, { cause: error });
  });
}

/** The gRPC statuses UNAUTHENTICATED and PERMISSION_DENIED. */
const REFUSED: ReadonlySet<number> = new Set([16, 7]);

/** Milliseconds to wait for the first response of Temporal. */
const FIRST_ANSWER = 10_000;

const NO_TEMPORAL = 'Temporal does not respond (TEMPORAL_ADDRESS)';

/** Waits for the first response of Temporal. Throws an Error for users if there is none, or if the credentials are refused. */
export async function demandTemporal(connection: Connection): Promise<void> {
  try {
    await connection.withDeadline(Date.now() + FIRST_ANSWER, () => connection.workflowService.getSystemInfo({}));
  } catch (error) {
    const refused = isGrpcServiceError(error) && REFUSED.has(error.code);
    throw new Error(refused ? 'Temporal rejected the credentials (TEMPORAL_API_KEY, TEMPORAL_TLS_…)' : NO_TEMPORAL, {
      cause: error,
    });
  }
}
