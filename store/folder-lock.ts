import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A data folder belongs to one process at a time; holding it twice would lose rows. */
export interface FolderLock {
  release(): Promise<void>;
}

/** A data folder is in use by another process, which the message names. */
export class FolderInUseError extends Error {
  readonly pid: number;

  constructor(folder: string, pid: number) {
    super(`the data folder ${folder} is in use by another process (${pid})`);
    this.name = 'FolderInUseError';
    this.pid = pid;
  }
}

interface Holder {
  pid: number;
  /** Start of the process in clock ticks since boot, where the system tells: a pid may be given out again. */
  started: string | null;
}

/** Takes a folder for this process, or throws a FolderInUseError. A holder that was killed does not keep it. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'lock');
  const own: Holder = { pid: process.pid, started: startOf(process.pid) };
  const draft = `${path}.${randomUUID()}`;
  // The lock appears with its content, by a link: nobody can read it half written.
  await writeFile(draft, JSON.stringify(own));
  try {
    for (let round = 0; round < 5; round += 1) {
      if (await linked(draft, path)) return { release: () => rm(path, { force: true }) };
      const seen = await readText(path);
      const holder = holderIn(seen);
      if (holder !== null && isAlive(holder)) throw new FolderInUseError(folder, holder.pid);
      // Of several who find it stale, one moves it aside; who moves a new one by mistake puts it back.
      const aside = `${path}.${randomUUID()}`;
      await rename(path, aside).catch(() => undefined);
      const moved = await readText(aside);
      if (moved !== null && moved !== seen) await linked(aside, path);
      await rm(aside, { force: true });
    }
    throw new Error(`the lock of ${folder} cannot be taken`);
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

function holderIn(text: string | null): Holder | null {
  try {
    return text === null ? null : (JSON.parse(text) as Holder); // written above and by nobody else
  } catch {
    return null; // what a crash of the machine left of it names nobody
  }
}

/** True while the very process that is named runs. */
export function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return started === null || startOf(pid) === started;
}

/** When a process started, on systems with /proc; null elsewhere. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
