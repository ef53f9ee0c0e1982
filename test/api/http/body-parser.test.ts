import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { type DocumentType, parseBody } from '../../../api/http/body-parser.ts';
import { AppError } from '../../../model/app-error.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const many = (text: string, times: number) => text.repeat(times);
const numbered = (count: number, line: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => line(n)).join('');

/** Parses a body; returns its value, or the code and message of the refusal. */
async function outcomeOf(type: DocumentType, body: string | Uint8Array): Promise<unknown> {
  try {
    return (await parseBody(type, typeof body === 'string' ? strToU8(body) : body)).value;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [error.code, error.message];
  }
}
const yaml = (text: string) => outcomeOf('application/yaml', text);
const json = (text: string) => outcomeOf('application/json', text);
const zip = (bytes: Uint8Array) => outcomeOf('application/zip', bytes);

describe('YAML', () => {
  it.each<[string, unknown]>([
    ['a: 1\nb: [x, null, ~, 1.5, yes, 0x10, "1"]', { a: 1, b: ['x', null, null, 1.5, 'yes', 16, '1'] }],
    ['a: &x { k: [1] }\nb: *x\nc: [*x]', { a: { k: [1] }, b: { k: [1] }, c: [{ k: [1] }] }],
    ['a: &x 1\nb: *x\nc: &x 2\nd: *x', { a: 1, b: 1, c: 2, d: 2 }],
    // An alias stands for what had its anchor before it, also where what holds it is repeated.
    ['y: &y 1\na: &x { v: *y }\nb: &y 2\nc: *x', { y: 1, a: { v: 1 }, b: 2, c: { v: 1 } }],
    ['a: &x { v: &y 1 }\nb: &y 2\nc: *x\nd: *y', { a: { v: 1 }, b: 2, c: { v: 1 }, d: 2 }],
    ['&k a: 1\nb: *k', { a: 1, b: 'a' }],
    ['? a\n: - - 1', { a: [[1]] }],
    [
      'a: [+12, 012, .5, -0o17, 0o17, 1e3, 9007199254740991]',
      { a: [12, 12, 0.5, '-0o17', 15, 1_000, 9007199254740991] },
    ],
    // Merge keys: what a map says itself wins, then the first of several.
    ['a: &a { x: 1, y: 2 }\nb: { y: 3, <<: *a }', { a: { x: 1, y: 2 }, b: { y: 3, x: 1 } }],
    ['a: &a { x: 1, y: 2 }\nb:\n  <<: *a\n  y: 3', { a: { x: 1, y: 2 }, b: { x: 1, y: 3 } }],
    [
      'a: &a { x: 1 }\nb: &b { x: 2, z: 3 }\nc: { <<: [*a, *b] }',
      { a: { x: 1 }, b: { x: 2, z: 3 }, c: { x: 1, z: 3 } },
    ],
    ['"<<": { x: 1 }', { '<<': { x: 1 } }],
    ['a: "{{ x }}"', { a: '{{ x }}' }],
    ['a: "\\ud83d\\ude00"', { a: '😀' }],
    ['1: a\ntrue: b\n~: c', { 1: 'a', true: 'b', '~': 'c' }],
    ['text: |\n  one\n  two\n', { text: 'one\ntwo\n' }],
    ['%YAML 1.2\n---\na: 1\n...\n', { a: 1 }],
    ['', null],
    ['# nothing', null],
    [`${many('[', 100)}${many(']', 100)}`, JSON.parse(`${many('[', 100)}${many(']', 100)}`)],
  ])('%j is read', async (text, value) => {
    expect(await yaml(text)).toEqual(value);
  });

  it.each<[string, string, string]>([
    ['a key twice', 'a: 1\nb: 2\na: 3', 'duplicate key "a" at line 3, column 1'],
    ['a key twice, once quoted', '{ a: 1, "a": 2 }', 'duplicate key "a"'],
    ['a key that is a list', '{ [a]: b }', 'a key must be text'],
    [
      'a template without quotes',
      'data: {{ x }}',
      'quote a template that begins a value: "{{ x }}" at line 1, column 8',
    ],
    ['the same in a list', '- {{ x }} and more', 'quote a template that begins a value'],
    ['two documents', 'a: 1\n---\nb: 2', 'there is more than one document: use one file for each, or a pack at line 2'],
    ['a reserved key', '__proto__: { x: 1 }', 'the key "__proto__" is reserved at line 1, column 1'],
    ['an integer that a double does not carry', 'a:\n  - 9007199254740993', 'is 9007199254740993, which a JSON number'],
    [
      'the same in hexadecimal',
      'a: 0x20000000000001',
      'is 0x20000000000001, which a JSON number cannot represent exactly',
    ],
    ['the same in octal', 'a: 0o400000000000000001', 'is 0o400000000000000001, which a JSON number'],
    ['a number that becomes infinite', 'a: 1e400', 'is 1e400, which is too large for a JSON number'],
    ['a number that becomes zero', 'a: -1e-400', 'is -1e-400, which is too small for a JSON number'],
    ['half of a character', 'a: "\\ud83d"', 'an unpaired surrogate at line 1, column 4'],
    ['half of a character in a key', '"\\ud83d": 1', 'an unpaired surrogate'],
    ['a merge of what is no map', 'a: { <<: [1] }', '"<<" can merge only maps'],
    ['two merges', 'a: &a { x: 1 }\nb: { <<: *a, <<: *a }', 'duplicate key "<<"'],
    ['a bracket that is not closed', 'a: [1', 'line 1'],
    ['a bracket that was not opened', 'a: 1\n}', 'line 2'],
    ['a number that is infinite', 'a: -.inf', '-Infinity cannot be represented in JSON'],
    ['a tag', 'a: !secret x', 'secret'],
    ['bytes', 'a: !!binary aGk=', 'binary'],
    ['a set', 'a: !!set { b, c }', 'set'],
    ['an alias without an anchor', 'a: *x', 'x'],
    ['an alias of any length', `a: *${many('x', 100_000)}`, `undefined alias *${many('x', 200)}`],
    ['an alias before its anchor', 'a: *x\nb: &x 1', 'x'],
    ['an alias inside of its anchor', 'a: &x [1, *x]', 'the alias *x is inside its own anchor at line 1'],
    ['two anchors that hold each other', 'a: &x { b: &y { c: *x, d: *y } }', 'is inside its own anchor'],
    ['101 levels of lists', `${many('[', 101)}${many(']', 101)}`, 'nested deeper than 100 levels'],
    ['101 levels of block lists', `${many('- ', 101)}1`, 'nested deeper than 100 levels'],
    ['101 levels of keys', numbered(101, (n) => `${many(' ', n)}a:\n`), 'nested deeper than 100 levels'],
    [
      '101 levels by alias',
      `a: &x ${many('[', 60)}${many(']', 60)}\nb: ${many('[', 41)}*x${many(']', 41)}`,
      'deeper than 100',
    ],
  ])('%s is refused', async (_, text, words) => {
    expect(await yaml(text)).toEqual([
      'yaml_malformed',
      expect.stringMatching(/^the body is not valid YAML: .* at line \d+, column \d+$/),
    ]);
    expect(await yaml(text)).toEqual(['yaml_malformed', expect.stringContaining(words)]);
    expect(String(await yaml(text)).length).toBeLessThan(500);
  });

  const bomb = numbered(10, (n) => `l${n}: &l${n} [${n === 0 ? many('x, ', 10) : many(`*l${n - 1}, `, 10)}]\n`);
  it.each<[string, string, RegExp]>([
    ['ten levels of ten aliases', bomb, /has more than 200000 values/],
    [
      'a text of 300 KiB and ten aliases',
      `a: &x "${many('y', 300 * KIB)}"\nb: [${many('*x, ', 10)}]`,
      /more than 2 MiB as JSON/,
    ],
    [
      'a text that JSON writes six times as long',
      `a: &x "${many('\\0', 100 * KIB)}"\nb: [${many('*x, ', 4)}]`,
      /2 MiB/,
    ],
    ['keys that an alias repeats', `a: &x { "${many('k', 300 * KIB)}": 1 }\nb: [${many('*x, ', 10)}]`, /2 MiB/],
  ])('%s is refused', async (_, text, words) => {
    expect(await yaml(text)).toEqual(['yaml_malformed', expect.stringMatching(words)]);
  });

  // A benign document of the same size takes this long; whatever is hostile may take some times as long, never its square.
  it.each<[string, (size: number) => string]>([
    ['closing braces', (size) => many('}', size)],
    ['closing brackets in a list', (size) => `[${many('}', size)}`],
    ['opening brackets', (size) => many('[', size)],
    ['opening braces', (size) => many('{', size)],
    ['dashes', (size) => many('- ', size / 2)],
    ['question marks', (size) => many('? ', size / 2)],
    ['colons', (size) => many(': ', size / 2)],
    ['a map of short keys', (size) => numbered(size / 10, (n) => `k${n}: 1\n`)],
    ['a map in braces', (size) => `{${numbered(size / 10, (n) => `k${n}: 1, `)}}`],
    ['aliases of one word', (size) => `a: &x 1\nb: [${many('*x, ', size / 4)}]`],
    ['anchors', (size) => `[${numbered(size / 10, (n) => `&a${n} 1, `)}]`],
    ['tags', (size) => `[${many('!x y, ', size / 6)}]`],
    ['commas', (size) => `[${many(',', size)}]`],
    ['quotes', (size) => many('"', size)],
    ['spaces and a word', (size) => `${many(' ', size)}a`],
    ['tabs', (size) => many('\t', size)],
    ['empty lines', (size) => many('\n', size)],
    ['comments', (size) => many('#\n', size / 2)],
    ['documents', (size) => many('---\n', size / 4)],
    ['directives', (size) => many('%YAML 1.2\n', size / 10)],
    ['carriage returns', (size) => many('\r', size)],
    ['a broken quoted text', (size) => `"${many('a\n\n', size / 3)}`],
    ['a folded text', (size) => `a: >\n${many('  b\n', size / 4)}`],
    ['a plain text of many lines', (size) => `a: b\n${many('  b\n', size / 4)}`],
  ])('%s cost no more for each byte than other documents do', async (_, build) => {
    const size = 16 * KIB;
    const benign = numbered(size / 32, (n) => `- { name: step_${n % 10}, value: [1, 2] }\n`);
    const hostile = build(size);
    const ratio = async () => (await timeOf(() => yaml(hostile))) / (await timeOf(() => yaml(benign)));
    let least = await ratio();
    // A busy machine disturbs one of them sometimes, not each time.
    for (let again = 0; again < 9 && least >= 8; again += 1) least = Math.min(least, await ratio());
    expect(least).toBeLessThan(8);
  });
});

