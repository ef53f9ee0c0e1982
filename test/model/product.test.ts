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

it('names the same versions of Node.js in the lockfile, and says of each package with an install script whether that runs', async () => {
  const [manifest, lock] = await Promise.all(
    ['package.json', 'package-lock.json'].map(async (path) => JSON.parse(await readFile(path, 'utf8'))),
  );
  const packages = Object.entries<{ hasInstallScript?: true; engines?: object }>(lock.packages);
  expect(manifest.engines).toEqual({ node: '^20.19.0 || ^22.13.0 || >=24.0.0' });
  expect(lock.packages[''].engines).toEqual(manifest.engines);
  const scripts = packages.filter(([, { hasInstallScript }]) => hasInstallScript);
  const names = new Set(
    scripts.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)),
  );
  // npm 11 warns about every other one, and later versions do not run it.
  expect(Object.keys(manifest.allowScripts).sort()).toEqual([...names].sort());
});
