import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { channelArgsFor, freePort } from '../composition/ports.ts';
import { listeningPorts } from './listening-ports.ts';
import { endWithParent } from './parent-watch.ts';

/** A Temporal dev server: its address, and how to stop it. */
export interface TemporalServer {
  address: string;
  ui: string;
  pid: number;
  /**
   * All ports that it serves: frontend, UI, HTTP API, metrics and, if the system reports them, those of its internal
   * services.
   */
  ports: number[];
  stop(): Promise<void>;
}

/** Options of the server. A port of 0 picks a free one; without a database file everything is kept in memory. */
export interface TemporalServerOptions {
  binary: string;
  /** Created at the first start, with long retention. */
  namespaces: readonly string[];
  port: number;
  uiPort: number;
  databaseFile?: string;
  /** Further settings of the server, `name=value` (dynamic configuration). */
  settings?: readonly string[];
}

/** Seconds to wait for the server to respond. */
const READY_SECONDS = 30;

/** Ten years: the history is the record of a run, so the server must not delete it by itself. */
const RETENTION_SECONDS = 315_360_000;

/** Settings that make a small machine fast: queues are polled without pauses, and a timer fires at most 10 ms late instead of a second. */
const FAST = [
  'history.transferProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxPollRPS=1000',
  'history.visibilityProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxTimeShift="10ms"',
];

/** Tenants that wait in a task queue are served in turn. */
const FAIR = ['matching.enableFairness=true'];

/**
 * Starts `temporal server start-dev` as a child that ends with this process, and waits until it responds. Throws an
 * Error with the last output of the server.
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const port = options.port || (await freePort());
  const uiPort = options.uiPort || (await freePort());
  // Chosen here so that they are known, since actions must not reach them.
  const [httpPort, metricsPort] = [await freePort(), await freePort()];
  const file = options.databaseFile;
  const settings = [...FAST, ...FAIR, ...(options.settings ?? [])].flatMap((setting) => [
    '--dynamic-config-value',
    setting,
  ]);
  const child = spawn(
    options.binary,
    [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...['--http-port', String(httpPort), '--metrics-port', String(metricsPort)],
      ...[
        ...options.namespaces.flatMap((namespace) => ['--namespace', namespace]),
        '--log-level',
        'error',
        ...settings,
      ],
      ...(file === undefined
        ? []
        : ['--db-filename', file, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal']),
    ],
    // In a separate process group, so that Ctrl-C only reaches this process, which stops the server last.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  if (child.pid !== undefined) child.on('exit', endWithParent(child.pid));
  const words: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words.push(chunk);
    if (words.length > 50) words.shift();
  });
  const address = `127.0.0.1:${port}`;
  try {
    await Promise.race([untilReady(address), untilExit(child, words)]);
    await keepHistory(address, options.namespaces);
  } catch (error) {
    await stopProcess(child.pid!);
    throw error;
  }
  child.unref();
  const pid = child.pid!;
  // The server chooses the ports of its internal services itself.
  const ports = [...new Set([port, uiPort, httpPort, metricsPort, ...(await listeningPorts(pid))])];
  return { address, ui: `http://127.0.0.1:${uiPort}`, pid, ports, stop: () => stopProcess(pid) };
}

/** Stops a child process gently, and after ten seconds by force. */
export async function stopProcess(pid: number): Promise<void> {
  for (const [signal, rounds] of [
    ['SIGTERM', 100],
    ['SIGKILL', 50],
  ] as const) {
    if (!signalProcess(pid, signal)) return;
    for (let round = 0; round < rounds; round += 1) {
      if (!signalProcess(pid, 0)) return;
      await wait(100);
    }
  }
}

/** Reports whether a Temporal server responds at the address. */
async function answers(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({
      address,
      connectTimeout: 1000,
      channelArgs: channelArgsFor(address),
    });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

async function untilReady(address: string): Promise<void> {
  const deadline = Date.now() + READY_SECONDS * 1000;
  while (!(await answers(address))) {
    if (Date.now() > deadline) throw new Error(`the Temporal server did not respond within ${READY_SECONDS} seconds`);
    await wait(50);
  }
}

function untilExit(child: ChildProcess, words: string[]): Promise<never> {
  return new Promise((_, reject) => {
    child.on('error', reject);
    child.on('exit', (code) =>
      reject(new Error(`the Temporal server exited with code ${code}: ${words.join('').trim()}`)),
    );
  });
}

async function keepHistory(address: string, namespaces: readonly string[]): Promise<void> {
  const connection = await Connection.connect({ address, channelArgs: channelArgsFor(address) });
  try {
    for (const namespace of namespaces) {
      await connection.workflowService.updateNamespace({
        namespace,
        config: { workflowExecutionRetentionTtl: { seconds: RETENTION_SECONDS as unknown as Long } },
      });
    }
  } finally {
    await connection.close();
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
