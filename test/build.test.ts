import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { timesOf } from '../build.mjs';
import { makeFolder } from './store/test-folders.ts';

it('a source that has changed is built again, even if its size and its time are the same', async () => {
  const path = join(await makeFolder('sources'), 'module.ts');
  const look = () => timesOf([path]);
  const missing = look();
  writeFileSync(path, 'one');
  const { atime, mtime } = statSync(path);
  const first = look();
  expect(first).not.toBe(missing);
  expect(look()).toBe(first);
  writeFileSync(path, 'two');
  utimesSync(path, atime, mtime);
  expect(look()).not.toBe(first);
});
