import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';

// Folders that take seconds to make, kept for later runs of the tests.

const KEPT = resolve('node_modules/.cache/fermata-tests');

/** Milliseconds for which a folder is kept after it was last asked for: a run of the tests that began before its contents changed may still read it. */
const DAY = 86_400_000;

/**
 * Returns a folder that depends on the contents of some files and folders, and makes it unless it is kept. Several processes may do so at once;
 * one of the folders is kept. Callers copy it and never change it.
 */
export async function keepMade(
  name: string,
  sources: string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(KEPT, `${name}-${await hashOf(sources)}`);
  if (await isKept(folder)) return folder;
  await removeOld();
  const made = await mkdtemp(join(KEPT, 'made-'));
  await make(made);
  // Another process may have been faster.
  await rename(made, folder).catch(async (error: unknown) => {
    if (!(await isKept(folder))) throw error;
    await rm(made, { recursive: true });
  });
  return folder;
}

async function hashOf(sources: string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of (await Promise.all(sources.map(listFiles))).flat()) {
    hash.update(`\n${path}\n`).update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 32);
}

/** Lists the files of a folder in order; or the file itself. */
async function listFiles(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  return found.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])).sort();
}

async function removeOld(): Promise<void> {
  await mkdir(KEPT, { recursive: true });
  for (const name of await readdir(KEPT)) {
    const path = join(KEPT, name);
    if ((await stat(path)).mtimeMs < Date.now() - DAY) await rm(path, { recursive: true, force: true });
  }
}

/** Reports whether there is a folder, whose age counts from now if so. */
async function isKept(folder: string): Promise<boolean> {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
}
