import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson, type Json, jsonDepth, utf8Length } from '../../model/json.ts';

it('the length in UTF-8 is that of the encoder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    }),
  );
});

it('equal values have equal canonical text, whatever the order of their keys', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value as Json);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
  expect(canonicalJson({ b: 1, a: [{ d: null, c: 'x' }] })).toBe('{"a":[{"c":"x","d":null}],"b":1}');
});

it('depth counts levels, and stops counting above the limit', () => {
  expect(jsonDepth(1, 10)).toBe(0);
  expect(jsonDepth([[{}]], 10)).toBe(3);
  expect(jsonDepth(JSON.parse('['.repeat(5000) + ']'.repeat(5000)), 100)).toBe(101);
});
