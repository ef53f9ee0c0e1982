import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import {
  ENCODED_SECRET,
  type HookHeaders,
  type SignatureRefusal,
  type WebhookPreset,
  type WebhookScheme,
} from '../../model/webhook.ts';
import { decodeSecret, isBase64 } from './standard-signatures.ts';

/** The most signatures of one request: senders that change their secret send two. */
const MOST_SIGNATURES = 10;

/** Thrown while a request is verified. */
class Refused extends Error {
  readonly reason: SignatureRefusal;

  constructor(reason: SignatureRefusal) {
    super(reason);
    this.reason = reason;
  }
}

/** The result of a verification: why the request is refused, or null for one that is authentic, and the delivery id that is signed. */
export interface Verified {
  refusal: SignatureRefusal | null;
  id: string | null;
}

/** The values that a request shows, the one that they must equal for a secret, and the delivery id that this proves. */
interface Proof {
  offered: readonly Buffer[];
  id?: string;
  expect: (secret: string) => Buffer;
}

/** Reads the proof of a request from its headers; `now` is in milliseconds. Throws Refused. */
type ReadProof = (headers: HookHeaders, scheme: WebhookScheme, bytes: Uint8Array, now: number) => Proof;

/**
 * Verifies a request with the secrets of its webhook: any of them may match, and all are tried. `bytes` is the body as it was sent, `now`
 * is in milliseconds. Pure.
 */
export function verify(
  scheme: WebhookScheme,
  secrets: readonly string[],
  headers: HookHeaders,
  bytes: Uint8Array,
  now: number,
): Verified {
  const { preset } = scheme;
  if (preset === 'none') return { refusal: null, id: null };
  const check = (read: ReadProof, some: readonly string[]) => judge(() => read(headers, scheme, bytes, now), some);
  if (preset !== 'gitlab') return check(PROOFS[preset], secrets);
  const [keys, tokens] = [secrets.filter(isEncoded), secrets.filter((secret) => !isEncoded(secret))];
  if (keys.length === 0) return check(PROOFS.gitlab, tokens);
  const verified = check(PROOFS['standard-webhooks'], keys);
  return verified.refusal === null || tokens.length === 0 ? verified : check(PROOFS.gitlab, tokens);
}

function judge(read: () => Proof, secrets: readonly string[]): Verified {
  try {
    const { offered, expect, id = null } = read();
    let isAuthentic = false;
    for (const secret of secrets) {
      const expected = expect(secret);
      // No early end: the time does not depend on which one matches.
      for (const each of offered) if (isEqual(each, expected)) isAuthentic = true;
    }
    return isAuthentic ? { refusal: null, id } : { refusal: 'mismatch', id: null };
  } catch (error) {
    if (error instanceof Refused) return { refusal: error.reason, id: null };
    throw error;
  }
}

