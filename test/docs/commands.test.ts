import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { needs } from './access-page.ts';
import { PAGES, ROOT } from './pages.ts';

// A page of the docs or of the console names no command that does not exist. Another test compares docs/access.md with the command line.

/** The commands, as `run` and `events send`; a group such as `inquiries` may also stand alone. */
const COMMANDS = new Set(
  [...needs.map(({ operation }) => operation), 'fermata mcp', 'fermata verify', 'fermata replay', 'fermata dev']
    .filter((operation) => operation.startsWith('fermata '))
    .flatMap((operation) => {
      const [, first = '', second] = operation.split(' ');
      return second === undefined ? [first] : [first, `${first} ${second}`];
    }),
);

const CONSOLE = readdirSync(join(ROOT, 'console'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => join('console', name));

/** The label of a key (docs/settings.md), which reads like a command. */
const KEY_LABEL = '`fermata payload`';

/** Returns the commands that a text names and that do not exist; options, files and refs after a command do not count. */
function unknownIn(text: string): string[] {
  const named = [
    ...text.replaceAll(KEY_LABEL, '').matchAll(/(?:npx |`)fermata ([a-z][a-z-]*)(?: ([a-z][a-z-]*)(?![\w./-]))?/g),
  ];
  return named.flatMap(([, first = '', second]) => {
    if (!COMMANDS.has(first)) return [first];
    const isGroup = [...COMMANDS].some((command) => command.startsWith(`${first} `));
    return isGroup && second !== undefined && !COMMANDS.has(`${first} ${second}`) ? [`${first} ${second}`] : [];
  });
}

it.each([...PAGES, ...CONSOLE])('%s names only commands that exist', (page) => {
  expect(unknownIn(readFileSync(join(ROOT, page), 'utf8'))).toEqual([]);
});

it('finds a command that does not exist', () => {
  const text = 'npx fermata start, npx fermata run ops.deploy, npx fermata events post, `fermata stop`, `fermata list`';
  expect(unknownIn(text)).toEqual(['start', 'events post', 'stop']);
});
