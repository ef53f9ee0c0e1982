import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { PAGES, ROOT } from './pages.ts';

// A link of a page leads to a file that exists and, with a fragment, to one of its headings.

/** The text of a page without its blocks of code, whose lines may look like headings and links. */
const proseOf = (page: string) => readFileSync(join(ROOT, page), 'utf8').replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');

/** The fragment under which GitHub shows a heading. */
const fragmentOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const fragmentsOf = (page: string) => [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, text]) => fragmentOf(text!));

/** Returns the links of a page that lead nowhere. */
function deadLinksOf(page: string): string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', fragment] = link.split('#');
    const target = path === '' ? page : join(dirname(page), decodeURIComponent(path));
    if (!existsSync(join(ROOT, target))) return true;
    return fragment !== undefined && !fragmentsOf(target).includes(fragment);
  });
}

it.each(PAGES)('every link of %s leads somewhere', (page) => {
  expect(deadLinksOf(page)).toEqual([]);
});

it('every page of docs/ is listed in its index', () => {
  const index = readFileSync(join(ROOT, 'docs/README.md'), 'utf8');
  const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md') && name !== 'README.md');
  expect(pages.filter((name) => !index.includes(`](${name}`))).toEqual([]);
});
