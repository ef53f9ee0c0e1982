import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { freePort } from '../../composition/ports.ts';
import { findTemporal } from '../../dev/temporal-binary.ts';
import { startTemporalServer } from '../../dev/temporal-server.ts';
import { startPostgres } from '../store/postgres-server.ts';
import { findWorkerPid, isRunning, type Running, run } from '../system/processes.ts';
import { createCounter } from './counter.ts';

const KINDS = ['worker', 'own worker', 'api'] as const;
type Kind = (typeof KINDS)[number];

/** The targets of a strike: a process of a kind, or all processes, by SIGKILL; a worker process, by SIGSTOP. */
export const TARGETS = [...KINDS, 'hung worker', 'server', 'database', 'all'] as const;
export type Target = (typeof TARGETS)[number];

/** Keys of who starts runs, and of who decides. */
export const KEY = 'fmt_a-key-for-the-chaos-that-reigns';

const MASTER_KEY = 'a master key that all processes have';

/** Events after which a run continues as new, so that loops here are chains. */
const SUGGESTED = 60;

/** The line that a process of each kind logs once it is up. */
const READY: Record<Kind, string> = {
  worker: 'the worker is ready',
  'own worker': 'the own worker is ready',
  api: 'the API is ready',
};

/** How often it is looked which processes have ended, in milliseconds. */
const SUPERVISED_EVERY = 250;

/** A whole installation, each part a process: Temporal, Postgres, APIs, workers, and a worker of a pack's own. */
export type Stage = Awaited<ReturnType<typeof createStage>>;

