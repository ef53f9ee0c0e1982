import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { consoleRoutes, readConsole } from '../api/console.ts';
import { createRouter, type Router } from '../api/http/router.ts';

/** The file of a history. */
export interface HistoryFile {
  name: string;
  text: string;
}

/**
 * Creates the routes of the console's page for histories, and of a file that it shows; `path` is the address of the page. Nobody who does
 * not know that can read the file. `hostname` is the only one that is answered.
 */
export function createHistoryPage({ name, text }: HistoryFile, hostname: string): { routes: Router; path: string } {
  const secret = randomUUID();
  const routes = createRouter();
  // A page of somebody else's, whose name leads to this machine, may not read the file.
  routes.use(async (context, next) => {
    if (!context.req.header('host')?.startsWith(`${hostname}:`)) return context.text('not served here', 403);
    await next();
  });
  routes.get('/console/files/:secret/:name', (context) =>
    context.req.param('secret') === secret
      ? context.body(text, 200, { 'content-type': 'application/json' })
      : context.notFound(),
  );
  routes.route('/', consoleRoutes(readConsole(join(import.meta.dirname, '../console')), undefined));
  routes.onError((_, context) => context.notFound());
  return { routes, path: `/console/history?${new URLSearchParams({ file: `${secret}/${encodeURIComponent(name)}` })}` };
}
