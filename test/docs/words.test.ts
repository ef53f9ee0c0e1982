import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

// Turns of phrase that stop a reader who has never met the authors, and what to write instead.

const ROOT = resolve(import.meta.dirname, '../..');

const INSTEAD: [phrase: RegExp, instead: string][] = [
  [/\btells?\b/i, 'says, reports, names, shows'],
  [/\bbeside\b/i, 'next to, in addition to, with'],
  [/\bgo(?:es)? on as\b/i, 'continues as'],
  [/(?<!there )\b(?:is|are) none\b/i, 'is invalid, is absent, does not count'],
  [/\bhand(?:s|ed)? on\b/i, 'pass on'],
  [/\bof (?:its|their) own\b/i, 'its own, separate'],
  [/\b(?:has|have) (?!been|not)[a-z]+ done\b/i, 'does'],
  [
    /\bdocument 00\d\b/i,
    'the name of the interface: Executions, Automation, Management, Workflows API, MCP executions',
  ],
  [/\bdesign\/[a-z]+\.md\b/, 'a page of docs/, or nothing'],
];

/** Every page that people read. */
const PAGES = ['.', 'docs', 'examples']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: folder === 'examples', encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  )
  .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md');

/** A page without its code, each line with its number. */
function proseOf(page: string): [line: number, text: string][] {
  let inBlock = false;
  return page.split('\n').flatMap((line, index): [number, string][] => {
    if (line.trimStart().startsWith('```')) {
      inBlock = !inBlock;
      return [];
    }
    return inBlock ? [] : [[index + 1, line.replaceAll(/`[^`]*`/g, '')]];
  });
}

/** Where a file has one of the phrases, and what to write instead. */
function phrasesIn(name: string, linesOf: (text: string) => [line: number, text: string][]): string[] {
  return linesOf(readFileSync(join(ROOT, name), 'utf8')).flatMap(([line, text]) =>
    INSTEAD.filter(([phrase]) => phrase.test(text)).map(
      ([phrase, instead]) => `${name}:${line} ${phrase.exec(text)![0]}: write ${instead}`,
    ),
  );
}

describe('the pages that people read', () => {
  it.each(PAGES)('%s has none of the phrases that a reader stumbles over', (name) => {
    expect(phrasesIn(name, proseOf)).toEqual([]);
  });
});

/** Every folder with sources. */
const SOURCES = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .map(({ name }) => name)
  .filter((name) => !['dist', 'docs', 'examples', 'node_modules'].includes(name));

/** The comments of a source, each line with its number. */
function commentsOf(source: string): [line: number, text: string][] {
  return source.split('\n').flatMap((line, index): [number, string][] => {
    const comment = /^\s*(?:\/\/|\/\*|\*)(.*)$/.exec(line)?.[1];
    return comment === undefined ? [] : [[index + 1, comment.replaceAll(/`[^`]*`/g, '')]];
  });
}

describe('comments', () => {
  it.each(SOURCES)('those of %s/ have none of these phrases either', (folder) => {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(files.flatMap((file) => phrasesIn(join(folder, file), commentsOf))).toEqual([]);
  });
});
