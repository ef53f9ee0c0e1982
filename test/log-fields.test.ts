import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/**
 * The fields that may be logged: ids, refs, names that settings or the audit log have, codes and numbers. Nothing of what people or systems
 * have sent: no inputs, outputs, comments, addresses, tokens or rows. `err` is described by model/log.ts.
 */
const FIELDS: Record<string, string[]> = {
  'faults, without what they quote': ['err', 'origin'],
  'ids of runs and of what belongs to them': [
    ...[
      'workflow_id',
      'run_id',
      'run',
      'inquiry',
      'hook',
      'n',
      'key',
      'event',
      'rule',
      'enforcement',
      'request_id',
      'kid',
    ],
  ],
  'refs of tenants, workflows and actions, and hosts of connections': [
    ...['action', 'closed', 'otherwise', 'refused', 'schedule', 'tenant'],
  ],
  'settings and processes': [
    ...['setting', 'allowed', 'url', 'temporal', 'namespace', 'metrics', 'signal', 'worker_pid', 'exit_code'],
  ],
  'words and numbers of ours': [
    ...['route', 'channel', 'verb', 'divergence', 'probation', 'reason', 'generation', 'revision', 'resumed', 'queued'],
  ],
  'objects with a subject, an operation and ids, which are built next to the call': ['...run', '...fields', '...known'],
};

const FOLDERS = [
  'activities',
  'api',
  'chat',
  'cli',
  'temporal',
  'dev',
  'egress',
  'mcp',
  'composition',
  'service',
  'store',
  'threads',
  'worker',
];

/** Returns the fields of each call of a log in a text, and `...name` for an object that is spread. */
function fieldsIn(text: string): string[] {
  return [...text.matchAll(/\blog\??\.(?:debug|info|warn|error|fatal)\(/g)].flatMap(({ index, 0: call }) => {
    const rest = text.slice(index + call.length).trimStart();
    if (!rest.startsWith('{')) return [/^[\w.]+/.exec(rest)?.[0] ?? rest.slice(0, 40)];
    let depth = 0;
    const end = [...rest].findIndex((character) => {
      depth += character === '{' ? 1 : character === '}' ? -1 : 0;
      return depth === 0;
    });
    const parts = rest.slice(1, end).split(',');
    return parts.map((part) => /^\s*(\.{3}\w+|\w+)/.exec(part)?.[1] ?? part).filter((part) => part.trim() !== '');
  });
}

it('has no fields but those of which it is known what stands in them', () => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`),
  );
  const found = files.flatMap((file) => fieldsIn(readFileSync(file, 'utf8')));
  expect(found.length).toBeGreaterThan(60);
  expect([...new Set(found)].sort()).toEqual(Object.values(FIELDS).flat().sort());
});