describe('JSON', () => {
  it.each<[string, string, string, string]>([
    [
      '101 levels',
      `{"a":${many('[', 100)}${many(']', 100)}}`,
      `/a${many('/0', 99)}`,
      'must not be nested deeper than 100 levels',
    ],
    [
      '200,001 entries',
      `{"a":[0],"b/c":[${many('1,', 199_997)}1]}`,
      '/b~1c/199997',
      'exceeds the limit of 200000 keys and entries',
    ],
    [
      '200,001 keys',
      `{${numbered(200_001, (n) => `${n === 0 ? '' : ','}"k${n}":1`)}}`,
      '/k200000',
      'exceeds the limit of 200000',
    ],
  ])('of %s is refused with a pointer', async (_, text, path, words) => {
    try {
      await parseBody('application/json', strToU8(text));
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'request_invalid', issues: [{ path }] });
      expect((error as AppError).message).toContain(`${path} ${words}`);
    }
  });

  it('of 100 levels and 200,000 keys and entries is read', async () => {
    const deep = `${many('[', 100)}${many(']', 100)}`;
    expect(await json(deep)).toEqual(JSON.parse(deep));
    expect(await json(`{"a":[0],"b":[${many('1,', 199_995)}1]}`)).toHaveProperty('a', [0]);
  });

  it.each(['', '{"a":', 'a: 1', '{"a":NaN}', '[1,]'])('is not %j', async (text) => {
    expect(await json(text)).toEqual(['json_malformed', expect.stringContaining('the body is not valid JSON')]);
  });
});

