import { randomUUID } from 'node:crypto';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The content of `dev.json` in the data folder while Fermata is running. */
export interface DevFile {
  url: string;
  api_key: string;
  approver_key: string;
  temporal_address: string;
  temporal_ui: string | null;
  pid: number;
  /** The current worker process; it is replaced when it ends. */
  worker_pid: number;
}

/** The keys of the two development principals, kept between starts. */
export interface DevKeys {
  dev: string;
  approver: string;
}

/** A small JSON file in the data folder that only its owner can read; it is replaced atomically. */
export function privateFile<T>(folder: string, name: string) {
  const path = join(folder, name);
  return {
    path,
    async read(): Promise<T | null> {
      try {
        return JSON.parse(await readFile(path, 'utf8')) as T; // only written below
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw new Error(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
      }
    },
    async write(value: T): Promise<void> {
      const next = `${path}.${randomUUID()}`;
      await writeFile(next, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
      await chmod(next, 0o600);
      await rename(next, path);
    },
    remove: () => rm(path, { force: true }),
  };
}
