import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** Every page that people read. */
export const PAGES = ['.', 'docs', 'examples']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: folder === 'examples', encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  )
  .filter((name) => name.endsWith('.md'));
