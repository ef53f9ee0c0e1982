import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FolderInUseError, lockFolder, startOfProcess } from '../../store/engines/folder-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fermata-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('a folder belongs to one holder at a time, and is free again once released', async () => {
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(FolderInUseError);
  await expect(lockFolder(folder)).rejects.toThrow(`in use by another process (${process.pid})`);
  await lock.release();
  await (await lockFolder(folder)).release();
});

it.each([
  ['a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, started: null })],
  ['a process whose pid was given out again', JSON.stringify({ pid: process.pid, started: 'earlier' })],
  ['a holder that was killed while writing', '{"pi'],
])('the lock of %s does not keep the folder', async (_, content) => {
  await writeFile(join(folder, 'lock'), content);
  const lock = await lockFolder(folder);
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
});

it('of many who come at once, one gets the folder', async () => {
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

it('tells when a process started, and nothing of one that is not there', () => {
  expect(startOfProcess(process.pid)).toBe(startOfProcess(process.pid));
  expect(startOfProcess(2 ** 22 + 1)).toBeNull();
});
