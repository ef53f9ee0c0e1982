import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** An Ed25519 key pair that can sign statements. */
export interface SigningKey {
  /** The thumbprint of the public key (RFC 7638). */
  kid: string;
  /** The public key, base64url. */
  x: string;
  privateKey: KeyObject;
}

/** Generates a new key pair. */
export function createSigningKey(): SigningKey {
  return toSigningKey(generateKeyPairSync('ed25519').privateKey, 'a new key');
}

/** Derives the public key and the thumbprint of a private key. Throws an Error that names the key unless it is an Ed25519 key. */
export function toSigningKey(privateKey: KeyObject, name: string): SigningKey {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (privateKey.asymmetricKeyType !== 'ed25519' || x === undefined) throw new Error(`${name} must be an Ed25519 key`);
  // RFC 7638 prescribes these members and their order.
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
  return { kid, x, privateKey };
}
