import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isOfTimes, timesOf } from '../build.mjs';
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

it.each([
  ['of these sources', 'now mine', 'mine', true],
  ['of other sources', 'then mine', 'mine', false],
  ['of these, says another process, which has meant the one before', 'now mine', 'theirs', false],
  ['not said to be of any', null, 'mine', false],
])('a folder %s', async (_, times, stamp, expected) => {
  const folder = await makeFolder('built');
  for (const [name, text] of Object.entries({ times, stamp }))
    if (text !== null) writeFileSync(join(folder, name), text);
  expect(await isOfTimes(folder, 'now')).toBe(expected);
});
