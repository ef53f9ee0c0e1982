import fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import { type DocumentType, parseBody } from '../../api/http/body-parser.ts';
import { TemplateError } from '../../expression/errors.ts';
import { compileTemplate } from '../../expression/template.ts';
import { AppError } from '../../model/app-error.ts';
import type { Part } from './part.ts';

/** Characters of the smaller of two documents, and how many times larger the other one is. */
const SIZE = 4 * 1024;
const GROWTH = 8;

/** How many times longer than linear growth the larger one may take, on a machine that does more than this. */
const FACTOR = 5;

/** A document of any size: a piece again and again, between a beginning and an end. */
interface Shape {
  before: string;
  /** `#` in it becomes the number of the repetition. */
  piece: string;
  after: string;
}

const shapesOf = (tokens: readonly string[]): fc.Arbitrary<Shape> => {
  const some = (maxLength: number, minLength = 0) =>
    fc.array(fc.constantFrom(...tokens), { minLength, maxLength }).map((parts) => parts.join(''));
  return fc.record({ before: some(4), piece: some(5, 1), after: some(3) });
};

const YAML = [
  'a',
  '1',
  '#',
  ' ',
  '  ',
  '\n',
  '\n  ',
  ': ',
  '- ',
  '? ',
  '[',
  ']',
  '{',
  '}',
  ', ',
  '"',
  "'",
  '&x ',
  '*x',
  '&a# ',
];
const MORE_YAML = [
  '!!str ',
  '!y ',
  '|\n',
  '>-\n',
  '---\n',
  '...\n',
  '%YAML 1.2\n',
  '\t',
  '\r',
  '\\',
  '<<: ',
  '~',
  '# c\n',
  '\u{1f600}',
  '\ufeff',
];
const JSON_TOKENS = [
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '"',
  '"a"',
  '"k#":',
  '1',
  '-',
  'e9',
  'null',
  '\\',
  '\\u0000',
  ' ',
  '\n',
  '[0],',
  '{"a":',
  '\u{1f600}',
];
const TEMPLATE = [
  '{{ ',
  ' }}',
  '{% ',
  ' %}',
  '{# ',
  ' #}',
  'a',
  '1',
  '.',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ' | ',
  'upper',
  ', ',
  "'",
  '"',
  '\\',
  '\n',
  '#',
];
const STATEMENTS = [
  'if a',
  'elif a',
  'else',
  'endif',
  'for i in a',
  'endfor',
  'set v = ',
  'raw',
  'endraw',
  ' not ',
  ' is ',
  ' in ',
  ' if ',
  ' else ',
  '-',
  '**',
  '~',
  '==',
];

function written({ before, piece, after }: Shape, size: number): string {
  const parts: string[] = [];
  let length = 0;
  for (let index = 0; length < size; index += 1) {
    const part = piece.replaceAll('#', String(index));
    parts.push(part);
    length += part.length;
  }
  return before + parts.join('') + after;
}

/** Reads a document; throws what is not the refusal of one. */
async function readBody(type: DocumentType, bytes: Uint8Array): Promise<void> {
  try {
    JSON.stringify(await parseBody(type, bytes));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.message.length > 20_000) throw new Error(`its refusal has ${error.message.length} characters`);
  }
}

async function readTemplate(text: string): Promise<void> {
  try {
    compileTemplate(text);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
  }
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Throws when reading takes more than linear time. */
async function verifyGrowth(shape: Shape, read: (text: string) => Promise<void>, size: number): Promise<void> {
  const [less, more] = [written(shape, size), written(shape, size * GROWTH)];
  const factor = async () => {
    const times = [await timeOf(() => read(less)), await timeOf(() => read(less))];
    // A time near zero can grow by any factor.
    const base = Math.max(0.5, Math.min(...times));
    return (await timeOf(() => read(more))) / base / GROWTH;
  };
  let found = await factor();
  // A busy machine disturbs one of them sometimes, not each time.
  for (let again = 0; again < 9 && found > FACTOR; again += 1) found = Math.min(found, await factor());
  if (found > FACTOR) throw new Error(`${GROWTH} times as much takes ${(found * GROWTH).toFixed(0)} times as long`);
}

const readAs = (type: DocumentType) => (text: string) => readBody(type, strToU8(text));

interface Archive {
  files: [string, string][];
  level: 0 | 6;
  changes: [at: number, byte: number][];
  keep: number;
  again: boolean;
}

const archives: fc.Arbitrary<Archive> = fc.record({
  files: fc.array(
    fc.tuple(
      fc.constantFrom('pack.yaml', 'p/pack.yaml', 'actions/a.yaml', 'p/workflows/b.json', 'p/', '../x', 'é'),
      shapesOf([...YAML, 'ref: p\n', 'label: P\n']).map((shape) => written(shape, 100)),
    ),
    { maxLength: 4 },
  ),
  level: fc.constantFrom(0, 6),
  changes: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 4 }),
  keep: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  ),
  again: fc.boolean(),
});

async function verifyArchive({ files, level, changes, keep, again }: Archive): Promise<void> {
  const bytes = zipSync(Object.fromEntries(files.map(([name, text]) => [name, strToU8(text)])), { level });
  for (const [at, byte] of changes) bytes[Math.floor(at * (bytes.length - 1))] = byte;
  const cut = bytes.subarray(0, Math.floor(bytes.length * keep));
  await readBody('application/zip', again ? new Uint8Array([...cut, ...cut]) : cut);
}

/** A part of small documents, and one of documents up to the limit of characters. */
function growthParts(
  name: string,
  tokens: readonly string[],
  read: (text: string) => Promise<void>,
  [runs, largeRuns]: readonly [number, number],
  limit: number,
): Part[] {
  const part = (size: number) => fc.asyncProperty(shapesOf(tokens), (shape) => verifyGrowth(shape, read, size));
  return [
    { name, runs, property: part(SIZE) },
    { name: `${name}-large`, runs: largeRuns, large: true, property: part(limit / GROWTH) },
  ];
}

const MIB = 1024 * 1024;
const SIGNATURES = ['PK\u0003\u0004', 'PK\u0001\u0002', 'PK\u0005\u0006', 'PK\u0007\b'];
const ZIP = [...SIGNATURES, '\0\0', '\u0008', '\n', 'a', '\0\0\0\0\0\0\0\0'];

/** Random documents as parts of what is fuzzed: refused by name or read, in linear time. */
export const documentParts: readonly Part[] = [
  ...growthParts('yaml', [...YAML, ...MORE_YAML], readAs('application/yaml'), [40, 10], MIB),
  ...growthParts('json', JSON_TOKENS, readAs('application/json'), [300, 50], 2 * MIB),
  ...growthParts('zip-bytes', ZIP, readAs('application/zip'), [100, 50], 2 * MIB),
  ...growthParts('template-syntax', [...TEMPLATE, ...STATEMENTS], readTemplate, [100, 30], 96 * 1024),
  { name: 'zip', runs: 500, property: fc.asyncProperty(archives, verifyArchive) },
];
