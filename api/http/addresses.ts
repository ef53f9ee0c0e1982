import type { Context } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AppError } from '../../model/app-error.ts';
import { sha256Hex } from '../../service/access/hash.ts';
import type { ApiEnv } from './environment.ts';

/** Requests a minute of an address that come without a principal. */
const ANONYMOUS = 600;

/** Wrong credentials of an address: 60 a minute on average, 120 at once. */
const WRONG = { points: 120, duration: 120 };

/** Milliseconds for which credentials that were good are remembered, and how many of them are. */
const REMEMBERED = 60_000;
const MOST_REMEMBERED = 10_000;

/** Bounds what an address may ask before it is known who asks. */
export interface AddressGuard {
  /** Counts a request without a principal. Throws `rate_limited`. */
  countAnonymous(address: string): Promise<void>;
  /**
   * Looks credentials up, unless their address has sent too many wrong ones: then only those pass that were good within
   * the last minute. Throws `rate_limited`, and what the look-up throws.
   */
  lookUp<T>(address: string, credentials: string, find: () => Promise<T>): Promise<T>;
}

/** Makes a guard for one process; `clock` gives milliseconds. */
export function createAddressGuard(clock: () => number): AddressGuard {
  const anonymous = new RateLimiterMemory({ points: ANONYMOUS, duration: 60 });
  const wrong = new RateLimiterMemory(WRONG);
  /** Hashes of good credentials, and until when they are remembered; the one that was used last is the last. */
  const good = new Map<string, number>();

  function remember(hash: string): void {
    good.delete(hash);
    good.set(hash, clock() + REMEMBERED);
    if (good.size > MOST_REMEMBERED) for (const oldest of good.keys()) return void good.delete(oldest);
  }

  return {
    async countAnonymous(address) {
      const { consumedPoints, msBeforeNext } = await anonymous.penalty(address);
      if (consumedPoints > ANONYMOUS) {
        throw limited(`this address sent more than ${ANONYMOUS} requests a minute without credentials`, msBeforeNext);
      }
    },

    async lookUp(address, credentials, find) {
      const hash = sha256Hex(credentials);
      const spent = await wrong.get(address);
      const known = (good.get(hash) ?? Number.NEGATIVE_INFINITY) >= clock();
      if (spent !== null && spent.consumedPoints >= WRONG.points && !known) {
        throw limited('this address sent too many wrong credentials', spent.msBeforeNext);
      }
      try {
        const found = await find();
        remember(hash);
        return found;
      } catch (error) {
        if (error instanceof AppError && error.code === 'unauthenticated') {
          good.delete(hash);
          await wrong.penalty(address);
        }
        throw error;
      }
    },
  };
}

function limited(message: string, milliseconds: number): AppError {
  return new AppError('rate_limited', message, { retryAfter: Math.ceil(milliseconds / 1000) });
}

/**
 * Returns the address that a request comes from: that of its socket, since a header can be made up. Addresses of IPv6 are
 * shortened to their network of 64 bits, which one caller has as a whole.
 */
export function addressOf({ env }: Context<ApiEnv>): string {
  return networkOf(env?.incoming?.socket?.remoteAddress ?? '');
}

/** The network of an address: 64 bits of IPv6, the whole of IPv4, however it is written. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail = ''] = address.toLowerCase().split('%', 1)[0]!.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const groups = [...first, ...Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0'), ...last];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
