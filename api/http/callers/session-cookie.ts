import type { Context } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { AppError } from '../../../model/app-error.ts';
import type { ApiEnv } from '../environment.ts';
import { isSecure } from './origins.ts';

/** The name of the cookie; over https it has a prefix with which browsers take it from this host alone. */
const NAME = 'fermata_session';
const PREFIX = '__Host-';

/** The cookie that holds the sealed id of a session. */
export interface SessionCookie {
  /** Returns its value; undefined without one. Throws `session_invalid` where there are several: which one is ours is unknown. */
  read(context: Context<ApiEnv>): string | undefined;
  /** Sets it. Browsers keep it until they are closed, and send it with requests of our own pages alone. */
  write(context: Context<ApiEnv>, value: string): void;
  /** Removes it. */
  remove(context: Context<ApiEnv>): void;
}

/** Creates the cookie. `publicUrl` is the URL at which people reach the API, if known. */
export function createSessionCookie(publicUrl: string | undefined): SessionCookie {
  const isHttps = (context: Context<ApiEnv>) => publicUrl?.startsWith('https:') === true || isSecure(context);
  const nameIn = (context: Context<ApiEnv>) => (isHttps(context) ? PREFIX + NAME : NAME);
  const options = (context: Context<ApiEnv>) =>
    ({ httpOnly: true, sameSite: 'Strict', path: '/', secure: isHttps(context) }) as const;

  return {
    read(context) {
      const start = `${nameIn(context)}=`;
      const pairs = (context.req.header('cookie') ?? '').split(';').map((pair) => pair.trim());
      const [first, ...others] = pairs.filter((pair) => pair.startsWith(start));
      if (others.length > 0)
        throw new AppError('session_invalid', `the request has several cookies ${nameIn(context)}`);
      return first?.slice(start.length);
    },

    write: (context, value) => setCookie(context, nameIn(context), value, options(context)),

    remove: (context) => void deleteCookie(context, nameIn(context), options(context)),
  };
}
