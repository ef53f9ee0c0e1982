import { createHash, hkdfSync } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, errors } from 'jose';
import { AppError } from '../../model/app-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';

/** The bytes of an AES-256 key. */
const KEY_BYTES = 32;

const ALGORITHM = { alg: 'dir', enc: 'A256GCM' } as const;

/** Encrypts and authenticates values that leave the process and come back. */
export interface Sealer {
  /** The ids of the keys: hashes, which reveal nothing about the keys. The first key encrypts. */
  readonly keyIds: readonly string[];
  /** Encrypts JSON. */
  seal(value: Json): Promise<string>;
  /** Returns the id of the key that encrypted a token; null when the token is damaged or names no key. */
  keyIdOf(token: string): string | null;
  /** Reports whether a key of this process encrypted a token. */
  opens(token: string): boolean;
  /** Reports whether the first key encrypted a token. */
  isNewest(token: string): boolean;
  /** Decrypts a token. Throws `token_invalid` for a text that no key of this process has encrypted for this purpose. */
  open(token: string): Promise<JsonObject>;
}

/**
 * Creates a sealer of compact JWEs (RFC 7516; dir, A256GCM) from master keys: the first one encrypts, all of them decrypt. `purpose`
 * separates values for different uses.
 */
export function createSealer(masterKeys: readonly string[], purpose: string): Sealer {
  const keys = masterKeys.map((master) => {
    const key = new Uint8Array(hkdfSync('sha256', master, '', `fermata ${purpose}`, KEY_BYTES));
    return { kid: createHash('sha256').update(key).digest('base64url').slice(0, 12), key };
  });
  const [first] = keys;
  if (first === undefined) throw new TypeError('there is no master key');

  return {
    keyIds: keys.map(({ kid }) => kid),

    async seal(value) {
      const plain = new TextEncoder().encode(JSON.stringify(value));
      return new CompactEncrypt(plain).setProtectedHeader({ ...ALGORITHM, kid: first.kid }).encrypt(first.key);
    },

    keyIdOf,

    opens: (token) => keys.some(({ kid }) => kid === keyIdOf(token)),

    isNewest: (token) => keyIdOf(token) === first.kid,

    async open(token) {
      try {
        const { plaintext } = await compactDecrypt(
          token,
          ({ kid }) => {
            const found = keys.find((key) => key.kid === kid);
            if (found === undefined) throw new errors.JWEInvalid('unknown key');
            return found.key;
          },
          { keyManagementAlgorithms: [ALGORITHM.alg], contentEncryptionAlgorithms: [ALGORITHM.enc] },
        );
        const value = JSON.parse(new TextDecoder().decode(plaintext)) as Json;
        if (isJsonObject(value)) return value;
      } catch (cause) {
        throw new AppError('token_invalid', 'the token was not issued by this service or has been altered', { cause });
      }
      throw new AppError('token_invalid', 'the token was not issued by this service or has been altered');
    },
  };
}

function keyIdOf(token: string): string | null {
  try {
    const { kid } = decodeProtectedHeader(token);
    return typeof kid === 'string' ? kid : null;
  } catch {
    return null;
  }
}

/**
 * Throws `sealing_key_missing` when no key of this process encrypted a value, and `token_invalid` when the value is damaged; `what`
 * names it.
 */
export function demandKey(sealer: Sealer, sealed: string, what: string): void {
  if (sealer.opens(sealed)) return;
  const keyId = sealer.keyIdOf(sealed);
  if (keyId === null) throw new AppError('token_invalid', `${what} is damaged: store it again`);
  const message = `${what} cannot be opened: the key ${keyId} is missing from FERMATA_SECRET_KEY`;
  throw new AppError('sealing_key_missing', message);
}