describe('a ZIP', () => {
  const pack = strToU8('ref: p\nlabel: P\n');
  const files = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}.txt`, strToU8('')]));
  /** Says of each file that it has so many bytes, in its own header and in the directory. */
  const lie = (bytes: Uint8Array, size: number) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let at = 0; at < bytes.length - 28; at += 1) {
      const signature = view.getUint32(at, true);
      if (signature === 0x04034b50) view.setUint32(at + 22, size, true);
      if (signature === 0x02014b50) view.setUint32(at + 24, size, true);
    }
    return bytes;
  };

  it('of a folder is read', async () => {
    const bytes = zipSync({
      'p/pack.yaml': pack,
      'p/actions/a.json': strToU8('{"ref":"p.a"}'),
      'p/other.txt': strToU8('x'),
    });
    const actions = [{ pack_ref: 'p', ref: 'p.a' }];
    expect(await zip(bytes)).toEqual({
      pack: { ref: 'p', label: 'P' },
      triggers: [],
      actions,
      workflows: [],
      rules: [],
    });
    expect(await zip(zipSync({ 'pack.yaml': [pack, { level: 0 }] }))).toMatchObject({ pack: { ref: 'p' } });
    expect(await zip(zipSync({ 'pack.yaml': pack, 'empty/': new Uint8Array(), ...files(4_000) }))).toMatchObject({
      pack: { ref: 'p' },
    });
  });

  it.each<[string, Uint8Array, string, string]>([
    [
      'with 4,002 files',
      zipSync({ 'pack.yaml': pack, ...files(4_001) }),
      'body_too_large',
      'contains more than 4001 files',
    ],
    [
      'with a file of 1 MiB and a byte',
      zipSync({ a: new Uint8Array(MIB + 1) }),
      'body_too_large',
      'contains a, which has more than',
    ],
    [
      'with 20 MiB and a byte',
      zipSync({
        ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, new Uint8Array(MIB)])),
        z: new Uint8Array(1),
      }),
      ...(['body_too_large', 'bytes when unpacked'] as const),
    ],
    [
      'that says less than it has',
      lie(zipSync({ a: new Uint8Array(100_000) }), 1),
      'request_invalid',
      'longer than its directory entry says',
    ],
    ['with a name twice', twice(pack), 'request_invalid', 'contains aaaa.yaml more than once'],
    [
      'followed by itself',
      new Uint8Array([...zipSync({ 'pack.yaml': pack }), ...zipSync({ 'pack.yaml': pack })]),
      ...(['request_invalid', 'is not a valid ZIP'] as const),
    ],
    [
      'that is cut',
      zipSync({ 'pack.yaml': pack, b: strToU8(many('x1', 99)) }).subarray(0, 120),
      'request_invalid',
      'is not a valid ZIP',
    ],
    ['that is none', strToU8('nothing'), 'request_invalid', 'is not a valid ZIP'],
    [
      'of bytes that are not UTF-8',
      zipSync({ 'pack.yaml': new Uint8Array([0xff]) }),
      'request_invalid',
      'is not valid UTF-8',
    ],
    ['without a pack', zipSync({ 'a.txt': pack }), 'request_invalid', 'must contain exactly one pack.yaml'],
    [
      'with two packs',
      zipSync({ 'a/pack.yaml': pack, 'b/pack.yaml': pack }),
      'request_invalid',
      'must contain exactly one pack.yaml',
    ],
    [
      'with malformed YAML',
      zipSync({ 'pack.yaml': pack, 'actions/x.yaml': strToU8(many('}', 100_000)) }),
      ...(['yaml_malformed', 'actions/x.yaml is not valid YAML: '] as const),
    ],
    [
      'with more YAML than an import may have',
      zipSync({
        'pack.yaml': pack,
        ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`actions/${n}.yaml`, strToU8(many('#\n', 45_000))])),
      }),
      ...(['yaml_malformed', 'actions/5.yaml is not valid YAML: the document has too many tokens'] as const),
    ],
  ])('%s is refused', async (_, bytes, code, words) => {
    expect(await zip(bytes)).toEqual([code, expect.stringContaining(words)]);
  });

  it('that unpacks to 16 times the limit is refused before it is unpacked to its end, whatever it says', async () => {
    const bytes = zipSync({ a: new Uint8Array(16 * MIB) }, { level: 9 });
    // The file cannot be unpacked from its half on.
    bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 20);
    expect(await zip(bytes)).toEqual(['body_too_large', expect.stringContaining(`has more than ${MIB} bytes`)]);
    expect(await zip(lie(bytes, MIB))).toEqual([
      'request_invalid',
      expect.stringContaining('contains a, which is longer'),
    ]);
  });

  /** An archive of two files, of which the second one is given the name of the first. */
  function twice(content: Uint8Array): Uint8Array {
    const bytes = Buffer.from(zipSync({ 'aaaa.yaml': content, 'bbbb.yaml': content }));
    return new Uint8Array(Buffer.from(bytes.toString('latin1').replaceAll('bbbb', 'aaaa'), 'latin1'));
  }
});

/** Milliseconds that a call takes. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
