import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { strFromU8, strToU8, Zip, ZipDeflate, ZipPassThrough, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { unpackZip } from '../../../../api/http/archives/zip.ts';
import { AppError } from '../../../../model/app-error.ts';

const PACK = strToU8('ref: p\nlabel: P\n');
const ACTION = strToU8('ref: p.a\nlabel: A\ndescription: a a a a a a a a a a a a a a a a\n');

/** Archives of one pack, made by other programs. */
const made: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../../fixtures/archives.json', import.meta.url), 'utf8'),
);

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

/** Unpacks an archive; returns its files as texts, in the order of their names, or the code and message of the refusal. */
async function outcomeOf(bytes: Uint8Array): Promise<unknown> {
  try {
    return [...(await unpackZip(bytes))].map(([name, content]) => [name, strFromU8(content)]).sort();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [error.code, error.message];
  }
}

const stored = () => zipSync({ 'pack.yaml': PACK, 'a.yaml': ACTION }, { level: 0 });
const deflated = () => zipSync({ 'pack.yaml': PACK, 'a.yaml': ACTION }, { level: 9 });
const empty = () => zipSync({ 'pack.yaml': new Uint8Array(), 'a.yaml': ACTION });
const streamed = () => {
  const chunks: Uint8Array[] = [];
  const zip = new Zip((_, chunk) => chunks.push(chunk));
  for (const file of [new ZipPassThrough('pack.yaml'), new ZipDeflate('a.yaml')]) {
    zip.add(file);
    file.push(file.filename === 'a.yaml' ? ACTION : PACK, true);
  }
  zip.end();
  return new Uint8Array(Buffer.concat(chunks));
};
const large = () => bytesOf(made['yazl, streamed with numbers of 64 bits']!);

const HEADER = 0x04034b50;
const ENTRY = 0x02014b50;
const DESCRIPTOR = 0x08074b50;
const END = 0x06054b50;
const LARGE_END = 0x06064b50;
const LOCATOR = 0x07064b50;

/** The type of an extra field. */
const UNICODE_PATH = 0x7075;

/** A change of an archive: `at` finds the first record of a kind. */
type Change = (view: DataView, at: (signature: number) => number) => void;

function changed(bytes: Uint8Array, change: Change): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  change(view, (signature) => {
    for (let at = 0; ; at += 1) if (view.getUint32(at, true) === signature) return at;
  });
  return bytes;
}

/** Adds to numbers of 16 or 32 bits, each at a distance from the beginning of a record. */
const add = (amount: number, ...places: [signature: number, distance: number, bits?: 16][]): Change => {
  return (view, at) => {
    for (const [signature, distance, bits] of places) {
      const place = at(signature) + distance;
      if (bits === 16) view.setUint16(place, view.getUint16(place, true) + amount, true);
      else view.setUint32(place, view.getUint32(place, true) + amount, true);
    }
  };
};

const inBoth = (header: number, entry: number): [[number, number], [number, number]] => [
  [HEADER, header],
  [ENTRY, entry],
];

/** Inverts a bit of the data of the first file, whose name is pack.yaml. */
const flip = (byte: number, bit: number): Change => {
  return (view) => view.setUint8(39 + byte, view.getUint8(39 + byte) ^ (1 << bit));
};

/** Returns an archive with other bytes in the place of some, and with the directory where it then is. */
function spliced(bytes: Uint8Array, from: number, to: number, ...put: number[]): Uint8Array {
  const moved = new Uint8Array([...bytes.subarray(0, from), ...put, ...bytes.subarray(to)]);
  return changed(moved, add(put.length - (to - from), [END, 16]));
}

/** Where the data of the first file ends. */
function endOfFirst(bytes: Uint8Array): number {
  return bytes.findIndex((_, at) => at > 39 && bytes[at] === 0x50 && bytes[at + 1] === 0x4b);
}

const files = [
  ['a.yaml', strFromU8(ACTION)],
  ['pack.yaml', strFromU8(PACK)],
];

