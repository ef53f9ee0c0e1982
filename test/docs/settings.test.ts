import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ConfigSchema, readConfig } from '../../model/config.ts';

it('docs/settings.md has every setting with its default and meaning, and no other', async () => {
  const defaults: Record<string, unknown> = readConfig({}).config;
  const rows = Object.entries(ConfigSchema.shape).map(([name, { description }]) => {
    const value = defaults[name];
    return `| \`${name}\` | ${value === undefined ? 'none' : `\`${value}\``} | ${description} |`;
  });
  const page = await readFile('docs/settings.md', 'utf8');
  expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
});
