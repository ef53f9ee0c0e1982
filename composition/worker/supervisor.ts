import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import type { Logger } from '../../model/log.ts';
import type { EgressRules } from '../../model/networks.ts';
import type { RunKey } from '../../model/run-key.ts';
import type { RunReport } from '../../model/run-report.ts';
import {
  createExchange,
  type Exchange,
  type FromWorker,
  type ToWorker,
  type WorkerOrder,
} from '../../worker/channel.ts';
import {
  createSupervision,
  type Ending,
  isServing,
  type SupervisionAction,
  type SupervisionEvent,
  supervise,
} from '../../worker/supervision.ts';
import type { Metrics } from '../metrics.ts';
import type { WorkerDesk } from '../reach.ts';
import { defer } from '../run.ts';

/** `.ts` if a loader reads the sources, `.js` in the build. */
const EXTENSION = extname(fileURLToPath(import.meta.url));

/** The entry point of a worker process. */
const CHILD = fileURLToPath(new URL(`./worker-child${EXTENSION}`, import.meta.url));

/** The maximum heap of a worker process in MiB, even if Node.js would allow more. */
const MAX_HEAP = 2_048;

/** Milliseconds between two ticks of the supervision, and the limit for a stop. */
const TICK = 500;
const STOP_LIMIT = 30_000;

/** The services of the supervisor for its worker process: the address of Temporal, the rules of egress, the database, and strikes. */
export interface WorkerHost {
  address: string;
  /** The addresses that actions may reach. */
  egress: EgressRules;
  /** The database access for a worker process that does not have its own. */
  desk: (WorkerDesk & { report(report: RunReport): void }) | null;
  /** Records that a run has stopped a worker process. */
  strike(run: RunKey): Promise<void>;
}

/** The options of the supervision. */
export interface SupervisorOptions {
  /** Worker processes start immediately, and connect to Temporal when it resolves. */
  host: Promise<WorkerHost>;
  ownDatabase: boolean;
  /** Seconds that one workflow task may take before the worker process is killed. */
  taskLimit: number;
  log: Logger;
  metrics: Metrics | null;
  /** Called with each worker process that begins to take tasks. */
  onServing?: (pid: number) => void;
}

/** A supervised worker: its process is replaced when it dies or hangs. */
export interface SupervisedWorker {
  /** Resolves with the process id of the first process once that is ready. Rejects if it ends before. */
  ready: Promise<number>;
  isServing(): boolean;
  /** Stops all processes within 30 seconds. */
  stop(): Promise<void>;
}

interface Running {
  child: ChildProcess;
  exchange: Exchange;
  send(message: ToWorker): void;
  ended: Promise<void>;
}

