import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** The command line. */
export const PROGRAM = resolve('cli/fermata.mjs');

/** What a call of the command line has come to. */
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
