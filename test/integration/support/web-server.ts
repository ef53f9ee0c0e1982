import { createServer, type IncomingMessage } from 'node:http';

/** A real HTTP server for `core.http` to call. */
export interface WebServer {
  url: string;
  /** Paths that were asked, in order. */
  asked: string[];
  /** What `/counted/<run>/<name>` answers with 500 from now on, and what it does after so many calls in all runs. */
  fail(run: string, names: string[]): void;
  failAfter(name: string, calls: number): void;
  /** How often each name of a run was called. */
  counts(run: string): Record<string, number>;
  /** Answers every request to `/wait` that is open, and all later ones at once. */
  open(): void;
  close(): Promise<void>;
}

/** Serves `/counted/<run>/<name>`, `/ok`, `/echo`, `/status/<n>`, `/flaky/<n>` (503 n times, then 200), `/text`, `/said` (`?base64=`, with `?header=` and `?status=`), `/big`, `/redirect` (to `?to=`, with `?status=`), and `/wait` until opened (what waits at `/wait/<n>` is answered with n then). */
export async function createWebServer(): Promise<WebServer> {
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const flaky = new Map<string, number>();
  const failing = new Map<string, string[]>();
  const failingAfter = new Map<string, number>();
  const counted = new Map<string, Record<string, number>>();
  let isOpen = false;
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').split('?')[0]!;
    asked.push(path);
    const json = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    const [, kind, argument = ''] = path.split('/');
    if (kind === 'counted') {
      const name = path.split('/')[3]!;
      const calls = counted.get(argument) ?? {};
      calls[name] = (calls[name] ?? 0) + 1;
      counted.set(argument, calls);
      const late = calls[name] > (failingAfter.get(name) ?? Number.POSITIVE_INFINITY);
      return json(late || failing.get(argument)?.includes(name) ? 500 : 200, { calls: calls[name] });
    }
    if (kind === 'echo') {
      const { method, url, headers } = request;
      return json(200, { method, url, headers, body: await bodyOf(request) });
    }
    if (kind === 'status') return json(Number(argument), { was: Number(argument) });
    if (kind === 'flaky') {
      const used = flaky.get(path) ?? 0;
      flaky.set(path, used + 1);
      return json(used < Number(argument) ? 503 : 200, { used });
    }
    if (kind === 'said') {
      const { searchParams } = new URL(request.url ?? '', 'http://x');
      const headers = searchParams.getAll('header').map((header) => header.split(/: (.*)/).slice(0, 2));
      const body = Buffer.from(searchParams.get('base64') ?? '', 'base64');
      return response.writeHead(Number(searchParams.get('status') ?? 200), headers.flat() as never).end(body);
    }
    if (kind === 'text') return response.writeHead(200, { 'content-type': 'text/plain' }).end('plain {"a":1}');
    if (kind === 'broken') return response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":');
    if (kind === 'big') return response.writeHead(200).end('x'.repeat(1_600_000));
    if (kind === 'redirect') {
      const { searchParams } = new URL(request.url ?? '', 'http://x');
      const status = Number(searchParams.get('status') ?? 302);
      return response.writeHead(status, { location: searchParams.get('to') ?? '/ok' }).end();
    }
    if (kind === 'wait' && !isOpen) {
      waiting.push(() => json(Number(argument) || 200, { waited: true }));
      return;
    }
    json(200, { ok: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    fail: (run, names) => void failing.set(run, names),
    failAfter: (name, calls) => void failingAfter.set(name, calls),
    counts: (run) => counted.get(run) ?? {},
    open: () => {
      isOpen = true;
      for (const answer of waiting.splice(0)) answer();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
