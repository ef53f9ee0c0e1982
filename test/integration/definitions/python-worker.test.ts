import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { parse } from 'yaml';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

// docs/workers.md, word for word: its action, its worker, and what it says of failures, heartbeats and cancellation.

const BASE = '/api/v1/executions';
const QUEUE = 'media';

/** Seconds without a heartbeat after which a task is taken for lost, for which a busy machine may hold up the worker. */
const LOST = 10;

let harness: ApiHarness;
let folder: string;
let python: ChildProcess;
let said = '';

beforeAll(async () => {
  const page = await readFile('docs/workers.md', 'utf8');
  const [, action] = /```yaml\n([\s\S]*?)```/.exec(page)!;
  const [, worker] = /```python\n([\s\S]*?)```/.exec(page)!;
  const [, needed] = /`pip install (.*?)`/.exec(page)!;
  folder = await mkdtemp(join(tmpdir(), 'fermata-python-'));
  await writeFile(join(folder, 'worker.py'), withExpressions(worker!));
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', folder, needed!];
  [harness] = await Promise.all([createApiHarness('python'), promisify(execFile)('python3', pip)]);
  python = startWorker();
  await harness.call('POST', '/api/v1/packs', { ref: 'media', label: 'Media' });
  const created = await harness.call('POST', '/api/v1/actions', { ...parse(action!), heartbeat_timeout: LOST });
  expect([created.status, created.body.data?.task_queue]).toEqual([201, QUEUE]);
  const expression = { ref: 'media.expression', pack_ref: 'media', label: 'x', task_queue: QUEUE };
  expect((await harness.call('POST', '/api/v1/actions', expression)).status).toBe(201);
});
afterAll(async () => {
  python.kill();
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

/**
 * The worker of the page with one more action, which gives what an expression in Python gives; with its heartbeats as they come, of which the
 * SDK else sends so few that hardly any may be late; and with as long for a tile as its process is told.
 */
function withExpressions(worker: string): string {
  const action =
    '@activity.defn(name="media.expression")\nasync def expression(task: dict):\n    return eval(task["text"])';
  return worker
    .replace('import asyncio', 'import asyncio\nimport datetime')
    .replace('async def main', `${action}\n\n\nasync def main`)
    .replace('[resize])', '[resize, expression], max_heartbeat_throttle_interval=datetime.timedelta(seconds=0.2))')
    .replace('sleep(0.5)', 'sleep(float(os.environ["TILE"]))');
}

function startWorker(tile = 0.5): ChildProcess {
  const address = { TEMPORAL_ADDRESS: inject('temporalAddress'), TEMPORAL_NAMESPACE: 'python' };
  const env = { ...process.env, ...address, TILE: String(tile) };
  const child = spawn('python3', ['worker.py'], { cwd: folder, env: { ...env, PYTHONPATH: folder } });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  return child;
}

const start = async (parameters: object, more: object = {}) =>
  (await harness.call('POST', BASE, { action_ref: 'media.resize', parameters, ...more })).body.data;
/** Waits until the worker has the task of a run in hand: until then, another one may take it, or nobody after a cancel request. */
const begun = (id: number) =>
  until(
    () => harness.call('GET', `${BASE}/${id}`),
    ({ body }) => Boolean(body.data.tasks[0]?.attempts.at(-1)?.started),
  );
const closed = async (id: number) =>
  (
    await until(
      () => harness.call('GET', `${BASE}/${id}`),
      ({ body }) => ['completed', 'failed', 'cancelled'].includes(body.data.status),
    )
  ).body.data;

it('does tasks, with the defaults of their schema; heartbeats keep it from being taken for lost', async () => {
  const { id } = await start({ picture: 'cat.png', width: 100, tiles: 2 * LOST + 2 });
  const { status, result, tasks } = await closed(id);
  expect([status, result]).toEqual(['completed', { picture: '100-cat.png', tiles: 2 * LOST + 2 }]);
  expect(tasks[0].attempts).toMatchObject([{ attempt: 1, error: null, worker: expect.stringMatching(/^\d+@/) }]);
  expect((await start({ picture: 'a', width: 1 }, { wait: 60 })).result).toEqual({ picture: '1-a', tiles: 4 });
});

it('fails them with the type, the code and the details that it says, and not again where it says so', async () => {
  const definition = {
    tasks: [
      {
        name: 'resize',
        action: 'media.resize',
        retry: { count: 3 },
        input: { picture: 'dog.png', width: 20_000 },
        next: [
          {
            when: "{{ failed() and error.type == 'picture_error' }}",
            publish: { most: '{{ error.details.most }}' },
            do: 'noop',
          },
        ],
      },
    ],
    output: { most: '{{ most }}' },
  };
  const body = { ref: 'media.careful', pack_ref: 'media', label: 'x', version: '1.0.0', definition };
  expect((await harness.call('POST', '/api/v1/workflows', body)).status).toBe(201);
  const run = (await harness.call('POST', BASE, { action_ref: 'media.careful', wait: 60 })).body.data;
  expect([run.status, run.result]).toEqual(['completed', { most: 10_000 }]);
  expect(run.tasks[0]).toMatchObject({
    error: { type: 'picture_error', code: 'TOO_WIDE', message: 'dog.png cannot be 20000 wide' },
    attempts: [{ attempt: 1 }],
  });
  const wrong = await start({ picture: 'a', width: 'wide' }, { wait: 60 });
  expect([wrong.status, wrong.result.error_code]).toEqual(['failed', 'INPUT_INVALID']);
});

it.each<[what: string, expression: string, result: unknown]>([
  ['an integer that a number carries', '[2**53 - 1, 2**53]', [2 ** 53 - 1, 2 ** 53]],
  ['an integer beyond 2^53', '{"id": 2**53 + 1}', 'the output is invalid: /id is 9007199254740993, which'],
  ['an integer that is too large for a number', '10**400', 'the output is invalid: output is 1000'],
  ['NaN', '{"x": float("nan")}', 'the output is not valid JSON'],
  ['half a character', '["\\ud83d"]', 'the output is invalid: /0 contains an unpaired surrogate'],
  ['bytes', 'b"abc"', 'the output is encoded as "binary/plain": outputs are JSON'],
  ['nothing', 'None', null],
])('gives %s, or fails with output_invalid', async (_, text, result) => {
  const run = (await harness.call('POST', BASE, { action_ref: 'media.expression', parameters: { text }, wait: 60 }))
    .body.data;
  if (typeof result !== 'string') expect([run.status, run.result]).toEqual(['completed', result]);
  else {
    expect([run.status, run.result.error_code, run.tasks[0].attempts.length]).toEqual(['failed', 'OUTPUT_INVALID', 1]);
    expect(run.result.error).toContain(result);
  }
});

it('is told of a cancel request with a heartbeat', async () => {
  const { id } = await start({ picture: 'cat.png', width: 1, tiles: 1_000 });
  await begun(id);
  await harness.call('POST', `${BASE}/${id}/cancel`, {});
  const { status, tasks } = await closed(id);
  expect([status, tasks[0].status]).toEqual(['cancelled', 'cancelled']);
  await until(
    async () => said,
    (text) => text.includes('stopped run_resize'),
  );
});

it('that is killed is found out, and the task done again by another one', async () => {
  const { id } = await start({ picture: 'cat.png', width: 1, tiles: 100 });
  await begun(id);
  python.kill('SIGKILL');
  python = startWorker(0.01);
  const { status, tasks } = await closed(id);
  expect([
    status,
    tasks[0].attempts.map(({ error }: { error: { type: string } | null }) => error?.type ?? null),
  ]).toEqual([...['completed', ['abandoned', null]]]);
});