describe('archives', () => {
  it.each([
    ['stored', stored()],
    ['deflated', deflated()],
    ['streamed', streamed()],
    ['with descriptors that have no signature', unsigned(streamed())],
    ['with the mark of a descriptor that is not needed', changed(stored(), add(8, [HEADER, 6, 16]))],
    ['whose directory has another order', reordered(deflated())],
    ['with sizes of 64 bits in a header', largeHeader()],
  ])('%s are unpacked', async (_, bytes) => {
    expect(await outcomeOf(bytes)).toEqual(files);
  });

  it('name their files in UTF-8, in an extra field in UTF-8, or in code page 437', async () => {
    const bytes = zipSync({ 'é.yaml': PACK });
    expect(await outcomeOf(bytes)).toEqual([['é.yaml', strFromU8(PACK)]]);
    const path = new Uint8Array(Buffer.concat([new Uint8Array([1, 0, 0, 0, 0]), strToU8('ü.yaml')]));
    new DataView(path.buffer).setUint32(1, crc32('u.yaml'), true);
    expect(await outcomeOf(zipSync({ 'u.yaml': [PACK, { extra: { [UNICODE_PATH]: path } }] }))).toEqual([
      ['ü.yaml', strFromU8(PACK)],
    ]);
    expect(await outcomeOf(changed(bytes, add(-0x800, [ENTRY, 8, 16])))).toEqual([['├⌐.yaml', strFromU8(PACK)]]);
  });

  it.each(Object.keys(made))('made by %s are unpacked', async (maker) => {
    const unpacked = await unpackZip(bytesOf(made[maker]!));
    const contents = [...unpacked].map(([name, content]): [string, string] => [
      name.replace(/^(.*\/)?(?=actions|pack|empty)/, ''),
      strFromU8(content),
    ]);
    expect(Object.fromEntries(contents)).toEqual({
      'pack.yaml': strFromU8(PACK),
      'actions/a.yaml': strFromU8(ACTION),
      'empty.txt': '',
    });
  });

  it('of an empty file, whose CRC-32 is zero, and of folders are unpacked', async () => {
    expect(crc32(new Uint8Array())).toBe(0);
    expect(await outcomeOf(zipSync({ 'f/': new Uint8Array(), 'f/a': new Uint8Array() }))).toEqual([['f/a', '']]);
    const folders = Buffer.from(zipSync({ 'f/': new Uint8Array(), 'g/': new Uint8Array(), a: PACK })).toString(
      'latin1',
    );
    const twice = new Uint8Array(Buffer.from(folders.replaceAll('g/', 'f/'), 'latin1'));
    expect(await outcomeOf(twice)).toEqual([['a', strFromU8(PACK)]]);
    expect(await outcomeOf(zipSync({}))).toEqual([]);
  });
});

