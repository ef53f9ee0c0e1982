import { createHash, hkdfSync } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, errors } from 'jose';
import { AppError } from '../../model/app-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';

/** Bytes of an AES-256 key. */
const KEY_BYTES = 32;

const ALGORITHM = { alg: 'dir', enc: 'A256GCM' } as const;

/** Seals what is handed out and comes back: readable to nobody, and changed by nobody. */
export interface Sealer {
  /** The ids of the keys: hashes, which say nothing of the keys. The first one seals. */
  readonly keyIds: readonly string[];
  /** Seals JSON. */
  seal(value: Json): Promise<string>;
  /** The id of the key that has sealed it; null where it is damaged, or names no key. */
  keyIdOf(token: string): string | null;
  /** Whether a key of this process has sealed it. */
  opens(token: string): boolean;
  /** Whether the first key has sealed it. */
  isNewest(token: string): boolean;
  /** What was sealed. Throws `token_invalid` for anything that no key of ours has sealed for this purpose. */
  open(token: string): Promise<JsonObject>;
}

/**
 * Makes a sealer of compact JWEs (RFC 7516; dir, A256GCM) out of master keys: the first one seals, the others still open what
 * they have sealed. `purpose` keeps what is sealed for one thing from being taken for another.
 */
export function createSealer(masterKeys: readonly string[], purpose: string): Sealer {
  const keys = masterKeys.map((master) => {
    const key = new Uint8Array(hkdfSync('sha256', master, '', `fermata ${purpose}`, KEY_BYTES));
    return { kid: createHash('sha256').update(key).digest('base64url').slice(0, 12), key };
  });
  const [first] = keys;
  if (first === undefined) throw new TypeError('there is no master key');

  return {
    /** The ids of the keys: hashes, which say nothing of the keys. The first one seals. */
    keyIds: keys.map(({ kid }) => kid),

    async seal(value) {
      const plain = new TextEncoder().encode(JSON.stringify(value));
      return new CompactEncrypt(plain).setProtectedHeader({ ...ALGORITHM, kid: first.kid }).encrypt(first.key);
    },

    /** The id of the key that has sealed it; null where it is damaged, or names no key. */
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

/** Throws `sealing_key_missing` where no key of this process has sealed `what`, in words, and `token_invalid` where it is damaged. */
export function demandKey(sealer: Sealer, sealed: string, what: string): void {
  if (sealer.opens(sealed)) return;
  const keyId = sealer.keyIdOf(sealed);
  if (keyId === null) throw new AppError('token_invalid', `${what} is damaged: store it again`);
  const message = `${what} cannot be opened: the key ${keyId} is missing from FERMATA_SECRET_KEY`;
  throw new AppError('sealing_key_missing', message);
}
