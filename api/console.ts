import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Context } from 'hono';
import { parseAccept } from 'hono/utils/accept';
import { AppError } from '../model/app-error.ts';
import type { ApiEnv } from './http/environment.ts';
import { createRouter } from './http/router.ts';

// The console: pages for browsers, which call the API as every other client does.

const BASE = '/console';

/** Everything comes from here, and nothing runs or loads that the build has not made. */
const CONTENT_POLICY =
  "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'";

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A file of the console, as it is and compressed. */
interface Asset {
  type: string;
  plain: Uint8Array<ArrayBuffer>;
  br: Uint8Array<ArrayBuffer>;
  gzip: Uint8Array<ArrayBuffer>;
}

/** The built console. */
export interface ConsoleFiles {
  /** The page that loads everything; `%ROOT%` stands for the path below which the service is reached. */
  page: string;
  assets: ReadonlyMap<string, Asset>;
}

/** Reads the console from the folder in which the build has left it. Throws an Error if it is not there. */
export function readConsole(folder: string): ConsoleFiles {
  const path = (name: string) => join(folder, 'assets', name);
  const read = (name: string) => new Uint8Array(readFileSync(path(name)));
  const names = readdirSync(join(folder, 'assets')).filter((name) => Object.hasOwn(TYPES, extname(name)));
  return {
    page: readFileSync(join(folder, 'index.html'), 'utf8'),
    assets: new Map(
      names.map((name) => {
        const [plain, br, gzip] = [read(name), read(`${name}.br`), read(`${name}.gz`)];
        return [name, { type: TYPES[extname(name)]!, plain, br, gzip }];
      }),
    ),
  };
}

/** Registers the console, and leads browsers there from `/`. `publicUrl` is the URL at which people reach the API. */
export function consoleRoutes({ page, assets }: ConsoleFiles, publicUrl: string | undefined) {
  const router = createRouter();
  const root = publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, '');
  const shown = page.replaceAll('%ROOT%', root);

  router.get('/', (context, next) => {
    context.header('vary', 'accept');
    return context.req.header('accept')?.includes('text/html') ? context.redirect(`${root}${BASE}`) : next();
  });

  router.get(`${BASE}/assets/:name`, (context) => {
    const asset = assets.get(context.req.param('name'));
    if (asset === undefined) throw new AppError('not_found', 'the console has no such file: load its page again');
    return sendAsset(context, asset);
  });

  // Which page it is, the console reads from the address.
  for (const path of [BASE, `${BASE}/*`]) {
    router.get(path, (context) => {
      context.header('content-security-policy', CONTENT_POLICY);
      return context.html(shown);
    });
  }
  return router;
}

/** Sends a file whose name changes with its contents. */
function sendAsset(context: Context<ApiEnv>, { type, plain, br, gzip }: Asset): Response {
  const accepted = parseAccept(context.req.header('accept-encoding') ?? '').filter(({ q }) => q > 0);
  const encoding = (['br', 'gzip'] as const).find((each) => accepted.some(({ type: coding }) => coding === each));
  const body = encoding === undefined ? plain : { br, gzip }[encoding];
  if (encoding !== undefined) context.header('content-encoding', encoding);
  context.header('vary', 'accept-encoding');
  context.header('cache-control', 'public, max-age=31536000, immutable');
  return context.body(body, 200, { 'content-type': type });
}
