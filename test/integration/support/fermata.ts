import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** The command line. */
export const PROGRAM = resolve('cli/fermata.mjs');

/** The result of a call of the command line. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they just asked for
  json: () => any;
}

/** Runs the command line in a folder. */
export async function runFermata(
  folder: string,
  args: string[],
  env: Record<string, string>,
  input?: string,
): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: folder, env: { ...process.env, ...env } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdin.end(input);
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, out, err, json: () => JSON.parse(out) };
}

/** The command line in one process for many calls. */
export interface FermataHost {
  /** As runFermata does; calls wait for one another. A call is in the folder of the one before it, or moves to another. */
  run(args: string[], env: Record<string, string>, input?: string, folder?: string): Promise<Ended>;
  close(): Promise<void>;
}

/** Starts a process that runs calls of the command line in a folder. */
export async function startFermataHost(folder: string): Promise<FermataHost> {
  await buildFermata(folder);
  return forkFermata(folder);
}

/** Builds what the processes of the command line run. */
export async function buildFermata(folder: string): Promise<void> {
  await runFermata(folder, ['--version'], {});
}

/** Starts a process that runs calls of the command line, once that is built. */
export async function forkFermata(folder: string): Promise<FermataHost> {
  const child = fork(resolve('test/integration/support/fermata-host.mjs'), [resolve('dist/cli/main.js')], {
    cwd: folder,
  });
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  const message = () =>
    Promise.race([
      once(child, 'message'),
      exited.then((code): never => {
        throw new Error(`the process that runs the command line has ended with ${code ?? 'a signal'}`);
      }),
    ]);
  await message();
  let last: Promise<unknown> = Promise.resolve();
  return {
    run: (args, env, input, folder) => {
      const call = last.then(async () => {
        if (child.connected) child.send({ args, env, input, folder });
        const [{ code, out, err }] = (await message()) as [Pick<Ended, 'code' | 'out' | 'err'>];
        return { code, out, err, json: () => JSON.parse(out) };
      });
      last = call.catch(() => undefined);
      return call;
    },
    close: async () => {
      child.kill();
      await exited;
    },
  };
}
