import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A real HTTP server for `core.http` to call. */
export interface WebServer {
  url: string;
  /** Paths that were asked, in order. */
  asked: string[];
  /** Makes `/counted/<run>/<name>` answer with 500 from now on for these names. */
  fail(run: string, names: string[]): void;
  /** Makes it answer with 500 for a name of any run after so many calls. */
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
  /** Answers a call that is counted: `/counted/<run>/<name>`. */
  function count(run: string, name: string): [status: number, body: object] {
    const calls = counted.get(run) ?? {};
    calls[name] = (calls[name] ?? 0) + 1;
    counted.set(run, calls);
    const late = calls[name] > (failingAfter.get(name) ?? Number.POSITIVE_INFINITY);
    return [late || failing.get(run)?.includes(name) ? 500 : 200, { calls: calls[name] }];
  }

  const kinds: Record<string, (request: Asked, response: ServerResponse) => unknown> = {
    counted: ({ argument, name }, response) => json(response, ...count(argument, name)),
    echo: async ({ request }, response) => {
      const { method, url, headers } = request;
      json(response, 200, { method, url, headers, body: await bodyOf(request) });
    },
    status: ({ argument }, response) => json(response, Number(argument), { was: Number(argument) }),
    flaky: ({ path, argument }, response) => {
      const used = flaky.get(path) ?? 0;
      flaky.set(path, used + 1);
      json(response, used < Number(argument) ? 503 : 200, { used });
    },
    said: ({ query }, response) => {
      const headers = query.getAll('header').map((header) => header.split(/: (.*)/).slice(0, 2));
      const body = Buffer.from(query.get('base64') ?? '', 'base64');
      response.writeHead(Number(query.get('status') ?? 200), headers.flat() as never).end(body);
    },
    text: (_, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('plain {"a":1}'),
    broken: (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
    big: (_, response) => response.writeHead(200).end('x'.repeat(1_600_000)),
    redirect: ({ query }, response) =>
      response.writeHead(Number(query.get('status') ?? 302), { location: query.get('to') ?? '/ok' }).end(),
    wait: ({ argument }, response) => {
      if (isOpen) json(response, 200, { ok: true });
      else waiting.push(() => json(response, Number(argument) || 200, { waited: true }));
    },
  };
  const server = createServer(async (request, response) => {
    const [path = '', search] = (request.url ?? '').split(/\?(.*)/s);
    const query = new URLSearchParams(search);
    asked.push(path);
    const [, kind = '', argument = '', name = ''] = path.split('/');
    const answer = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (answer === undefined) json(response, 200, { ok: true });
    else await answer({ request, path, query, argument, name }, response);
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

/** A request by the parts of its URL: `/<kind>/<argument>/<name>`. */
interface Asked {
  request: IncomingMessage;
  path: string;
  query: URLSearchParams;
  argument: string;
  name: string;
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