describe('a damaged archive', () => {
  const sum = 'contains pack.yaml, which is damaged: its CRC-32 is not the one in the directory';
  const differs = 'contains pack.yaml, which is damaged: its header is not what the directory says';
  const longer = 'contains pack.yaml, which is longer than its directory entry says';
  const shorter = 'contains pack.yaml, which is damaged: it is shorter than the directory says';
  const broken = 'contains pack.yaml, which is damaged: it cannot be unpacked';
  const malformed = 'is not a valid ZIP';

  it.each<[how: string, bytes: Uint8Array, message: string]>([
    ['one bit of a stored file', changed(stored(), flip(3, 0)), sum],
    ['one bit of a deflated file', changed(deflated(), flip(3, 5)), sum],
    ['one bit of a streamed file', changed(streamed(), flip(15, 7)), sum],
    ['what no deflated file begins with', changed(deflated(), (view) => view.setUint8(39, 7)), broken],
    ['the CRC-32 in a header', changed(stored(), add(1, [HEADER, 14])), differs],
    ['the CRC-32 in the directory', changed(deflated(), add(1, [ENTRY, 16])), differs],
    ['the CRC-32 in the directory of a streamed archive', changed(streamed(), add(1, [ENTRY, 16])), sum],
    ['the CRC-32 in the header of a streamed file', changed(streamed(), add(1, [HEADER, 14])), differs],
    ['the CRC-32 in both places', changed(stored(), add(1, ...inBoth(14, 16))), sum],
    ['the CRC-32 of an empty file', changed(empty(), add(1, ...inBoth(14, 16))), sum],
    ['the CRC-32 and the descriptor', changed(streamed(), add(1, [DESCRIPTOR, 4], [ENTRY, 16])), sum],
    ['the size in a header', changed(stored(), add(1, [HEADER, 22])), differs],
    ['the size in the directory', changed(deflated(), add(1, [ENTRY, 24])), differs],
    ['the size in both places, to less', changed(deflated(), add(-1, ...inBoth(22, 24))), longer],
    ['the size in both places, to more', changed(deflated(), add(1, ...inBoth(22, 24))), shorter],
    ['the size of a stored file, to less', changed(stored(), add(-1, ...inBoth(22, 24))), longer],
    ['the size of a stored file, to more', changed(stored(), add(1, ...inBoth(22, 24))), shorter],
    ['the packed size in a header', changed(stored(), add(1, [HEADER, 18])), differs],
    ['the packed size, to less', changed(deflated(), add(-1, ...inBoth(18, 20))), broken],
    ['the packed size, to that of all files', changed(stored(), everything), malformed],
    ['the method in a header', changed(deflated(), add(-8, [HEADER, 8, 16])), differs],
    ['the name in a header', changed(deflated(), add(1, [HEADER, 30])), differs],
    ['the mark of a descriptor', changed(streamed(), add(-8, [HEADER, 6, 16])), differs],
    ['the signature of a header', changed(stored(), add(1, [HEADER, 0])), malformed],
    ['the signature of an entry', changed(stored(), add(1, [ENTRY, 0])), malformed],
    ['the place of a header', changed(stored(), add(1, [ENTRY, 42])), malformed],
    ['a place past the end', changed(stored(), add(9_999, [ENTRY, 42])), malformed],
    ['the number of entries, to more', changed(stored(), add(1, [END, 10, 16])), malformed],
    ['the number of entries, to less', changed(stored(), add(-1, [END, 10, 16])), malformed],
    ['the number of entries in 64 bits, to less', changed(large(), add(-1, [LARGE_END, 32])), malformed],
    ['the place of the directory', changed(stored(), add(1, [END, 16])), malformed],
    ['the size of the last comment', lastComment(stored()), malformed],
    ['the signature of an end with 64 bits', changed(large(), add(1, [LARGE_END, 0])), malformed],
    ['the place of an end with 64 bits', changed(large(), add(1, [LOCATOR, 8])), malformed],
    ['a size that stands in its own field, too', changed(large(), oneSize), malformed],
    ['a comment that looks like an end', commented(deflated()), malformed],
    ['a byte that comes last', new Uint8Array([...stored(), 0]), malformed],
    ['the last byte, which is missing', stored().subarray(0, -1), malformed],
    ['encryption', changed(stored(), add(1, [ENTRY, 8, 16])), 'contains pack.yaml, which is encrypted'],
    [
      'a method that is not known',
      changed(stored(), add(12, [HEADER, 8, 16], [ENTRY, 10, 16])),
      'contains pack.yaml, which is compressed by another method than deflate',
    ],
  ])('is refused: %s', async (_, bytes, message) => {
    expect(await outcomeOf(bytes)).toEqual(['request_invalid', `the archive ${message}`]);
  });

  it.each([
    ['the CRC-32 in a descriptor', changed(streamed(), add(1, [DESCRIPTOR, 4]))],
    ['the size in a descriptor', changed(streamed(), add(1, [DESCRIPTOR, 12]))],
    ['the packed size in a descriptor', changed(streamed(), add(1, [DESCRIPTOR, 8]))],
    ['a descriptor that is gone', withoutDescriptor(streamed())],
    ['the signature of a descriptor', changed(streamed(), add(1, [DESCRIPTOR, 0]))],
    ['the packed size, to more', changed(deflated(), add(1, ...inBoth(18, 20)))],
    ['the size of the directory', changed(stored(), add(-1, [END, 12]))],
    ['a byte that follows a file', gapped(stored(), 0)],
    ['a byte that follows a descriptor', gapped(streamed(), 16)],
    ['a byte that comes first', shifted(stored())],
  ])('is unpacked if its files are whole: %s', async (_, bytes) => {
    expect(await outcomeOf(bytes)).toEqual(files);
  });

  it('has the files that its directory has', async () => {
    expect(await outcomeOf(forgotten(stored()))).toEqual([['pack.yaml', strFromU8(PACK)]]);
  });

  it.each([
    ['/a.yaml', 'absolute path: /a.yaml'],
    ['c:a.yaml', 'absolute path: c:a.yaml'],
    ['p/../../a.yaml', 'invalid relative path: p/../../a.yaml'],
    ['p\\a.yaml', 'invalid characters in fileName: p\\a.yaml'],
  ])('is refused: a file whose name is %s', async (name, fault) => {
    const message = `the archive contains a file with an unsafe name: ${fault}`;
    expect(await outcomeOf(zipSync({ [name]: PACK }))).toEqual(['request_invalid', message]);
  });

  it.each([
    ['stored', stored],
    ['deflated', deflated],
    ['streamed', streamed],
    ['with numbers of 64 bits', large],
  ])('that was %s has its files or is refused, whichever bit is another one', async (_, make) => {
    const bytes = make();
    const right = await outcomeOf(bytes);
    let refused = 0;
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const outcome = (await outcomeOf(bytes)) as string[];
      if (outcome[0] === 'request_invalid' || outcome[0] === 'body_too_large') refused += 1;
      else expect(outcome, `bit ${bit}`).toEqual(right);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(refused).toBeGreaterThan(bytes.length * 4);
  });
});

