import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../composition/ports.ts';
import { endWithParent } from '../../dev/parent-watch.ts';
import { findTemporal } from '../../dev/temporal-binary.ts';
import { startTemporalServer } from '../../dev/temporal-server.ts';
import { startPostgres } from '../../test/store/postgres-server.ts';
import { call, type Running, run } from '../../test/system/processes.ts';
import { BENCH_KEY } from '../quiet-api.ts';

/** The processes of an installation, by what they are and their number. */
export type Pids = Record<string, number>;

/** CPU in seconds and memory in mebibytes of a process, with what it has started. */
export interface Usage {
  cpu: number;
  memory: number;
}

/** An installation as in production: each API and worker, Temporal and Postgres are processes, on this machine. */
export interface Production {
  pids: Pids;
  /** The address of the first API. */
  url: string;
  /** Calls the APIs in turn. Throws an Error for an answer that is no success. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are printed, or an id out of them used
  call(path: string, body?: object): Promise<any>;
  /** Requests a path of the first API. */
  request(path: string, options?: RequestInit): Promise<Response>;
  /** Returns the longest time in milliseconds of CPU for which the event loop of the first API was held since the last call. */
  takeLongestHold(): Promise<number>;
  /** The bytes on disk of what is stored. */
  bytes(): Promise<{ Temporal: number; Postgres: number }>;
  /** Returns an error that adds to another one whether each API and worker still runs, and the last lines that it has written. */
  explain(error: unknown): Error;
  stop(): Promise<void>;
}

// cspell:ignore schedstat

/**
 * Notes how long the event loop of a process is held at most, and writes it on a signal. It counts the CPU of the thread between two turns,
 * so that a hold is as long on a busy machine as on an idle one.
 */
const WATCH = `
  import { readFileSync } from 'node:fs';
  const every = 5;
  const cpu = () => Number(readFileSync('/proc/self/task/' + process.pid + '/schedstat', 'utf8').split(' ')[0]) / 1e6;
  let [last, longest] = [cpu(), 0];
  setInterval(() => {
    const now = cpu();
    longest = Math.max(longest, now - last - every);
    last = now;
  }, every).unref();
  process.on('SIGUSR2', () => {
    console.error('longest hold: ' + longest.toFixed(1) + ' ms');
    longest = 0;
  });`;

/** Starts an installation of some APIs and workers; with `watched`, the event loop of each API is. */
export async function startProduction(apis: number, workers: number, { watched = false } = {}): Promise<Production> {
  const folder = await mkdtemp(join(tmpdir(), 'fermata-bench-'));
  const postgres = await startPostgres();
  const databaseFile = join(folder, 'temporal.db');
  const binary = await findTemporal(process.env, console.log);
  const server = await startTemporalServer({ binary, namespaces: ['default'], port: 0, uiPort: 0, databaseFile });
  const env = {
    TEMPORAL_ADDRESS: server.address,
    DATABASE_URL: postgres.url,
    FERMATA_SECRET_KEY: BENCH_KEY.repeat(2),
    FERMATA_DEV_KEY: BENCH_KEY,
    FERMATA_RATE_LIMIT: '0',
    FERMATA_EGRESS_ALLOW: 'loopback',
  };
  const watch = watched ? { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(WATCH)}` } : {};
  const running: [string, Running][] = [];
  const urls: string[] = [];
  // The first API makes the tables.
  for (let number = 1; number <= apis; number += 1) {
    const port = await freePort();
    const api = start('api/main.ts', { ...env, ...watch, FERMATA_PORT: String(port) });
    await api.until('the API is ready');
    running.push([`API ${number}`, api]);
    urls.push(`http://127.0.0.1:${port}`);
  }
  for (let number = 1; number <= workers; number += 1) {
    const worker = start('worker/main.ts', env);
    await worker.until('the worker is ready');
    running.push([`worker ${number}`, worker]);
  }
  const database = new Client({ connectionString: postgres.url });
  await database.connect();
  let turn = 0;
  return {
    pids: {
      ...Object.fromEntries(running.map(([name, { child }]) => [name, child.pid!])),
      Temporal: server.pid,
      Postgres: postgres.pid(),
    },

    url: urls[0]!,

    call(path, body) {
      turn += 1;
      return call(urls[turn % apis]!, BENCH_KEY, path, body);
    },

    request: (path, options = {}) => fetch(urls[0]! + path, { ...options, headers: { 'x-api-key': BENCH_KEY } }),

    async takeLongestHold() {
      const [, first] = running[0]!;
      const before = holdsOf(first).length;
      first.child.kill('SIGUSR2');
      while (holdsOf(first).length === before) await new Promise((resolve) => setTimeout(resolve, 5));
      return holdsOf(first).at(-1)!;
    },

    async bytes() {
      const { rows } = await database.query("select pg_database_size('postgres')::bigint as size");
      const files = [databaseFile, `${databaseFile}-wal`].map((file) => stat(file).then(({ size }) => size));
      return {
        Postgres: Number(rows[0].size),
        Temporal: (await Promise.all(files)).reduce((sum, size) => sum + size),
      };
    },

    explain(error) {
      const states = running.map(([name, process]) => `${name} ${describeState(process)}`);
      return new Error([String(error), ...states].join('\n'), { cause: error });
    },

    async stop() {
      await database.end();
      await Promise.all(running.map(([, process]) => process.end('SIGTERM')));
      await server.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a program that ends with this process, however this one ends. */
function start(main: string, env: Record<string, string>): Running {
  const running = run(main, env);
  void running.exit.then(endWithParent(running.child.pid!));
  return running;
}

function holdsOf(running: Running): number[] {
  return [...running.said().matchAll(/longest hold: ([\d.]+) ms/g)].map(([, text]) => Number(text));
}

/** The last lines of a process that are shown after an error. */
const LINES = 15;

function describeState({ child: { exitCode, signalCode }, said }: Running): string {
  const state =
    exitCode !== null ? `has ended with ${exitCode}` : signalCode !== null ? `was ended by ${signalCode}` : 'runs';
  return `${state}, and has written:\n${said().trimEnd().split('\n').slice(-LINES).join('\n')}`;
}

/** Clock ticks in a second, as Linux reports them. */
const TICKS = 100;

/** Measures processes, each with what it has started; needs Linux. */
export function measureUsage(pids: Pids): Map<string, Usage> {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,rss='], { encoding: 'utf8' }).trim().split('\n');
  const rows = lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number, number]);
  return new Map(
    Object.entries(pids).map(([name, started]) => {
      const own = rows.filter(([pid, parent]) => pid === started || parent === started);
      // Those that have ended are counted by the process that started them.
      const ticks = own.reduce((sum, [pid]) => sum + ticksOf(pid), ticksOf(started, ENDED));
      const cpu = ticks / TICKS;
      return [name, { cpu, memory: own.reduce((sum, [, , kibibytes]) => sum + kibibytes / 1024, 0) }];
    }),
  );
}

/** The places of user and system time in `/proc/PID/stat` behind the name: of a process, and of its ended children. */
const OWN = [11, 12] as const;
const ENDED = [13, 14] as const;

function ticksOf(pid: number, places: readonly [number, number] = OWN): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return places.reduce((sum, place) => sum + Number(fields[place]), 0);
  } catch {
    return 0; // it has ended
  }
}
