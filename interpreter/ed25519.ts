import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';

const { Point } = ed25519;
type KeyPoint = InstanceType<typeof Point>;

const SIGNATURE_BYTES = 64;
const POINT_BYTES = 32;

/** The size of the windows of a key's multiples: 4 takes milliseconds to build, and larger ones gain nothing for what runs verify. */
const WINDOW = 4;

/** The number of keys whose multiples are kept: few keys sign, and each signs for many runs. */
const MAX_KEYS = 16;
const keys = new Map<string, KeyPoint>();

/**
 * Returns whether bytes are the Ed25519 signature of a message by a public key (RFC 8032, without ZIP 215). It decides as `ed25519.verify`
 * does in its strict mode, which works out the multiples of the key each time; here they are kept, which takes a third of the time.
 */
export function verifyEd25519(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || key.length !== POINT_BYTES) return false;
  const encoded = signature.subarray(0, POINT_BYTES);
  try {
    const point = readKey(key);
    if (point.isSmallOrder()) return false;
    const r = Point.fromBytes(encoded, false);
    const s = bytesToNumberLE(signature.subarray(POINT_BYTES));
    const challenge = Point.Fn.create(bytesToNumberLE(sha512(concatBytes(encoded, key, message))));
    const difference = r.add(point.multiplyUnsafe(challenge)).subtract(Point.BASE.multiplyUnsafe(s));
    return difference.clearCofactor().is0();
  } catch {
    // The key or the signature is not a point of the curve, or the scalar of the signature is not below the order of the group.
    return false;
  }
}

/** Returns the point of a public key, with its multiples. Throws when it is not a point of the curve. */
function readKey(key: Uint8Array): KeyPoint {
  const name = String(key);
  const kept = keys.get(name);
  if (kept !== undefined) return kept;
  const point = Point.fromBytes(key, false);
  point.precompute(WINDOW);
  keys.set(name, point);
  const [oldest] = keys.keys();
  if (keys.size > MAX_KEYS && oldest !== undefined) keys.delete(oldest);
  return point;
}