/** Starts a worker process and keeps one running until `stop`; worker/supervision.ts decides when it is replaced. */
export function superviseWorker({
  host,
  ownDatabase,
  taskLimit,
  log,
  metrics,
  onServing,
}: SupervisorOptions): SupervisedWorker {
  const seconds = () => performance.now() / 1000;
  const state = createSupervision(seconds(), taskLimit);
  const running = new Map<number, Running>();
  const first = defer<number>();
  let serving: Running | null = null;
  let bundle: WorkerOrder['bundle'] = null;
  host.catch(() => undefined);
  first.promise.catch(() => undefined);
  metrics?.watchWorker(async () => (await serving?.exchange.ask('metrics')) ?? '');

  function happened(event: SupervisionEvent): void {
    for (const action of supervise(state, event, seconds())) act(action);
  }

  function act(action: SupervisionAction): void {
    if (action.type === 'strike') {
      void strike(action.run);
      return;
    }
    if (action.type === 'start') {
      start(action.worker, action.probation);
      return;
    }
    const worker = running.get(action.worker);
    if (worker === undefined) return;
    if (action.type !== 'kill') worker.send({ type: action.type });
    else {
      log.error({ worker_pid: worker.child.pid, reason: action.reason }, 'the worker process is killed');
      worker.child.kill('SIGKILL');
    }
  }

  async function strike({ workflowId, runId }: RunKey): Promise<void> {
    const run = { workflow_id: workflowId, run_id: runId };
    log.error(run, 'a run has stopped a worker process');
    metrics?.countStrike();
    try {
      await (await host).strike({ workflowId, runId });
    } catch (error) {
      log.error({ ...run, err: error }, 'the strike could not be written');
    }
  }

  function start(number: number, probation: boolean): void {
    if (number > 1) {
      metrics?.countRestart();
      log.warn({ probation }, 'another worker process is started');
    }
    const child = fork(CHILD, {
      execArgv: nodeOptions(),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // In a separate process group, so that Ctrl-C on the terminal only reaches this process.
      detached: true,
    });
    const send = (message: ToWorker): void => {
      // The end of a process that ends during a write is noticed by its exit event.
      if (child.connected) child.send(message, () => undefined);
    };
    const exchange = createExchange(send, {
      connection: async (tenant, pack, name) => (await host).desk?.connect(tenant, pack, name) ?? null,
      secret: async (tenant, name) => (await host).desk?.secretOf(tenant, name) ?? null,
      warrantTrust: async () => (await host).desk?.warrantTrust() ?? { keys: [], unsignedUntil: null },
    });
    const worker: Running = { child, exchange, send, ended: endOf(child) };
    running.set(number, worker);
    child.on('message', (message: FromWorker) => heard(number, worker, message));
    void worker.ended.then(() => ended(number, worker));
    send({ type: 'order', order: { probation, bundle, host: ownDatabase ? 'own' : 'supervisor' } });
    host.then(
      ({ address, egress }) => send({ type: 'connect', address, egress }),
      () => undefined,
    );
  }

  function heard(number: number, worker: Running, message: FromWorker): void {
    if (message.type === 'ready') {
      serving = worker;
      log.info({ worker_pid: worker.child.pid }, 'a worker process is ready');
      first.resolve(worker.child.pid!);
      onServing?.(worker.child.pid!);
      happened({ type: 'ready', worker: number });
    } else if (message.type === 'retire') happened({ type: 'retire', worker: number });
    else if (message.type === 'watch') happened({ type: 'watch', worker: number, report: message.report });
    else if (message.type === 'bundled') bundle = message.bundle;
    else if (message.type === 'report') void host.then(({ desk }) => desk?.report(message.report));
    else worker.exchange.take(message);
  }

  function ended(number: number, worker: Running): void {
    running.delete(number);
    if (serving === worker) serving = null;
    const { exitCode, signalCode } = worker.child;
    if (!state.stopping) {
      log.warn({ worker_pid: worker.child.pid, exit_code: exitCode, signal: signalCode }, 'a worker process has ended');
    }
    first.reject(new Error('the worker process ended before it was ready'));
    happened({ type: 'ended', worker: number, ending: endingOf(exitCode, signalCode) });
  }

  const ticking = setInterval(() => happened({ type: 'tick' }), TICK);
  happened({ type: 'tick' });

  return {
    ready: first.promise,
    isServing: () => isServing(state),
    async stop() {
      clearInterval(ticking);
      happened({ type: 'stop' });
      const processes = [...running.values()];
      const limit = setTimeout(() => {
        for (const { child } of processes) child.kill('SIGKILL');
      }, STOP_LIMIT);
      await Promise.all(processes.map((worker) => worker.ended));
      clearTimeout(limit);
    },
  };
}

/** Resolves when a process has ended and all of its messages have been read. */
async function endOf(child: ChildProcess): Promise<void> {
  const disconnected = once(child, 'disconnect');
  await Promise.race([once(child, 'exit'), once(child, 'error')]);
  if (child.connected) await disconnected;
}

function endingOf(code: number | null, signal: NodeJS.Signals | null): Ending {
  if (signal === 'SIGKILL') return 'killed';
  return code === 0 || signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGHUP' ? 'exited' : 'crashed';
}

/** A heap whose limit is known. */
function nodeOptions(): string[] {
  const heap = Math.min(MAX_HEAP, Math.floor(getHeapStatistics().heap_size_limit / (1024 * 1024)));
  return [`--max-old-space-size=${heap}`];
}
