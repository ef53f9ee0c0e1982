import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';

const execute = promisify(execFile);
let harness: ApiHarness;
let folder: string;
beforeAll(async () => {
  harness = await createApiHarness('clients');
  folder = await mkdtemp(join(tmpdir(), 'fermata-client-'));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

const run = (program: string, args: string[]) =>
  execute(join('node_modules/.bin', program), args, {
    cwd: folder,
    env: { ...process.env, FERMATA_URL: harness.api.url, FERMATA_API_KEY: DEV_KEY },
  });

it('the client of docs/clients.md is generated, has types that hold, and does what the page says', async () => {
  const page = await readFile('docs/clients.md', 'utf8');
  const [, generate = '', example = '', said = ''] =
    /```sh\nnpx (.*?)\n```\n\n```ts\n(.*?)```\n\n```\n(.*?)```/s.exec(page) ?? [];
  const [program = '', ...args] = generate.replace('$FERMATA_URL', harness.api.url).split(' ');
  await run(program, args);
  await writeFile(join(folder, 'example.ts'), example);
  const check = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--types',
    'node',
  ];
  await writeFile(join(folder, 'wrong.ts'), example.replace('parameters:', 'parametres:'));
  const files = ['example.ts', 'wrong.ts'];
  const refused = await run('tsc', [...check, '--pretty', 'false', '--allowImportingTsExtensions', ...files]).catch(
    (error) => error.stdout as string,
  );
  // The page's own example has no fault; the other file has just that one.
  expect(refused).toMatch(/^wrong\.ts\(\d+,\d+\): .*'parametres' does not exist/);
  expect(String(refused).match(/: error TS/g)).toHaveLength(1);
  const { stdout } = await run('tsx', ['example.ts']);
  expect(stdout).toBe(said);
});

it('every operation has an id of its own', async () => {
  const document = (await (await fetch(`${harness.api.url}/openapi.json`)).json()) as { paths: object };
  const ids = Object.values(document.paths as Record<string, Record<string, { operationId?: string }>>).flatMap(
    (item) => Object.values(item).map(({ operationId }) => operationId),
  );
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(['getExecutionsIdLogs', 'postWorkflows', 'rootGetExecutionId']));
});
