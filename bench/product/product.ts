import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { median } from '../statistics.ts';

// The product as it is started, over HTTP.

/** Everything of `npm start`, in a separate folder. */
export interface Product {
  url: string;
  /** The key of the developer. */
  key: string;
  /** Milliseconds until it was ready. */
  ready: number;
  /** Calls it as the developer, or with another key. Throws an Error for an answer that is no success. */
  call(path: string, body?: object, key?: string): Promise<Answer>;
  stop(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: what comes back is printed, or an id out of it used
type Answer = any;

/** Starts it. */
export async function startProduct(folder?: string): Promise<Product> {
  const own = folder ?? (await mkdtemp(join(tmpdir(), 'fermata-bench-')));
  const begun = performance.now();
  const env = {
    ...process.env,
    FERMATA_DATA_DIR: own,
    FERMATA_PORT: '0',
    FERMATA_TEMPORAL_PORT: '0',
    FERMATA_TEMPORAL_UI_PORT: '0',
    FERMATA_RATE_LIMIT: '0',
  };
  execFileSync(process.execPath, ['build.mjs'], { stdio: 'inherit' });
  const child: ChildProcess = spawn(process.execPath, ['dist/dev/main.js'], { env });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.on('exit', () => reject(new Error(said)));
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Ready after')) resolve();
      });
    }
  });
  const ready = performance.now() - begun;
  const { url, api_key } = JSON.parse(await readFile(join(own, 'dev.json'), 'utf8')) as Record<string, string>;
  return {
    url: url!,
    key: api_key!,
    ready,
    call: async (path, body, key = api_key) => {
      const response = await fetch(url + path, {
        headers: { 'x-api-key': key!, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
      const answer = (await response.json()) as Answer;
      if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
      return answer;
    },
    stop: async () => {
      const gone = new Promise((resolve) => child.on('exit', resolve));
      child.kill('SIGINT');
      await gone;
      if (folder === undefined) await rm(own, { recursive: true, force: true });
    },
  };
}

/** Milliseconds from `npm start` until it is ready: in a new folder, and in one that has been used. */
export async function measureStart(): Promise<{ first: number[]; again: number[] }> {
  const first: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'fermata-bench-'));
    for (const times of [first, again]) {
      const product = await startProduct(folder);
      times.push(product.ready);
      await product.stop();
    }
    await rm(folder, { recursive: true, force: true });
  }
  return { first, again };
}

/** Runs of one task over HTTP, as fast as they end: a minute, and the milliseconds of each until its result was there. */
export async function measureRest(product: Product, seconds = 15): Promise<{ rate: number; latencies: number[] }> {
  const latencies: number[] = [];
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      while (performance.now() - begun < seconds * 1000) {
        const start = performance.now();
        await product.call('/api/v1/executions', { action_ref: 'core.noop', wait: 10 });
        latencies.push(performance.now() - start);
      }
    }),
  );
  return { rate: latencies.length / ((performance.now() - begun) / 60_000), latencies };
}

/** Milliseconds from the end of a run until a list shows it as ended. */
export async function measureLag(product: Product, runs = 30): Promise<number[]> {
  const lags: number[] = [];
  for (let n = 0; n < runs; n += 1) {
    const { data } = await product.call('/api/v1/executions', {
      action_ref: 'core.delay',
      parameters: { seconds: 0.3 },
    });
    for (;;) {
      const { data: rows } = await product.call('/api/v1/executions?per_page=5');
      const row = rows.find(({ id }: { id: number }) => id === data.id);
      if (row?.status === 'completed') break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const seen = Date.now();
    const { data: run } = await product.call(`/api/v1/executions/${data.id}`);
    lags.push(seen - Date.parse(run.updated));
  }
  return lags;
}

/** Bytes of the workflow's bundle, and of it compressed. */
export async function measureBundle(): Promise<{ bytes: number; compressed: number; milliseconds: number }> {
  const times: number[] = [];
  let code = '';
  for (let round = 0; round < 3; round += 1) {
    const begun = performance.now();
    ({ code } = await bundleWorkflows());
    times.push(performance.now() - begun);
  }
  return { bytes: Buffer.byteLength(code), compressed: gzipSync(code).length, milliseconds: median(times) };
}
