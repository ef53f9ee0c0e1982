import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The lock on a data folder, which one process holds at a time: two would lose rows. */
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
  /** The start of the process in clock ticks since boot, if the system reports it: pids are reused. */
  started: string | null;
}

/** Locks a folder for this process. Throws a FolderInUseError when another one holds it; a killed process does not. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'lock');
  const own: Holder = { pid: process.pid, started: startOfProcess(process.pid) };
  const draft = `${path}.${randomUUID()}`;
  // The link makes the lock appear with its content, so that nobody reads half of it.
  await writeFile(draft, JSON.stringify(own));
  try {
    for (let round = 0; round < 5; round += 1) {
      if (await linked(draft, path)) return { release: () => rm(path, { force: true }) };
      const seen = await readText(path);
      const holder = holderIn(seen);
      if (holder !== null && isAlive(holder)) throw new FolderInUseError(folder, holder.pid);
      // One of several processes that find the lock stale moves it aside; one that moves a new lock by mistake puts it back.
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

/** Reports whether the very process that holds a lock is running. */
export function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return started === null || startOfProcess(pid) === started;
}

/** Returns when a process started, on systems with /proc; null elsewhere. */
export function startOfProcess(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
