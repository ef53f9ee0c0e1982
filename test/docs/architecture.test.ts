import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

const pictureOf = (page: string) => /```\n(dev [^`]*)```/.exec(page)?.[1];

it.each([
  ['docs/ARCHITECTURE.md', 40],
  ['CONTRIBUTING.md', 20],
])('every file and folder that %s names is there', (name, least) => {
  const page = readFileSync(join(ROOT, name), 'utf8');
  const paths = [...page.matchAll(/`([a-z-]+\/[a-zA-Z0-9./-]*)`/g)].map(([, path]) => path!);
  expect(paths.length).toBeGreaterThan(least);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

it('draws the picture that the README draws', () => {
  expect(pictureOf(PAGE)).toBeDefined();
  expect(pictureOf(PAGE)).toBe(pictureOf(README));
});

it('the index of the documentation has every page', () => {
  const index = readFileSync(join(ROOT, 'docs/README.md'), 'utf8');
  const linked = [...index.matchAll(/\]\(([a-zA-Z-]+\.md)(?:#[a-z0-9-]+)?\)/g)].map(([, page]) => page!);
  const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md') && name !== 'README.md');
  expect([...new Set(linked)].sort()).toEqual(pages.sort());
});

/** Every page that people read: at the top, in `docs/` and in `examples/`. */
const PAGES = ['.', 'docs', 'examples']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: folder === 'examples', encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  )
  .filter((name) => name.endsWith('.md'));

/** The anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

it.each(PAGES)('%s links to what is there', (name) => {
  const links = [...readFileSync(join(ROOT, name), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path, anchor] = link.split('#') as [string, string?];
    const target = path === '' ? join(ROOT, name) : join(ROOT, dirname(name), path);
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
  });
  expect(broken).toEqual([]);
});
