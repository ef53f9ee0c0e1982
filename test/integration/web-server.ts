import { createServer, type IncomingMessage } from 'node:http';

/** A real HTTP server for `core.http` to call. */
export interface WebServer {
  url: string;
  /** Paths that were asked, in order. */
  asked: string[];
  /** Answers every request to `/wait` that is open, and all later ones at once. */
  open(): void;
  close(): Promise<void>;
}

/** Serves `/ok`, `/echo`, `/status/<n>`, `/flaky/<n>` (503 n times, then 200), `/text`, `/big`, and `/wait` until opened. */
export async function createWebServer(): Promise<WebServer> {
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const flaky = new Map<string, number>();
  let isOpen = false;
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').split('?')[0]!;
    asked.push(path);
    const json = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    const [, kind, argument = ''] = path.split('/');
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
    if (kind === 'text') return response.writeHead(200, { 'content-type': 'text/plain' }).end('plain {"a":1}');
    if (kind === 'broken') return response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":');
    if (kind === 'big') return response.writeHead(200).end('x'.repeat(1_600_000));
    if (kind === 'redirect') return response.writeHead(302, { location: '/ok' }).end();
    if (kind === 'wait' && !isOpen) {
      waiting.push(() => json(200, { waited: true }));
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