/** Returns an archive whose first header has the sizes in an extra field. */
function largeHeader(): Uint8Array {
  const sizes = new Uint8Array(new BigUint64Array([BigInt(PACK.length), BigInt(PACK.length)]).buffer);
  const bytes = zipSync({ 'pack.yaml': [PACK, { extra: { 1: sizes } }], 'a.yaml': ACTION }, { level: 0 });
  return changed(bytes, add(-1 - PACK.length, [HEADER, 18], [HEADER, 22]));
}

/** Takes the signatures of two descriptors away. */
function unsigned(bytes: Uint8Array): Uint8Array {
  const first = endOfFirst(bytes);
  const once = movedSecond(spliced(bytes, first, first + 4), -4);
  const second = once.findLastIndex(
    (_, at) => at < once.length - 4 && new DataView(once.buffer).getUint32(at, true) === DESCRIPTOR,
  );
  return spliced(once, second, second + 4);
}

function withoutDescriptor(bytes: Uint8Array): Uint8Array {
  const at = endOfFirst(bytes);
  return movedSecond(spliced(bytes, at, at + 16), -16);
}

/** Puts a byte so many bytes behind the data of the first file. */
function gapped(bytes: Uint8Array, behind: number): Uint8Array {
  const at = endOfFirst(bytes) + behind;
  return movedSecond(spliced(bytes, at, at, 0), 1);
}

function shifted(bytes: Uint8Array): Uint8Array {
  return movedSecond(changed(spliced(bytes, 0, 0, 0), add(1, [ENTRY, 42])), 1);
}

/** Adds to the place of the second file in the directory. */
function movedSecond(bytes: Uint8Array, amount: number): Uint8Array {
  return changed(bytes, (view, at) => {
    const second = at(ENTRY) + 46 + 'pack.yaml'.length;
    view.setUint32(second + 42, view.getUint32(second + 42, true) + amount, true);
  });
}

/** Takes the second entry out of the directory. */
function forgotten(bytes: Uint8Array): Uint8Array {
  const size = 46 + 'a.yaml'.length;
  const end = bytes.length - 22;
  const less = new Uint8Array([...bytes.subarray(0, end - size), ...bytes.subarray(end)]);
  return changed(changed(less, add(-1, [END, 8, 16], [END, 10, 16])), add(-size, [END, 12]));
}

/** Adds a comment that is the end of an archive. */
function commented(bytes: Uint8Array): Uint8Array {
  const comment = zipSync({});
  return changed(new Uint8Array([...bytes, ...comment]), add(comment.length, [END, 20, 16]));
}

/** Exchanges the entries of the directory. */
function reordered(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 22;
  const second = end - 46 - 'a.yaml'.length;
  const first = second - 46 - 'pack.yaml'.length;
  const parts = [bytes.subarray(0, first), bytes.subarray(second, end), bytes.subarray(first, second)];
  return new Uint8Array(Buffer.concat([...parts, bytes.subarray(end)]));
}

/** Gives the last entry a comment that the directory has no room for. */
function lastComment(bytes: Uint8Array): Uint8Array {
  bytes[bytes.length - 22 - 'a.yaml'.length - 46 + 32] = 1;
  return bytes;
}

/** Writes of the first file that all bytes behind its header are its own. */
function everything(view: DataView, at: (signature: number) => number): void {
  for (const [signature, distance] of inBoth(18, 20)) {
    view.setUint32(at(signature) + distance, view.byteLength - 39, true);
  }
}

/** Writes the size of the first file where it says that its extra field has it. */
function oneSize(view: DataView, at: (signature: number) => number): void {
  view.setUint32(at(ENTRY) + 24, PACK.length, true);
}
