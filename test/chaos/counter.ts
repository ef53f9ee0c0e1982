import { createServer, type Server } from 'node:http';

/** Outside every process that is killed: counts what actions do to the world, and answers them. */
export interface Counter {
  url: string;
  /** How often each name of a run was called. */
  calls(run: string): Record<string, number>;
  /** From now on the names that fail for the first time succeed in this run. */
  mend(run: string): void;
  /** Pairs of runs that have been in one section at the same time. */
  overlaps: string[];
  close(): Promise<void>;
}

/**
 * Serves `/count/<run>/<name>` (500 for the name `broken` until the run is mended), `/flaky/<run>/<n>` (503 n times, then
 * 200), `/enter/<run>/<section>` and `/leave/<run>/<section>`.
 */
export async function createCounter(): Promise<Counter> {
  const counted = new Map<string, Record<string, number>>();
  const mended = new Set<string>();
  const inside = new Map<string, string>();
  const overlaps: string[] = [];
  const server: Server = createServer((request, response) => {
    const [, what, run = '', name = ''] = decodeURIComponent(request.url ?? '').split('/');
    const calls = counted.get(run) ?? {};
    calls[name] = (calls[name] ?? 0) + 1;
    counted.set(run, calls);
    let status = 200;
    if (what === 'count' && name === 'broken' && !mended.has(run)) status = 500;
    if (what === 'flaky' && calls[name]! <= Number(name)) status = 503;
    const before = inside.get(name);
    if (what === 'enter') {
      if (before !== undefined && before !== run) overlaps.push(`${before} and ${run} in ${name}`);
      inside.set(name, run);
    }
    if (what === 'leave' && before === run) inside.delete(name);
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    calls: (run) => counted.get(run) ?? {},
    mend: (run) => void mended.add(run),
    overlaps,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
