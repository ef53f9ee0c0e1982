import { createRequire } from 'node:module';
import { ApplicationFailure, type FailureConverter, type PayloadConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { CONVERTERS, createCodec } from '../../codec/codec.ts';
import { refusedEncoding, unreadableEncoding } from '../../interpreter/unreadable.ts';
import { decodePayload, refusedPayload } from '../../projection/payload.ts';

const load = createRequire(import.meta.url);
const { payloadConverter } = load(CONVERTERS.payloadConverterPath) as { payloadConverter: PayloadConverter };
const sealed = createCodec(['a master key for tests, long enough for one']).dataConverter;

const bytes = (...values: number[]) => Uint8Array.from(values);
const text = (value: string) => new TextEncoder().encode(value);
const payload = (encoding: string | null, data: Uint8Array) => ({
  metadata: encoding === null ? {} : { encoding: text(encoding) },
  data,
});

describe('a failure can always be sent', () => {
  it.each([
    ['half an emoji', 'lone \ud83d x', 'lone \ufffd x'],
    ['its other half', '\udc4d', '\ufffd'],
    ['a whole one', 'fine 👍', 'fine 👍'],
    ['U+0000, which protobuf has', 'a\0b', 'a\0b'],
    ['right-to-left marks and noncharacters', '\u202e\uffff\u{10ffff}', '\u202e\uffff\u{10ffff}'],
  ])('%s', (_, given, sent) => {
    for (const path of [CONVERTERS.failureConverterPath, sealed.failureConverterPath]) {
      const { failureConverter } = load(path) as { failureConverter: FailureConverter };
      const cause = ApplicationFailure.create({ message: given, type: given });
      const error = ApplicationFailure.create({ message: given, type: given, details: [given], cause });
      error.stack = given;
      const failure = failureConverter.errorToFailure(error, payloadConverter);
      expect([failure.applicationFailureInfo?.type, failure.cause?.applicationFailureInfo?.type]).toEqual([sent, sent]);
      expect(JSON.stringify(failure).isWellFormed()).toBe(true);
      const read = failureConverter.failureToError(failure, payloadConverter) as ApplicationFailure;
      expect([read.message, read.details]).toEqual([sent, [given]]);
    }
  });

  it('a message that is too large is cut, not within a character, and says so', () => {
    const { failureConverter } = load(CONVERTERS.failureConverterPath) as { failureConverter: FailureConverter };
    for (const given of ['x'.repeat(2_000_000), `a${'👍'.repeat(1_000_000)}`]) {
      const { message } = failureConverter.errorToFailure(
        ApplicationFailure.create({ message: given }),
        payloadConverter,
      );
      expect(message).toMatch(/ … \(shortened\)$/);
      expect(message!.length).toBeLessThan(50_000);
      expect(message!.isWellFormed()).toBe(true);
    }
  });
});

describe('a payload never throws, and the shell and the projection read the same in it', () => {
  const cases: [what: string, payload: ReturnType<typeof payload>, json: unknown, refused: string | null][] = [
    ['JSON', payload('json/plain', text('{"a":[1,null]}')), { a: [1, null] }, null],
    ['half an emoji, escaped', payload('json/plain', text('"\\ud83d"')), '\ud83d', null],
    ['JSON that is cut', payload('json/plain', text('{"a":')), null, 'json/plain'],
    ["Python's NaN", payload('json/plain', text('NaN')), null, 'json/plain'],
    ['bytes that are not UTF-8', payload('json/plain', bytes(0x22, 0xff, 0x22)), null, 'json/plain'],
    ['surrogates as UTF-8', payload('json/plain', bytes(0x22, 0xed, 0xa0, 0x80, 0x22)), null, 'json/plain'],
    ['a byte order mark', payload('json/plain', bytes(0xef, 0xbb, 0xbf, 0x31)), null, 'json/plain'],
    ['nothing', payload('json/plain', bytes()), null, 'json/plain'],
    ['null', payload('binary/null', bytes()), null, null],
    ['protobuf as JSON', payload('json/protobuf', text('{}')), null, 'json/protobuf'],
    ['an unknown encoding', payload('x/y', text('1')), null, 'x/y'],
    ['no encoding', payload(null, text('1')), null, ''],
    ['bytes', payload('binary/plain', bytes(1, 2)), null, 'binary/plain'],
  ];
  it.each(cases)('%s', (_, given, json, refused) => {
    const value = payloadConverter.fromPayload(given);
    expect(unreadableEncoding(value, 8)).toBe(refused);
    expect(refusedPayload(given, 8)).toBe(refused);
    expect(decodePayload(given)).toEqual(json);
    if (refused === null) expect(value ?? null).toEqual(json);
  });

  it('bytes were null for interpreters before 8', () => {
    const given = payload('binary/plain', bytes(1));
    expect(unreadableEncoding(payloadConverter.fromPayload(given), 7)).toBe(null);
    expect([refusedPayload(given, 7), refusedEncoding('binary/plain', false, 7)]).toEqual([null, null]);
  });

  it('one that was changed after it was sealed is refused, whatever was changed', () => {
    const codec = createCodec(['a master key for tests, long enough for one']);
    const good = codec.seal(payload('json/plain', text('1')));
    expect(payloadConverter.fromPayload(codec.open(good) as never)).toBe(1);
    for (const at of [0, 15, good.data!.length - 1]) {
      const data = Uint8Array.from(good.data!);
      data[at]! ^= 1;
      for (const wrong of [data, data.subarray(0, at)]) {
        const opened = codec.open({ ...good, data: wrong });
        expect(refusedPayload(opened, 8)).toBe('binary/altered');
        expect(unreadableEncoding(payloadConverter.fromPayload(opened as never), 8)).toBe('binary/altered');
      }
    }
  });

  it('a sealed one still throws: another worker may have its key', () => {
    expect(() => payloadConverter.fromPayload(payload('binary/encrypted', bytes(1)))).toThrow();
  });
});
