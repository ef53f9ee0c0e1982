import { readFileSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A data folder belongs to one process at a time; holding it twice would lose rows. */
export interface FolderLock {
  release(): Promise<void>;
}

/** A data folder is in use by another process, which the message names. */
export class FolderInUseError extends Error {
  readonly pid: number;

  constructor(folder: string, pid: number) {
    super(`the data folder ${folder} is in use by process ${pid}`);
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
  for (let round = 0; round < 5; round += 1) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(JSON.stringify(own));
      await file.close();
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await readHolder(path);
    if (holder !== null && isAlive(holder)) throw new FolderInUseError(folder, holder.pid);
    // Moved aside under a name of our own, so that of two who find it stale only one removes it.
    const aside = `${path}.${process.pid}.${round}`;
    await rename(path, aside).catch(() => undefined);
    await rm(aside, { force: true });
  }
  throw new Error(`the lock of ${folder} cannot be taken`);
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return null; // gone, or written only in part when its process was killed
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
