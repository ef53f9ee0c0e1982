import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { measureUsage, type Production, startProduction } from './production.ts';

/** One request about a run: milliseconds to the first byte and to the last, the longest hold of the event loop in milliseconds of CPU, and what it weighs. */
export interface Request {
  what: string;
  first: number;
  whole: number;
  hold: number;
  bytes: number;
  /** Milliseconds of CPU of the API, all threads together. */
  cpu: number;
  /** Mebibytes of memory of the API afterwards. */
  memory: number;
}

/** The cost of requests about large runs. */
export interface LargeRuns {
  measured: { what: string; requests: Request[] }[];
  /** Milliseconds of the first reads of runs with about 4,000 events, and of later reads of the same runs. */
  reads: { first: number[]; unchanged: number[] };
}

/** Sizes of runs: items that are done within the workflow, items that a worker does one after another, each with six events, and runs of 4,000 events. */
export interface LargeRunSizes {
  items: number;
  calls: number;
  reads: number;
}

/** Items whose activities make about 4,000 events. */
const CALLS_OF_A_READ = 660;

/** Makes large runs on an installation as in production, and measures what requests about them cost. */
export async function measureLargeRuns({ items, calls, reads }: LargeRunSizes): Promise<LargeRuns> {
  const web = createServer((_, response) => response.end('{}'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const production = await startProduction(1, 1, { watched: true });
  try {
    await defineWorkflows(production, `http://127.0.0.1:${(web.address() as AddressInfo).port}`);
    const measured: LargeRuns['measured'] = [];
    for (const [ref, count] of [
      ['large.items', 1_000],
      ['large.items', items],
      ['large.calls', calls],
    ] as const) {
      console.log(`${ref}: ${count} …`);
      const [open, id] = await Promise.all([
        makeRun(production, `${ref}_shown`, { count }),
        makeRun(production, ref, { count, secret: 'a secret of this bench' }),
      ]);
      const first = await measureRequest(production, 'first read, of a run that hides nothing', pathOf(open), {});
      console.log(describe(first));
      const events = await countEvents(production, open);
      const requests = [first, ...(await measureRun(production, id))];
      measured.push({
        what:
          ref === 'large.items'
            ? `${numberText(count)} items within the workflow`
            : `a chain of ${numberText(events)} events`,
        requests,
      });
    }
    return { measured, reads: await measureReads(production, reads) };
  } finally {
    await production.stop();
    web.close();
  }
}

async function defineWorkflows({ call }: Production, url: string): Promise<void> {
  await call('/api/v1/packs', { ref: 'large', label: 'Large runs' });
  const tasks = {
    items: {
      action: 'core.transform',
      input: { data: { number: '{{ item }}', text: 'item {{ item }} of {{ secret | default("none") }}' } },
    },
    calls: { action: 'core.http', input: { url: `${url}/{{ item }}` }, concurrency: 1 },
  };
  const count = { type: 'integer' };
  const hiding = { count, secret: { type: 'string', writeOnly: true } };
  for (const [name, task] of Object.entries(tasks)) {
    // The reconciler reads the history of a run that hides a value, so that a first read of it would be its second.
    for (const [ref, properties] of Object.entries({ [name]: hiding, [`${name}_shown`]: { count } })) {
      await call('/api/v1/workflows', {
        ref: `large.${ref}`,
        pack_ref: 'large',
        label: ref,
        version: '1.0.0',
        param_schema: { type: 'object', properties },
        definition: { tasks: [{ name: 'each', with_items: '{{ range(count) }}', ...task }], output: 'done' },
      });
    }
  }
}

const numberText = (count: number) => count.toLocaleString('en-US');

const pathOf = (id: number) => `/api/v1/executions/${id}`;

/** Starts a run and waits for its end, as lists show it, so that nothing of it has been read. Returns its id. */
async function makeRun({ call }: Production, ref: string, parameters: object): Promise<number> {
  const { data } = await call('/api/v1/executions', { action_ref: ref, parameters });
  for (;;) {
    const { data: ended } = await call('/api/v1/executions?status=completed&limit=100');
    if (ended.some(({ id }: { id: number }) => id === data.id)) return data.id;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function measureRun(production: Production, id: number): Promise<Request[]> {
  const path = pathOf(id);
  const events = await countEvents(production, id);
  const requests: Request[] = [];
  for (const [what, request, options] of [
    ['read', path, {}],
    ['read again', path, {}],
    ['lean view', `${path}?view=lean`, {}],
    ['page of 500 tasks', `${path}/tasks?limit=500&parent_key=*`, {}],
    ['task with its items', `${path}/tasks/each`, {}],
    ['at an event in the middle', `${path}/at/${Math.ceil(events / 2)}`, {}],
    ['log', `${path}/logs`, {}],
    ['stream to its end', `${path}/events`, {}],
    ['delete', path, { method: 'DELETE' }],
  ] as const) {
    requests.push(await measureRequest(production, what, request, options));
    console.log(describe(requests.at(-1)!));
  }
  return requests;
}

async function countEvents({ call }: Production, id: number): Promise<number> {
  return (await call(`${pathOf(id)}/tasks?limit=1`)).last_event;
}

async function measureRequest(
  { request, takeLongestHold, pids }: Production,
  what: string,
  path: string,
  options: RequestInit,
): Promise<Request> {
  await takeLongestHold();
  const usage = () => measureUsage({ API: pids['API 1']! }).get('API')!;
  const before = usage().cpu;
  const begun = performance.now();
  const response = await request(path, options);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  let bytes = 0;
  let first = Number.NaN;
  for await (const chunk of response.body!) {
    if (bytes === 0) first = performance.now() - begun;
    bytes += chunk.byteLength;
  }
  const whole = performance.now() - begun;
  const hold = await takeLongestHold();
  const { cpu, memory } = usage();
  return { what, first, whole, hold, bytes, cpu: (cpu - before) * 1000, memory };
}

function describe({ what, first, whole, hold, bytes, cpu, memory }: Request): string {
  const times = `first byte ${Math.round(first)} ms, all ${Math.round(whole)} ms, CPU ${Math.round(cpu)} ms, hold ${hold} ms`;
  return `  ${what}: ${times}, ${Math.round(bytes / 1000)} kB, API ${Math.round(memory)} MiB`;
}

/** Reads some runs of about 4,000 events for the first time, and again. */
async function measureReads(production: Production, runs: number): Promise<LargeRuns['reads']> {
  const reads: LargeRuns['reads'] = { first: [], unchanged: [] };
  const timeRead = async (id: number) => {
    const begun = performance.now();
    await (await production.request(pathOf(id))).arrayBuffer();
    return performance.now() - begun;
  };
  const count = CALLS_OF_A_READ;
  const made = Array.from({ length: runs }, () => makeRun(production, 'large.calls_shown', { count }));
  for (const id of await Promise.all(made)) {
    reads.first.push(await timeRead(id));
    for (let again = 0; again < 5; again += 1) reads.unchanged.push(await timeRead(id));
  }
  return reads;
}