/** Starts it, with so many APIs and workers. */
export async function createStage(size: { apis: number; workers: number }) {
  const folder = await mkdtemp(join(tmpdir(), 'fermata-chaos-'));
  const counter = await createCounter();
  const postgres = await startPostgres();
  const binary = await findTemporal(process.env, () => undefined);
  const settings = [
    `limit.historyCount.suggestContinueAsNew=${SUGGESTED}`,
    'history.workflowIdReuseMinimalInterval="1ms"',
  ];
  const databaseFile = join(folder, 'temporal.db');
  const port = await freePort();
  const startServer = () =>
    startTemporalServer({ binary, namespaces: ['default'], port, uiPort: 0, databaseFile, settings });
  let server = await startServer();
  const connection = Connection.lazy({ address: server.address });

  const env = {
    TEMPORAL_ADDRESS: server.address,
    DATABASE_URL: postgres.url,
    FERMATA_SECRET_KEY: MASTER_KEY,
    FERMATA_DEV_KEY: KEY,
    FERMATA_RATE_LIMIT: '0',
    FERMATA_EGRESS_ALLOW: 'loopback',
  };
  const ports = await Promise.all(Array.from({ length: size.apis }, freePort));
  const launches: Record<Kind, (() => Running)[]> = {
    // A small heap, which a run that allocates without end fills soon.
    worker: Array.from(
      { length: size.workers },
      () => () => run('worker/main.ts', { ...env, NODE_OPTIONS: '--max-old-space-size=512' }),
    ),
    'own worker': [() => run('test/chaos/own-worker.mjs', {}, { args: [server.address, counter.url] })],
    api: ports.map((each) => () => run('api/main.ts', { ...env, FERMATA_PORT: String(each) })),
  };
  const launched: Running[] = [];
  const launch = (kind: Kind, index: number): Running => {
    const one = launches[kind][index]!();
    launched.push(one);
    return one;
  };
  const running = new Map(KINDS.map((kind) => [kind, launches[kind].map((_, index) => launch(kind, index))]));
  const everyone = () => [...running.values()].flat();
  /** Last words of what was up, and ended though nobody had ended it. */
  const died: string[] = [];
  const ended = new Set<Running>();
  /** Worker processes that were stopped: one whose supervisor was killed meanwhile is nobody's. */
  const hung: number[] = [];
  let isDown = false;

  // Starts again what has ended, as whatever looks after processes does.
  const supervisor = setInterval(() => {
    if (isDown) return;
    for (const [kind, processes] of running) {
      for (const [index, one] of processes.entries()) {
        if (one.child.exitCode === null && one.child.signalCode === null) continue;
        // One that never got up found nobody to connect to.
        const wasUp = one.said().includes(READY[kind]);
        if (!ended.has(one) && wasUp) died.push(`the ${kind} ended by itself: ${one.said().slice(-1_000)}`);
        processes[index] = launch(kind, index);
      }
    }
  }, SUPERVISED_EVERY);

  async function end(processes: readonly Running[], signal: NodeJS.Signals): Promise<void> {
    for (const one of processes) ended.add(one);
    await Promise.all(processes.map((one) => one.end(signal)));
  }

  /** Stops a worker process where it stands. */
  async function hangWorker(chance: () => number): Promise<number> {
    const workers = running.get('worker')!;
    const place = Math.floor(chance() * workers.length);
    // One that has just been killed is launched again first.
    await wait(2 * SUPERVISED_EVERY);
    await workers[place]!.until(READY.worker);
    const pid = findWorkerPid(workers[place]!);
    if (isRunning(pid)) process.kill(pid, 'SIGSTOP');
    hung.push(pid);
    return 1;
  }

  const up = (kind: Kind) => Promise.all(running.get(kind)!.map((one) => one.until(READY[kind])));
  await Promise.all(KINDS.map(up));
  return {
    counter,
    urls: ports.map((each) => `http://127.0.0.1:${each}`),
    client: new Client({ connection }),

    /** Lists troubles of the processes themselves: they ended, or logged an error other than that a dependency does not respond. */
    troubles: (): string[] => [...died, ...launched.flatMap((one) => errorsIn(one.said()))],

    /**
     * Kills one of a kind, or all, with -9, and has it come back after so many milliseconds; gives how many processes that were.
     * A hung worker is for its supervisor to find.
     */
    async strike(target: Target, chance: () => number, milliseconds: number): Promise<number> {
      if (target === 'hung worker') return hangWorker(chance);
      const hit = (kind: Kind) => {
        const processes = running.get(kind)!;
        return [processes[Math.floor(chance() * processes.length)]!];
      };
      isDown = true;
      const [isServer, isDatabase] = [
        target === 'server' || target === 'all',
        target === 'database' || target === 'all',
      ];
      const processes = target === 'all' ? everyone() : isServer || isDatabase ? [] : hit(target as Kind);
      if (isServer) process.kill(server.pid, 'SIGKILL');
      if (isDatabase) await postgres.kill();
      await end(processes, 'SIGKILL');
      await wait(milliseconds);
      if (isServer) server = await startServer();
      if (isDatabase) await postgres.restart();
      isDown = false;
      return processes.length + Number(isServer) + Number(isDatabase);
    },

    /** Has every process of a kind stop gently, one after the other, each when the one before is back. */
    async replace(kind: Kind): Promise<void> {
      for (const one of [...running.get(kind)!]) {
        await end([one], 'SIGTERM');
        await wait(2 * SUPERVISED_EVERY);
        await up(kind);
      }
    },

    /** Mebibytes of memory that the processes of a kind have. */
    memory: (kind: Kind): number[] =>
      running.get(kind)!.map((one) => {
        const pid = kind === 'worker' ? findWorkerPid(one) : one.child.pid;
        const kibibytes = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
        return Math.round(Number(kibibytes) / 1024);
      }),

    async close(): Promise<void> {
      clearInterval(supervisor);
      await connection.close();
      await end(everyone(), 'SIGKILL');
      for (const pid of hung.filter(isRunning)) process.kill(pid, 'SIGKILL');
      await server.stop();
      await postgres.stop();
      await counter.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Messages that may be logged while a dependency is away: audit entries, and messages of a supervisor, or of Temporal's SDK in a
 * worker process, says of one that hangs or ends.
 */
const EXPECTED = new RegExp(
  [
    'does not respond( or cannot write)?$|could not be written to the audit log$',
    '^the worker process is killed$|^a run has stopped a worker process$|^the strike could not be written$',
    '^Worker failed$|^Workflow Worker Thread failed|^An unexpected error occurred while processing Workflow Activation',
  ].join('|'),
);

function errorsIn(said: string): string[] {
  return said.split('\n').flatMap((line) => {
    if (!line.includes('"level":50')) return [];
    const { msg, err } = JSON.parse(line) as { msg: string; err?: { stack?: string } };
    return EXPECTED.test(msg) ? [] : [`${msg}: ${err?.stack?.slice(0, 1_000)}`];
  });
}
