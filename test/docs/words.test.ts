import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PAGES, ROOT } from './pages.ts';

// Turns of phrase that stop a reader who has never met the authors, and what to write instead.

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

/** Every page that people read; the changes of past releases keep their words. */
const READ = PAGES.filter((name) => name !== 'CHANGELOG.md');

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
  it.each(READ)('%s has none of the phrases that a reader stumbles over', (name) => {
    expect(phrasesIn(name, proseOf)).toEqual([]);
  });
});

/** Every folder with sources. */
const SOURCES = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .map(({ name }) => name)
  .filter((name) => !['dist', 'docs', 'examples', 'node_modules'].includes(name));

/** Openings of a comment without a subject. */
const HEADLESS = /^(?:What|Of)\b/;

/** The first line of each comment of a source, with its number. */
function openingsOf(source: string): [line: number, text: string][] {
  const lines = source.split('\n');
  return lines.flatMap((line, index): [number, string][] => {
    const text = /^\s*(?:\/\*\*|\/\/|\*)\s*(.*)$/.exec(line)?.[1];
    const before = lines[index - 1]?.trim() ?? '';
    const continues = /^(?:\/\/|\*|\/\*\*.)/.test(before) && !before.endsWith('*/');
    return text === undefined || continues ? [] : [[index + 1, text]];
  });
}

/** The comments of a source, each line with its number. */
function commentsOf(source: string): [line: number, text: string][] {
  return source.split('\n').flatMap((line, index): [number, string][] => {
    const comment = /^\s*(?:\/\/|\/\*|\*)(.*)$/.exec(line)?.[1];
    return comment === undefined ? [] : [[index + 1, comment.replaceAll(/`[^`]*`/g, '')]];
  });
}

/** The sources below a folder. */
function sourcesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

describe('comments', () => {
  it.each(SOURCES)('those of %s/ have none of these phrases either', (folder) => {
    expect(sourcesIn(folder).flatMap((file) => phrasesIn(file, commentsOf))).toEqual([]);
  });

  it.each(SOURCES)('those of %s/ open with a verb or a noun, not with "What" or "Of"', (folder) => {
    const headless = sourcesIn(folder).flatMap((file) =>
      openingsOf(readFileSync(join(ROOT, file), 'utf8'))
        .filter(([, text]) => HEADLESS.test(text))
        .map(([line, text]) => `${file}:${line} ${text}`),
    );
    expect(headless).toEqual([]);
  });

  it('finds an opening without a subject, wherever the comment begins', () => {
    const source = ['/** What is kept. */', '/**', ' * Of runs.', ' * What follows.', ' */', '// Of a run', '// What.'];
    expect(openingsOf(source.join('\n')).filter(([, text]) => HEADLESS.test(text))).toEqual([
      [1, 'What is kept. */'],
      [3, 'Of runs.'],
      [6, 'Of a run'],
    ]);
  });
});
