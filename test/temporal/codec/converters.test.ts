import { createRequire } from 'node:module';
import { ApplicationFailure, type FailureConverter, type Payload, type PayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { describe, expect, it } from 'vitest';
import { type PayloadRefusal, payloadRefusal, readArrived } from '../../../interpreter/unreadable.ts';
import { arrivedIn, decodePayload, refusedPayload } from '../../../projection/payload.ts';
import { CONVERTERS, createCodec } from '../../../temporal/codec/codec.ts';
import { tellAttempts } from '../../../worker/attempts.ts';

const load = createRequire(import.meta.url);
const { payloadConverter } = load(CONVERTERS.payloadConverterPath) as { payloadConverter: PayloadConverter };

const codec = createCodec(['a master key for tests, long enough for one']);
const [ours] = codec.dataConverter.payloadCodecs;
const decoded = async (given: Parameters<typeof codec.seal>[0], workflowId?: string) => {
  const context = workflowId === undefined ? undefined : { type: 'workflow' as const, namespace: 'n', workflowId };
  return (await ours.decode([given], context))[0] as Payload;
};

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
    for (const path of [CONVERTERS.failureConverterPath, codec.dataConverter.failureConverterPath]) {
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

/** A value as the sandbox of a workflow decodes it, where the converter keeps its text. */
function inWorkflow<T>(decode: () => T): T {
  const context = globalThis as { __TEMPORAL_ACTIVATOR__?: unknown };
  context.__TEMPORAL_ACTIVATOR__ = {};
  try {
    return decode();
  } finally {
    delete context.__TEMPORAL_ACTIVATOR__;
  }
}

const json = (written: string) => payload('json/plain', text(written));

describe('a payload never throws, and the shell and the projection read the same in it', () => {
  const cases: [
    what: string,
    payload: ReturnType<typeof payload>,
    json: unknown,
    refused: string | null,
    now?: string,
  ][] = [
    ['JSON', json('{"a":[1,null]}'), { a: [1, null] }, null],
    ['half an emoji, escaped', json('"\\ud83d"'), '\ud83d', null, 'text_malformed '],
    ['half an emoji inside', json('{"a":["\\ud83d"]}'), { a: ['\ud83d'] }, null, 'text_malformed /a/0'],
    ['a whole one, escaped', json('"\\ud83d\\udc4d"'), '👍', null],
    ['an integer beyond 2^53', json('9007199254740993'), 9007199254740992, null, 'number_inexact '],
    ['one inside', json('{"a":{"b":-9007199254740993}}'), { a: { b: -9007199254740992 } }, null, 'number_inexact /a/b'],
    ['one that a double is written as', json('[9007199254740992,100000000000000000000]'), [2 ** 53, 1e20], null],
    ['a number that is too large', json('[1e400]'), [Number.POSITIVE_INFINITY], null, 'number_inexact /0'],
    ['a number that is too small', json('1e-400'), 0, null, 'number_inexact '],
    ['a number with an exponent', json('1.50E+2'), 150, null],
    ['digits of a fraction', json('0.1234567890123456789'), 0.12345678901234568, null],
    ['minus zero', json('-0'), -0, null],
    ['a key twice', json('{"a":1,"a":2}'), { a: 2 }, null, 'key_repeated /a'],
    [
      'a reserved key',
      json('{"b":{"__proto__":1}}'),
      JSON.parse('{"b":{"__proto__":1}}'),
      null,
      'key_reserved /b/__proto__',
    ],
    ['white space', json(' { "a" : 1 } '), { a: 1 }, null],
    ['JSON that is cut', json('{"a":'), null, 'json/plain', 'json/plain'],
    ["Python's NaN", json('NaN'), null, 'json/plain', 'json/plain'],
    ['bytes that are not UTF-8', payload('json/plain', bytes(0x22, 0xff, 0x22)), null, 'json/plain', 'json/plain'],
    [
      'surrogates as UTF-8',
      payload('json/plain', bytes(0x22, 0xed, 0xa0, 0x80, 0x22)),
      null,
      'json/plain',
      'json/plain',
    ],
    ['a byte order mark', payload('json/plain', bytes(0xef, 0xbb, 0xbf, 0x31)), null, 'json/plain', 'json/plain'],
    ['nothing', payload('json/plain', bytes()), null, 'json/plain', 'json/plain'],
    ['null', payload('binary/null', bytes()), null, null],
    ['protobuf as JSON', payload('json/protobuf', text('{}')), null, 'json/protobuf', 'json/protobuf'],
    ['an unknown encoding', payload('x/y', text('1')), null, 'x/y', 'x/y'],
    ['no encoding', payload(null, text('1')), null, '', ''],
    ['bytes', payload('binary/plain', bytes(1, 2)), null, 'binary/plain', 'binary/plain'],
  ];
  /** Codes and places of what a run refuses, or else the encoding. */
  const told = (refusal: PayloadRefusal | null): string | null =>
    refusal && (refusal.issues.map(({ code, path }) => `${code} ${path}`).join(', ') || refusal.encoding);

  it.each(cases)('%s', (_, given, value, refused, refusedNow) => {
    const now = refusedNow ?? null;
    const outside = payloadConverter.fromPayload(given);
    if (refused === null) expect(outside ?? null).toEqual(value);
    const arrived = readArrived(inWorkflow(() => payloadConverter.fromPayload(given)));
    expect(arrivedIn(given)).toEqual({ ...arrived, value: arrived.value ?? null });
    expect(arrived.value ?? null).toEqual(value);
    expect(decodePayload(given)).toEqual(value);
    expect([told(payloadRefusal(arrived, 8)), told(refusedPayload(given, 8))]).toEqual([refused, refused]);
    expect([told(payloadRefusal(arrived, 10)), told(refusedPayload(given, 10))]).toEqual([now, now]);
  });

  it('bytes were null for interpreters before 8', () => {
    const given = payload('binary/plain', bytes(1));
    expect(payloadRefusal(readArrived(payloadConverter.fromPayload(given)), 7)).toBe(null);
    expect([refusedPayload(given, 7), arrivedIn(given).value]).toEqual([null, null]);
  });

  it('what is noted on a value is taken off, and no property is added to it', () => {
    const value = inWorkflow(() => payloadConverter.fromPayload<object>(json('{"a":1}')));
    expect(Object.keys(value)).toEqual(['a']);
    readArrived(value);
    expect(Reflect.ownKeys(value)).toEqual(['a']);
  });

  it.each([{ a: [1] }, [1], 'text', 0, null, true])(
    'an output tells the attempt that has made it: %j',
    async (output) => {
      const { inbound } = tellAttempts({ info: { attempt: 3 } } as never);
      const result = await inbound!.execute!({ args: [], headers: {} }, async () => output);
      const sent = payloadConverter.toPayload(result);
      expect(payloadConverter.fromPayload(sent)).toEqual(output);
      const arrived = readArrived(inWorkflow(() => payloadConverter.fromPayload(sent)));
      expect(arrived).toMatchObject({ value: output, encoding: null, attempt: 3 });
      expect(arrivedIn(sent)).toEqual(arrived);
    },
  );

  it('one that was changed after it was sealed is refused, whatever was changed', async () => {
    const good = codec.seal(payload('json/plain', text('1')), 'run');
    expect(payloadConverter.fromPayload(await decoded(good, 'run'))).toBe(1);
    const changed: (typeof good)[] = [];
    for (const at of [0, 15, good.data!.length - 1]) {
      const data = Uint8Array.from(good.data!);
      data[at]! ^= 1;
      changed.push({ ...good, data }, { ...good, data: data.subarray(0, at) });
    }
    const { 'fermata-run': _, ...without } = good.metadata!;
    for (const metadata of [without, { ...without, 'fermata-run': text('other') }]) changed.push({ ...good, metadata });
    for (const wrong of changed) {
      for (const run of ['run', 'other']) {
        const opened = await decoded(wrong, run);
        expect(refusedPayload(opened, 8)?.encoding).toBe('binary/altered');
        expect(readArrived(payloadConverter.fromPayload(opened)).encoding).toBe('binary/altered');
        expect(codec.open(wrong, run)).toBeNull();
      }
    }
  });

  it('a sealed one still throws: another worker may have its key', () => {
    expect(() => payloadConverter.fromPayload(payload('binary/encrypted', bytes(1)))).toThrow();
  });
});

describe('a sealed payload opens in its own run alone', () => {
  const value = payload('json/plain', text('"secret"'));
  it.each<[sealedFor: string | undefined, openedIn: string | undefined, opens: boolean]>([
    ['wf_a', 'wf_a', true],
    ['wf_a', 'wf_b', false],
    ['wf_a', 'wf_a2', false],
    ['wf_a', 'wf_', false],
    ['wf_a', '', false],
    ['wf_a', undefined, false],
    ['sch_1_x', 'sch_1_x-2026-11-28T17:00:00Z', true],
    ['sch_1_x', 'sch_1_x-2026-11-28T17:00:00.5Z', true],
    ['sch_1_x', 'sch_1_x-y-2026-11-28T17:00:00Z', false],
    ['sch_1_x', 'sch_1_xy-2026-11-28T17:00:00Z', false],
    ['sch_1_x', 'sch_1_x-2026-11-28T17:00:00Z/child', false],
    ['sch_1_x-2026-11-28T17:00:00Z', 'sch_1_x', false],
    // As earlier versions sealed, and as the workers of others still may.
    [undefined, 'wf_a', true],
    [undefined, undefined, true],
  ])('one of %s in %s', async (sealedFor, openedIn, opens) => {
    const opened = await decoded(codec.seal(value, sealedFor), openedIn);
    expect(decodePayload(opened)).toBe(opens ? 'secret' : null);
    expect(refusedPayload(opened, 8)?.encoding ?? null).toBe(opens ? null : 'binary/altered');
  });

  it('the SDK says whose it is, for activities too', async () => {
    const about = { namespace: 'n', workflowId: 'wf_new' };
    const contexts = [
      { type: 'workflow' as const, ...about },
      { type: 'activity' as const, isLocal: false, activityId: '1', ...about },
    ];
    for (const context of contexts) {
      const [made] = await ours.encode([value], context);
      expect(new TextDecoder().decode(made!.metadata!['fermata-run'])).toBe('wf_new');
      expect(codec.open(made!, 'wf_b')).toBeNull();
    }
  });

  it('one of an earlier version goes on as it began, whoever serves it; a new one stays what it is', async () => {
    const earlier = codec.seal(value, undefined);
    const form = async (workflowId: string) => {
      const [made] = await ours.encode([value], { type: 'activity', isLocal: false, namespace: 'n', workflowId });
      return new TextDecoder().decode(made!.metadata!['fermata-run'] ?? bytes());
    };
    await decoded(earlier, 'wf_old');
    expect(await form('wf_old')).toBe('');
    await decoded(codec.seal(value, 'wf_young'), 'wf_young');
    await decoded(earlier, 'wf_young');
    expect(await form('wf_young')).toBe('wf_young');
    await decoded(codec.seal(value, 'wf_old'), 'wf_old');
    expect(await form('wf_old')).toBe('wf_old');
  });

  it.each<[whose: string, sealedFor: string | undefined, workflowId: string | undefined, form: string]>([
    ['of an earlier version', undefined, 'sch_old', 'sch_old'],
    ['of this version', 'sch_new', 'sch_new', 'sch_new'],
    ['without an id, as the memo of the schedule itself', undefined, undefined, ''],
  ])(
    'a schedule is sealed for the runs that it starts, whoever has sealed it before: one %s',
    async (_, sealedFor, workflowId, form) => {
      const [schedules] = codec.scheduleConverter.payloadCodecs;
      const context = workflowId === undefined ? undefined : { type: 'workflow' as const, namespace: 'n', workflowId };
      const sealed = codec.seal(value, sealedFor);
      // An update is preceded by a look, and both may come again.
      for (const before of [sealed, sealed]) {
        expect(decodePayload((await schedules.decode([before], context))[0]!)).toBe('secret');
        const [made] = await schedules.encode([value], context);
        expect(new TextDecoder().decode(made!.metadata!['fermata-run'] ?? bytes())).toBe(form);
        expect(decodePayload(codec.open(made!, workflowId && `${workflowId}-2026-11-28T17:00:00Z`)!)).toBe('secret');
      }
      // And clients and workers hear nothing of it.
      const [run] = await ours.encode([value], context);
      expect(new TextDecoder().decode(run!.metadata!['fermata-run'] ?? bytes())).toBe(form);
    },
  );

  it('what was changed in a schedule is refused, and what is in the clear says so', async () => {
    const [schedules] = codec.scheduleConverter.payloadCodecs;
    const context = { type: 'workflow' as const, namespace: 'n', workflowId: 'sch_b' };
    const [foreign, clear] = await schedules.decode([codec.seal(value, 'sch_a'), value], context);
    expect(refusedPayload(foreign!, 8)?.encoding).toBe('binary/altered');
    expect(clear!.metadata).toHaveProperty('fermata-clear');
  });

  it('a worker of an earlier version does not know the key, and leaves it to others', () => {
    const idOf = (made: Payload) => new TextDecoder().decode(made.metadata!['encryption-key-id']!);
    expect(idOf(codec.seal(value, 'wf_a') as Payload)).toBe(`${idOf(codec.seal(value, undefined) as Payload)}.2`);
  });
});

describe('an answer of the server about a run', () => {
  const { HistoryEvent } = proto.temporal.api.history.v1;
  const plain = payload('json/plain', text('1'));
  const own = () => codec.seal(plain, 'wf_a');
  const ofChild = () => codec.seal(plain, 'wf_child');
  const foreign = () => codec.seal(plain, 'wf_b');
  const inClear = () => proto.temporal.api.common.v1.Payload.create(plain);
  const one = (given: object) => ({ payloads: [given] });

  it.each<
    [
      what: string,
      event: object,
      sealed: boolean,
      read: (event: proto.temporal.api.history.v1.IHistoryEvent) => unknown,
      expected: string,
    ]
  >([
    ['its own', { workflowExecutionSignaledEventAttributes: { input: one(own()) } }, true, signal, 'json/plain'],
    [
      "another run's",
      { workflowExecutionSignaledEventAttributes: { input: one(foreign()) } },
      true,
      signal,
      'binary/altered',
    ],
    [
      "its child's, in a signal",
      { workflowExecutionSignaledEventAttributes: { input: one(ofChild()) } },
      true,
      signal,
      'binary/altered',
    ],
    [
      'in the clear',
      { workflowExecutionSignaledEventAttributes: { input: one(inClear()) } },
      true,
      signal,
      'binary/unsealed',
    ],
    [
      'in the clear, of an older run',
      { workflowExecutionSignaledEventAttributes: { input: one(inClear()) } },
      false,
      signal,
      'json/plain',
    ],
    [
      'a result in the clear',
      { activityTaskCompletedEventAttributes: { result: one(inClear()) } },
      true,
      (event) => event.activityTaskCompletedEventAttributes?.result?.payloads?.[0],
      'binary/unsealed',
    ],
    [
      "a child's result",
      {
        childWorkflowExecutionCompletedEventAttributes: {
          workflowExecution: { workflowId: 'wf_child' },
          result: one(ofChild()),
        },
      },
      true,
      (event) => event.childWorkflowExecutionCompletedEventAttributes?.result?.payloads?.[0],
      'json/plain',
    ],
    [
      "another child's result",
      {
        childWorkflowExecutionCompletedEventAttributes: {
          workflowExecution: { workflowId: 'wf_other' },
          result: one(ofChild()),
        },
      },
      true,
      (event) => event.childWorkflowExecutionCompletedEventAttributes?.result?.payloads?.[0],
      'binary/altered',
    ],
    [
      "a child's summary",
      {
        userMetadata: { summary: ofChild() },
        startChildWorkflowExecutionInitiatedEventAttributes: { workflowId: 'wf_child', input: one(ofChild()) },
      },
      true,
      (event) => event.userMetadata?.summary,
      'json/plain',
    ],
    [
      'a search attribute',
      { upsertWorkflowSearchAttributesEventAttributes: { searchAttributes: { indexedFields: { x: inClear() } } } },
      true,
      (event) => event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields?.x,
      'json/plain',
    ],
    [
      'a header',
      { workflowExecutionSignaledEventAttributes: { header: { fields: { x: inClear() } } } },
      true,
      (event) => event.workflowExecutionSignaledEventAttributes?.header?.fields?.x,
      'json/plain',
    ],
  ])('%s', (_, attributes, sealed, read, expected) => {
    const event = HistoryEvent.fromObject({ eventId: 1, eventType: 1, ...attributes });
    const [opened] = codec.openAll([event], 'wf_a', sealed);
    const { metadata } = read(opened!) as Payload;
    expect(new TextDecoder().decode(metadata!.encoding!)).toBe(expected);
  });

  function signal(event: proto.temporal.api.history.v1.IHistoryEvent): unknown {
    return event.workflowExecutionSignaledEventAttributes?.input?.payloads?.[0];
  }
});
