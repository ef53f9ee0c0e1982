import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import type { SessionStore, SessionTimes } from '../../store/access/sessions.ts';
import { keepGoing, type RoundLoop } from '../background/loops.ts';
import type { AuditService } from './audit.ts';
import { sha256Hex } from './hash.ts';
import type { PrincipalService } from './principals.ts';
import type { Sealer } from './sealer.ts';
import type { VerifyToken } from './tokens.ts';

/** The path of sign-in and sign-out, under which both are audited. */
export const SESSION_PATH = '/api/v1/session';

/** Milliseconds between two notes that a session is used, and between two rounds that delete sessions. */
const NOTE_EVERY = 60_000;

/** The most sessions of a principal, and the most that a round deletes. */
const MOST_SESSIONS = 100;
const AT_ONCE = 10_000;

/** The longest value of a cookie, in characters; a sealed id has about 200. */
const LONGEST_COOKIE = 512;

/** Milliseconds for which a one-time code is valid, and the most that are kept. */
const CODE_VALID = 3_600_000;
const MOST_CODES = 100;

/** A signed-in browser. */
export interface BrowserSession {
  /** The SHA-256 of the id in the cookie. */
  hash: string;
  principal: Principal;
  /** The prefix of the key with which it was opened; null: it was opened with a token. */
  keyPrefix: string | null;
  /** The `x-csrf-token` of every request that changes something. */
  csrf: string;
  ends: Date;
  /** When it ends unless it is used before. */
  idleEnds: Date;
}

/** A key or a token, or a one-time code, which is good for requests of this machine to itself alone. */
export type SignIn = { key: string } | { code: string; isLocal: boolean };

/** Opens, finds and ends the sessions of browsers. */
export interface SessionService extends RoundLoop {
  /**
   * Opens a session and returns it with the value of its cookie. `replaced` is the cookie that the browser has, whose session ends.
   * Throws `unauthenticated`, with one message for whatever is wrong with the key, token or code, and `tokens_unavailable`.
   */
  open(
    by: SignIn,
    options: { replaced: string | undefined; requestId: string },
  ): Promise<{ cookie: string; session: BrowserSession }>;
  /**
   * Finds the session of a cookie, with what its key or token allows now. `used`: whether this puts off its idle end. Throws
   * `session_invalid`.
   */
  find(cookie: string, options: { used: boolean }): Promise<BrowserSession>;
  /** Ends a session. */
  end(session: BrowserSession, requestId: string): Promise<void>;
  /** Returns a code with which a session of a key can be opened once, within an hour, at this process. */
  createCode(key: string): string;
}

/** The dependencies of the service. */
export interface SessionDependencies {
  store: SessionStore;
  principals: Pick<PrincipalService, 'authenticate'>;
  verify: VerifyToken;
  audit: Pick<AuditService, 'record'>;
  /** Encrypts the values of cookies. */
  sealer: Sealer;
  /** Seconds after which a session ends: unless it is used, and in any case. */
  idle: number;
  longest: number;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
}

