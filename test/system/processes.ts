import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DevFile } from '../../dev/dev-file.ts';
import { preparedFolder } from '../integration/support/prepared.ts';
import { until } from '../integration/support/until.ts';
import { makeFolder } from '../store/test-folders.ts';

/** A process of ours, with all that it has said. */
export interface Running {
  child: ChildProcess;
  said(): string;
  /** Waits until it has said something. */
  until(words: string, seconds?: number): Promise<void>;
  /** The exit code, once it has ended; null when a signal ended it. */
  exit: Promise<number | null>;
  /** Sends a signal and gives the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

// Programs run as they are built; the tiers that run them have built them already.
if (process.env.VITEST === undefined) execFileSync(process.execPath, ['build.mjs'], { stdio: 'inherit' });

/**
 * How Node.js runs `npm start` in tests: it does not optimize the WebAssembly of the embedded database, which costs more than a short
 * life gains.
 */
const SHORT_LIVED = '--liftoff-only';

/**
 * Runs a program with settings: as it is built, or as it stands where it belongs to the tests. A module that is loaded before it
 * (`first`) has a channel to the test.
 */
export function run(
  main: string,
  env: Record<string, string>,
  { args = [], first }: { args?: readonly string[]; first?: string } = {},
): Running {
  const program = main.startsWith('test/') ? main : `dist/${main.replace(/\.ts$/, '.js')}`;
  const before = [
    ...(main === 'dev/main.ts' ? [SHORT_LIVED] : []),
    ...(first === undefined ? [] : ['--import', first]),
  ];
  const child = spawn(process.execPath, [...before, program, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe', ...(first === undefined ? [] : (['ipc'] as const))],
  });
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
  }
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
  let ended = false;
  // Unlike exit, close comes after everything that it has said.
  child.on('close', () => {
    ended = true;
  });
  return {
    child,
    exit,
    said: () => said,
    until: async (words, seconds = 150) => {
      const deadline = Date.now() + seconds * 1000;
      while (!said.includes(words)) {
        if (ended) throw new Error(`it ended with ${child.exitCode} and had said: ${said}`);
        if (Date.now() > deadline) throw new Error(`it did not say "${words}" but: ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    end: (signal) => {
      child.kill(signal);
      return exit;
    },
  };
}

/** A warning of Node.js, such as of something deprecated: nobody who starts Fermata is to see one. */
export const NODE_WARNING = /\(node:\d+\)/;

/**
 * Makes a data folder of a test, and the settings that keep `npm start` in it and on free ports. A new one has no database yet,
 * and making that is most of a first start.
 */
export async function createDevFolder(state: 'new' | 'with a database' = 'with a database') {
  const folder = state === 'new' ? await makeFolder('dev') : await preparedFolder();
  const env = {
    FERMATA_DATA_DIR: folder,
    FERMATA_PORT: '0',
    FERMATA_TEMPORAL_PORT: '0',
    FERMATA_TEMPORAL_UI_PORT: '0',
  };
  return {
    folder,
    env,
    devFile: async () => JSON.parse(await readFile(join(folder, 'dev.json'), 'utf8')) as DevFile,
    temporalPid: async () => JSON.parse(await readFile(join(folder, 'temporal.json'), 'utf8')).pid as number,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The process id of the worker process that a supervisor has said to be ready last. Throws before the first one. */
export function findWorkerPid(supervisor: Running): number {
  const said = supervisor.said().matchAll(/"worker_pid":(\d+)[^\n]*"msg":"a worker process is ready"/g);
  const pid = [...said].at(-1)?.[1];
  if (pid === undefined) throw new Error(`no worker process is ready: ${supervisor.said()}`);
  return Number(pid);
}

/** True while a process runs. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Calls the API and gives the body; throws on an error answer. What is only read is asked for again where a busy machine has kept the
 * database or Temporal from answering for seconds.
 */
export async function call(url: string, key: string, path: string, body?: object) {
  const ask = () =>
    fetch(url + path, {
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
  const response = await until(ask, ({ status }) => status !== 503 || body !== undefined);
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they just asked for
  const answer = (await response.json()) as any;
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer;
}
