import type { Context } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AppError } from '../../../model/app-error.ts';
import { BoundedMap } from '../../../model/bounded-map.ts';
import { sha256Hex } from '../../../service/access/hash.ts';
import type { ApiEnv } from '../environment.ts';

/** Requests per minute that one address may send without credentials. */
const ANONYMOUS = 600;

/** Wrong credentials that one address may send: 60 per minute on average, 120 at once. */
const WRONG = { points: 120, duration: 120 };

/** Refused sign-ins of one address within a window of milliseconds, and the most addresses that are counted. */
const SIGN_INS = 10;
const SIGN_IN_WINDOW = 60_000;
const MOST_SIGNING_IN = 10_000;

/** Sign-ins of one address that may be under way at once. */
const SIGN_INS_AT_ONCE = 50;

/** How long valid credentials of headers are remembered, in milliseconds, and how many of them, and of those that have signed in. */
const REMEMBERED = 60_000;
const MOST_REMEMBERED = 10_000;

/** Limits requests by address before the caller is authenticated. */
export interface AddressGuard {
  /** Counts a request without credentials. Throws `rate_limited`. */
  countAnonymous(address: string): Promise<void>;
  /**
   * Looks credentials up. An address that has sent too many wrong ones can only use credentials that were valid within
   * the last minute. Throws `rate_limited`, and the errors of the look-up.
   */
  lookUp<T>(address: string, credentials: string, find: () => Promise<T>): Promise<T>;
  /**
   * Tries to sign in. An address that was refused 10 times within a minute can only use credentials that have signed in at this process
   * before, or were valid in a header within the last minute. Throws `rate_limited`, also for other credentials while 50 attempts of
   * the address are under way, and the errors of the attempt.
   */
  signIn<T>(address: string, credentials: string, open: () => Promise<T>): Promise<T>;
}

/** The sign-ins of an address: those under way, and those that were refused in a window of time, with its end. */
interface SignIns {
  trying: number;
  refused: number;
  ends: number;
}

/** Creates the guard of one process. `clock` returns milliseconds; valid credentials are remembered for `remembered` of them. */
export function createAddressGuard(clock: () => number, remembered = REMEMBERED): AddressGuard {
  const anonymous = new RateLimiterMemory({ points: ANONYMOUS, duration: 60 });
  const wrong = new RateLimiterMemory(WRONG);
  /** Hashes of valid credentials and when they are forgotten, least recently used first. */
  const good = new BoundedMap<string, number>(MOST_REMEMBERED);
  const signIns = new BoundedMap<string, SignIns>(MOST_SIGNING_IN);
  /** Hashes of credentials that have signed in, and were not refused since. They are looked up each time, so they need not be forgotten. */
  const signedIn = new BoundedMap<string, true>(MOST_REMEMBERED);

  function isGood(hash: string): boolean {
    return (good.get(hash) ?? Number.NEGATIVE_INFINITY) >= clock();
  }

  /** Returns the sign-ins of an address in the current window. */
  function signInsOf(address: string): SignIns {
    const now = clock();
    const known = signIns.get(address);
    // A window that ends later than a new one was begun before the clock was set back.
    if (known !== undefined && known.ends > now && known.ends <= now + SIGN_IN_WINDOW) return known;
    const current = Object.assign(known ?? { trying: 0 }, { refused: 0, ends: now + SIGN_IN_WINDOW });
    signIns.set(address, current);
    return current;
  }

  /** Throws `rate_limited` where an address may not try further credentials. */
  function demandRoom({ trying, refused, ends }: SignIns): void {
    if (refused >= SIGN_INS)
      throw limited(`this address was refused ${SIGN_INS} times within a minute`, ends - clock());
    if (trying >= SIGN_INS_AT_ONCE) throw limited(`this address has ${SIGN_INS_AT_ONCE} sign-ins under way`, 1_000);
  }

  return {
    async countAnonymous(address) {
      const { consumedPoints, msBeforeNext } = await anonymous.penalty(address);
      if (consumedPoints > ANONYMOUS) {
        throw limited(`this address sent more than ${ANONYMOUS} requests per minute without credentials`, msBeforeNext);
      }
    },

    async lookUp(address, credentials, find) {
      const hash = sha256Hex(credentials);
      const spent = await wrong.get(address);
      if (spent !== null && spent.consumedPoints >= WRONG.points && !isGood(hash)) {
        throw limited('this address sent too many wrong credentials', spent.msBeforeNext);
      }
      try {
        const found = await find();
        good.set(hash, clock() + remembered);
        return found;
      } catch (error) {
        if (isWrong(error)) {
          good.delete(hash);
          await wrong.penalty(address);
        }
        throw error;
      }
    },

    async signIn(address, credentials, open) {
      const hash = sha256Hex(credentials);
      const attempts = signInsOf(address);
      if (!signedIn.has(hash) && !isGood(hash)) demandRoom(attempts);
      attempts.trying += 1;
      try {
        const opened = await open();
        signedIn.set(hash, true);
        return opened;
      } catch (error) {
        if (isWrong(error)) {
          good.delete(hash);
          signedIn.delete(hash);
          signInsOf(address).refused += 1;
        }
        throw error;
      } finally {
        attempts.trying -= 1;
      }
    },
  };
}

/** Reports whether an error refuses credentials as wrong: the key in the URL of a webhook is one, too. */
function isWrong(error: unknown): boolean {
  return error instanceof AppError && (error.status === 401 || error.code === 'webhook_not_found');
}

function limited(message: string, milliseconds: number): AppError {
  return new AppError('rate_limited', message, { retryAfter: Math.ceil(milliseconds / 1000) });
}

/**
 * Returns the address of the socket of a request, since headers can be forged. IPv6 addresses are shortened to their
 * network of 64 bits, which usually belongs to one caller.
 */
export function addressOf({ env }: Context<ApiEnv>): string {
  return findNetwork(env?.incoming?.socket?.remoteAddress ?? '');
}

/** Returns the network of an address in any notation: 64 bits of IPv6, or the whole IPv4 address. */
export function findNetwork(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail = ''] = address.toLowerCase().split('%', 1)[0]!.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const groups = [...first, ...Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0'), ...last];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
