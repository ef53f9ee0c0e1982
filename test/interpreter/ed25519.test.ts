import { generateKeyPairSync, sign } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { expect, it } from 'vitest';
import { verifyEd25519 } from '../../interpreter/ed25519.ts';
import { isSignedBy, rememberSigned } from '../../interpreter/signatures.ts';
import { createRandom } from '../seed.ts';

const random = createRandom();
const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

/** The strict mode of the library, which decides what a signature is. */
const strict = (signature: Uint8Array, message: Uint8Array, key: Uint8Array) =>
  ed25519.verify(signature, message, key, { zip215: false });

function signed(message: Uint8Array) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = Buffer.from((publicKey.export({ format: 'jwk' }) as { x: string }).x, 'base64url');
  return { key: Uint8Array.from(key), signature: Uint8Array.from(sign(null, message, privateKey)) };
}

/** Points of small order, and encodings that are not canonical. */
const SPECIAL = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0100000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(hex);

it('accepts what another library signs, and nothing else, as the strict mode does', () => {
  for (let round = 0; round < 20; round += 1) {
    const message = bytes(round * 7);
    const { key, signature } = signed(message);
    expect([verifyEd25519(signature, message, key), strict(signature, message, key)]).toEqual([true, true]);
    const flip = (given: Uint8Array) =>
      given.map((byte, at) => (at === round % given.length ? byte ^ (1 << (round % 8)) : byte));
    for (const [forged, text, by] of [
      [flip(signature), message, key],
      [signature, new Uint8Array([...message, 0]), key],
      [signature, message, flip(key)],
      [signature, message, signed(message).key],
      [bytes(64), message, key],
    ] as const)
      expect([verifyEd25519(forged, text, by), strict(forged, text, by)]).toEqual([false, false]);
  }
});

it('refuses a second form of a signature, whose scalar is larger by the order of the group', () => {
  const message = bytes(20);
  const { key, signature } = signed(message);
  const { Fn } = ed25519.Point;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + Fn.ORDER;
  const second = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
  const forged = new Uint8Array([...signature.subarray(0, 32), ...second]);
  expect([verifyEd25519(forged, message, key), strict(forged, message, key)]).toEqual([false, false]);
});

it('decides as the strict mode does about points of small order and other encodings', () => {
  const message = bytes(20);
  const { key, signature } = signed(message);
  const zero = new Uint8Array(32);
  for (const point of SPECIAL) {
    for (const [forged, by] of [
      [new Uint8Array([...point, ...zero]), point],
      [new Uint8Array([...point, ...zero]), key],
      [new Uint8Array([...point, ...signature.subarray(32)]), key],
      [signature, point],
    ] as const)
      expect(verifyEd25519(forged, message, by)).toBe(strict(forged, message, by));
  }
});

it('keeps the multiples of a few keys, and verifies by others, too', () => {
  const message = bytes(20);
  const all = Array.from({ length: 20 }, () => signed(message));
  for (const { key, signature } of [...all, ...all]) expect(verifyEd25519(signature, message, key)).toBe(true);
  for (const [at, { key }] of all.entries())
    expect(verifyEd25519(all[(at + 1) % 20]!.signature, message, key)).toBe(false);
});

it('counts a part of small order in a signature as nothing, as the strict mode does', () => {
  const { Point, utils } = ed25519;
  const message = bytes(20);
  const { scalar, pointBytes: key } = utils.getExtendedPublicKey(bytes(32));
  const r = Point.Fn.create(BigInt(`0x${Buffer.from(bytes(32)).toString('hex')}`));
  const encoded = Point.BASE.multiply(r).add(Point.fromBytes(SPECIAL[7]!)).toBytes();
  const challenge = Point.Fn.create(bytesToNumberLE(sha512(new Uint8Array([...encoded, ...key, ...message]))));
  const s = numberToBytesLE(Point.Fn.create(r + challenge * scalar), 32);
  const signature = new Uint8Array([...encoded, ...s]);
  expect([verifyEd25519(signature, message, key), strict(signature, message, key)]).toEqual([true, true]);
});

it('is not asked about a signature that this process has made, as long as nothing of it is altered', () => {
  const [x, sig] = [Buffer.from(bytes(32)).toString('base64url'), Buffer.from(bytes(64)).toString('base64url')];
  expect(isSignedBy(x, { a: 1, b: 2 }, sig)).toBe(false);
  rememberSigned(x, { a: 1, b: 2 }, sig);
  expect(isSignedBy(x, { b: 2, a: 1 }, sig)).toBe(true);
  expect(isSignedBy(x, { a: 1, b: 3 }, sig)).toBe(false);
  expect(isSignedBy(x, { a: 1, b: 2 }, `A${sig.slice(1)}`)).toBe(sig.startsWith('A'));
});
