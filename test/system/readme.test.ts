import { exec } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../integration/support/until.ts';
import { createDevFolder, isRunning, NODE_WARNING, type Running, run } from './processes.ts';

const execute = promisify(exec);

/** Each shell block of the README, with the JSON block that follows it, which is what comes back. */
async function examples(): Promise<{ command: string; answer: unknown }[]> {
  const readme = await readFile('README.md', 'utf8');
  const blocks = [...readme.matchAll(/```(sh|json)\n([\s\S]*?)```/g)].map(([, kind, text]) => ({ kind, text: text! }));
  return blocks.flatMap(({ kind, text }, index) => {
    if (kind !== 'sh') return [];
    const next = blocks[index + 1];
    return [{ command: text, answer: next?.kind === 'json' ? JSON.parse(next.text) : undefined }];
  });
}

/** Compares an answer with the documented one, in which `…` stands for anything. */
function expectLike(actual: unknown, wanted: unknown, path = ''): void {
  if (wanted === '…') {
    expect(actual, path).toBeDefined();
    return;
  }
  if (typeof wanted === 'string' && wanted.includes('…')) {
    const pattern = wanted.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    expect(actual, path).toMatch(new RegExp(`^${pattern.join('.*')}$`, 's'));
    return;
  }
  if (typeof wanted !== 'object' || wanted === null) {
    expect(actual, path).toEqual(wanted);
    return;
  }
  expect(Object.keys(actual as object).sort(), path).toEqual(Object.keys(wanted).sort());
  for (const [key, value] of Object.entries(wanted)) {
    expectLike((actual as Record<string, unknown>)[key], value, `${path}/${key}`);
  }
}

let dev: Awaited<ReturnType<typeof createDevFolder>>;
let fermata: Running;
beforeAll(async () => {
  dev = await createDevFolder();
  fermata = run('dev/main.ts', dev.env);
  await fermata.until('Ctrl-C stops everything');
});
afterAll(async () => {
  await fermata.end('SIGKILL');
  await dev.remove();
});

it('everything in the README works word for word, and answers what it says', async () => {
  const [start, test, settings, ...calls] = await examples();
  expect([start?.command, test?.command]).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n']);
  // The tests' data folder is another one; the rest of the line is as it stands.
  const inFolder = (command: string) => command.replaceAll('./.fermata', dev.folder);
  expect(calls.length).toBeGreaterThan(4);
  for (const { command, answer } of calls) {
    const { stdout, stderr } = await execute(inFolder(`${settings!.command}${command}`), {
      timeout: 300_000,
      env: { ...process.env, ...dev.env },
    });
    expect(stderr).not.toMatch(NODE_WARNING);
    if (answer !== undefined) expectLike(JSON.parse(stdout), answer);
    else expect(stdout).not.toMatch(/"status":(401|5\d\d)/);
  }
});

it('after kill -9 its worker and its Temporal server end by themselves, also a worker that was held up meanwhile', async () => {
  const { worker_pid: worker } = await dev.devFile();
  const others = [worker, await dev.temporalPid()];
  expect(others.map(isRunning)).toEqual([true, true]);
  process.kill(worker, 'SIGSTOP');
  await fermata.end('SIGKILL');
  // Reports of the worker, one every half second, are due when it goes on.
  await wait(1_500);
  process.kill(worker, 'SIGCONT');
  await until(
    async () => others.filter(isRunning),
    (left) => left.length === 0,
  );
  expect(fermata.said()).not.toContain('was not caught');
});
