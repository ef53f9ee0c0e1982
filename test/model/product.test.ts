import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { VERSION } from '../../model/product.ts';

it('has one version: of the package, of the lockfile, and of the newest release notes', async () => {
  const [manifest, lock, changes] = await Promise.all(
    ['package.json', 'package-lock.json', 'CHANGELOG.md'].map((path) => readFile(path, 'utf8')),
  );
  const newest = /^## (\S+)/m.exec(changes!)?.[1];
  expect([JSON.parse(manifest!).version, JSON.parse(lock!).version, newest]).toEqual([VERSION, VERSION, VERSION]);
});