/** Compares in a time that depends on neither value, nor on where they differ. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

const PROOFS: Record<Exclude<WebhookPreset, 'none'>, ReadProof> = {
  'standard-webhooks': (headers, { tolerance }, bytes, now) => {
    const isOwn = ['id', 'timestamp', 'signature'].some((name) => headers.has(`webhook-${name}`));
    const read = (name: string) => single(headers, `${isOwn ? 'webhook' : 'svix'}-${name}`);
    const id = withoutDot(read('id'));
    const before = `${id}.${fresh(read('timestamp'), tolerance, now)}.`;
    const offered = read('signature')
      .split(' ')
      .flatMap((part) => decodeAfter('v1,', part, 'base64'));
    return { ...signed(before, bytes, offered, decodeSecret), id };
  },

  github: (headers, _, bytes) =>
    signed('', bytes, decodeAfter('sha256=', single(headers, 'x-hub-signature-256'), 'hex')),

  gitlab: (headers) => shown(single(headers, 'x-gitlab-token')),

  stripe: (headers, { tolerance }, bytes, now) => {
    const parts = listed(single(headers, 'stripe-signature'));
    const times = parts.filter((part) => part.startsWith('t='));
    if (times.length !== 1) throw new Refused('malformed');
    const time = fresh(times[0]!.slice(2), tolerance, now);
    return signed(
      `${time}.`,
      bytes,
      parts.flatMap((part) => decodeAfter('v1=', part, 'hex')),
    );
  },

  slack: (headers, { tolerance }, bytes, now) => {
    const time = fresh(single(headers, 'x-slack-request-timestamp'), tolerance, now);
    return signed(`v0:${time}:`, bytes, decodeAfter('v0=', single(headers, 'x-slack-signature'), 'hex'));
  },

  pagerduty: (headers, _, bytes) => {
    const parts = listed(single(headers, 'x-pagerduty-signature'));
    return signed(
      '',
      bytes,
      parts.flatMap((part) => decodeAfter('v1=', part, 'hex')),
    );
  },

  alertmanager: (headers) => shown(passwordIn(headers) ?? bearerIn(headers)),

  hmac: (headers, { settings, tolerance }, bytes, now) => {
    const { header = '', prefix = '', algorithm, encoding = 'hex', signed: content } = settings;
    const offered = decodeAfter(prefix, single(headers, header), encoding);
    const time =
      content === 'body' ? '' : `${fresh(single(headers, settings.timestamp_header ?? ''), tolerance, now)}.`;
    if (content !== 'id.timestamp.body') return signed(time, bytes, offered, utf8, algorithm);
    const id = withoutDot(single(headers, settings.id_header ?? ''));
    return { ...signed(`${id}.${time}`, bytes, offered, utf8, algorithm), id };
  },

  bearer: (headers, { settings: { header } }) =>
    shown(header === undefined ? bearerIn(headers) : single(headers, header)),
};

/** Builds the proof of a request that shows signatures over some text and the body. Throws Refused without any signature. */
function signed(
  before: string,
  bytes: Uint8Array,
  offered: readonly Buffer[],
  key: (secret: string) => Buffer = utf8,
  algorithm = 'sha256',
): Proof {
  if (offered.length === 0 || offered.length > MOST_SIGNATURES) throw new Refused('malformed');
  return { offered, expect: (secret) => createHmac(algorithm, key(secret)).update(before).update(bytes).digest() };
}

/** Builds the proof of a request that shows the secret itself. */
function shown(token: string): Proof {
  if (token === '') throw new Refused('malformed');
  return { offered: [utf8(token)], expect: utf8 };
}

/** Returns the value of a header. Throws Refused if it is absent, or was sent with two different values. */
function single(headers: HookHeaders, name: string): string {
  const [value, ...others] = new Set(headers.get(name));
  if (value === undefined) throw new Refused('missing_header');
  if (others.length > 0) throw new Refused('malformed');
  return value;
}

/** Returns an id that is signed before a dot. Throws Refused for one with a dot, since it could end elsewhere. */
function withoutDot(id: string): string {
  if (id.includes('.')) throw new Refused('malformed');
  return id;
}

/** Returns a time in seconds as it was sent. Throws Refused if it is not one, or too far from now in either direction. */
function fresh(time: string, tolerance: number, now: number): string {
  if (!/^\d{1,12}$/.test(time)) throw new Refused('malformed');
  if (Math.abs(now / 1000 - Number(time)) > tolerance) throw new Refused('stale');
  return time;
}

function listed(value: string): string[] {
  return value.split(',').map((part) => part.trim());
}

/** Decodes a signature behind a prefix; none for another prefix or another encoding. */
function decodeAfter(prefix: string, text: string, encoding: 'hex' | 'base64'): Buffer[] {
  const value = text.slice(prefix.length);
  const isEncoding = encoding === 'hex' ? /^([\da-f]{2})+$/i.test(value) : isBase64(value);
  return text.startsWith(prefix) && isEncoding ? [Buffer.from(value, encoding)] : [];
}

function bearerIn(headers: HookHeaders): string {
  const token = /^bearer +(\S+)$/i.exec(single(headers, 'authorization'))?.[1];
  if (token === undefined) throw new Refused('malformed');
  return token;
}

/** Returns the password of Basic authentication; undefined for another scheme. */
function passwordIn(headers: HookHeaders): string | undefined {
  const encoded = /^basic +(\S+)$/i.exec(single(headers, 'authorization'))?.[1];
  if (encoded === undefined) return undefined;
  if (!isBase64(encoded)) throw new Refused('malformed');
  const account = Buffer.from(encoded, 'base64').toString();
  const colon = account.indexOf(':');
  if (colon < 0) throw new Refused('malformed');
  return account.slice(colon + 1);
}

/** Reports whether a secret is a key in base64 behind its prefix. */
function isEncoded(secret: string): boolean {
  return secret.startsWith(ENCODED_SECRET);
}

function utf8(text: string): Buffer {
  return Buffer.from(text);
}
