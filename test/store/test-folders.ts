import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Folders of a run of the tests. All are in one whose name has the id of its process: what is left of a run that was killed, the next
// one finds and removes.

const PREFIX = 'fermata-tests-';

/** Where processes of the tests find the folder of their run. */
const FOLDER = 'TEST_FOLDER';

/** Makes a new folder of this run of the tests, or of this process where nobody has begun one. */
export async function makeFolder(name: string): Promise<string> {
  const parent = process.env[FOLDER] ?? join(tmpdir(), `${PREFIX}${process.pid}`);
  await mkdir(parent, { recursive: true });
  // Postgres, which does not run as root, goes through it.
  await chmod(parent, 0o755);
  return mkdtemp(join(parent, `${name}-`));
}

/**
 * Begins a run of the tests in this process: removes what killed runs have left. Returns what removes the folders of this one; where another
 * tier has begun it, that one does.
 */
export async function beginFolders(): Promise<() => Promise<void>> {
  if (process.env[FOLDER] !== undefined) return async () => undefined;
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX) && !isAlive(pidOf(name)));
  await Promise.all(left.map((name) => remove(join(tmpdir(), name))));
  const own = join(tmpdir(), `${PREFIX}${process.pid}`);
  process.env[FOLDER] = own;
  return () => remove(own);
}

const pidOf = (name: string) => Number(name.slice(PREFIX.length));

const remove = (folder: string) => rm(folder, { recursive: true, force: true });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