/** Creates the service. */
export function createSessionService({
  store,
  principals,
  verify,
  audit,
  sealer,
  idle,
  longest,
  clock,
  log,
}: SessionDependencies): SessionService {
  const codes = new BoundedMap<string, { key: string; expires: number }>(MOST_CODES);

  function times(): SessionTimes {
    const now = clock();
    return { now: new Date(now), idleSince: new Date(now - idle * 1000) };
  }

  function idleEnd(seen: Date, ends: Date): Date {
    return new Date(Math.min(seen.getTime() + idle * 1000, ends.getTime()));
  }

  /** Returns the key or token of a sign-in; a code is good once, whatever comes of it. */
  function credentialOf(by: SignIn): string {
    if ('key' in by) return by.key;
    if (!by.isLocal) throw refusal();
    const hash = sha256Hex(by.code);
    const kept = codes.get(hash);
    codes.delete(hash);
    if (kept === undefined || kept.expires <= clock()) throw refusal();
    return kept.key;
  }

  /** Returns what is stored of a credential that is valid: its key, or what its token grants; and when it expires. */
  async function lookUp(credential: string, { kind, roles, permissions, groups }: Principal) {
    const claims = await verify(credential);
    if (claims !== null) {
      const bearer = { kind, roles, permissions, groups };
      return { key: null, bearer, keyPrefix: null, expires: claims.expires };
    }
    const key = await store.findKey(sha256Hex(credential), new Date(clock()));
    if (key === null) throw refusal();
    return { key: key.id, bearer: null, keyPrefix: key.prefix, expires: key.expires };
  }

  async function idIn(cookie: string): Promise<string> {
    if (cookie.length > LONGEST_COOKIE) throw invalid();
    const { id } = await sealer.open(cookie).catch(() => ({ id: null }));
    if (typeof id !== 'string') throw invalid();
    return id;
  }

  async function find(cookie: string, { used }: { used: boolean }): Promise<BrowserSession> {
    const id = await idIn(cookie);
    const hash = sha256Hex(id);
    const { now, idleSince } = times();
    const found = await store.find(hash, { now, idleSince });
    if (found === null) throw invalid();
    const { principal, keyPrefix, seen, ends } = found;
    // A time in the future was noted before the clock was set back.
    const isDue = used && Math.abs(now.getTime() - seen.getTime()) >= NOTE_EVERY;
    if (isDue) await store.touch(hash, seen, now);
    return { hash, principal, keyPrefix, csrf: csrfOf(id), ends, idleEnds: idleEnd(isDue ? now : seen, ends) };
  }

  async function end({ hash, principal, keyPrefix }: BrowserSession, requestId: string): Promise<void> {
    if (await store.end(hash)) await record('DELETE', principal, keyPrefix, requestId);
  }

  function record(method: string, principal: Principal, keyPrefix: string | null, requestId: string): Promise<void> {
    return audit.record(principal, {
      operation: `${method} ${SESSION_PATH}`,
      target: SESSION_PATH,
      reason: null,
      requestId,
      details: keyPrefix === null ? { credential: 'token' } : { credential: 'key', prefix: keyPrefix },
    });
  }

  return {
    async open(by, { replaced, requestId }) {
      const credential = credentialOf(by);
      const principal = await principals.authenticate(credential).catch((error) => refuseAlike(error));
      const { key, bearer, keyPrefix, expires } = await lookUp(credential, principal).catch((error) =>
        refuseAlike(error),
      );
      const now = new Date(clock());
      const last = now.getTime() + longest * 1000;
      const ends = new Date(Math.min(last, expires?.getTime() ?? last));
      // Clocks may differ: a token can be accepted shortly after its end.
      if (ends <= now) throw refusal();
      const id = randomBytes(32).toString('base64url');
      const hash = sha256Hex(id);
      const { id: owner, tenant } = principal;
      await store.add({ hash, tenant, principal: owner, key, bearer, created: now, seen: now, ends }, MOST_SESSIONS);
      await record('POST', principal, keyPrefix, requestId);
      const earlier = replaced === undefined ? null : await find(replaced, { used: false }).catch(() => null);
      if (earlier !== null) await end(earlier, requestId);
      const session = { hash, principal, keyPrefix, csrf: csrfOf(id), ends, idleEnds: idleEnd(now, ends) };
      return { cookie: await sealer.seal({ id }), session };
    },

    find,
    end,

    createCode(key) {
      const code = randomBytes(32).toString('base64url');
      codes.set(sha256Hex(code), { key, expires: clock() + CODE_VALID });
      return code;
    },

    tick: () => store.forget(times(), AT_ONCE),

    run(signal) {
      const trouble = 'sessions that have ended cannot be deleted';
      return keepGoing(() => this.tick(), signal, { interval: NOTE_EVERY, pause: NOTE_EVERY, log, trouble });
    },
  };
}

/** Reports whether a text is the CSRF token of a session. */
export function isCsrfToken({ csrf }: BrowserSession, text: string | undefined): boolean {
  const [own, sent] = [Buffer.from(csrf), Buffer.from(text ?? '')];
  return own.length === sent.length && timingSafeEqual(own, sent);
}

/** Returns the CSRF token of a session, which says nothing about its id. */
function csrfOf(id: string): string {
  return createHmac('sha256', id).update('fermata csrf').digest('base64url');
}

function invalid(): AppError {
  return new AppError('session_invalid', 'there is no such session, or it has ended: sign in again');
}

function refusal(): AppError {
  return new AppError('unauthenticated', 'the key, token or code is not valid');
}

/** Throws an error of a sign-in; what is wrong with the credential is not said. */
function refuseAlike(error: unknown): never {
  throw error instanceof AppError && error.code === 'unauthenticated' ? refusal() : error;
}
