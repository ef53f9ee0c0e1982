import { crc32, inflateRawSync } from 'node:zlib';
import { AppError } from '../../../model/app-error.ts';

/** The limits of an archive: its files, and the bytes of one and of all of them when unpacked. */
const MAX_FILES = 4_001;
const MAX_FILE = 1024 * 1024;
const MAX_UNPACKED = 20 * 1024 * 1024;

/** The kinds of records: the signature of each, and its size without names and other parts whose size varies. */
const HEADER = { signature: 0x04034b50, size: 30 };
const ENTRY = { signature: 0x02014b50, size: 46 };
const END = { signature: 0x06054b50, size: 22 };
const LARGE_END = { signature: 0x06064b50, size: 56 };
const LOCATOR = { signature: 0x07064b50, size: 20 };
const DESCRIPTOR_SIGNATURE = 0x08074b50;

const MAX_COMMENT = 65_535;

/** Bits of the flags. */
const ENCRYPTED = 0x1;
const DESCRIBED = 0x8;
const UTF_8 = 0x800;

/** Methods of compression. */
const STORED = 0;
const DEFLATED = 8;

/** Stands for a number that does not fit; the extra field of this type has it. */
const ELSEWHERE = 0xffffffff;
const LARGE_NUMBERS = 1;

/** Where the directory begins and ends, and how many entries it has. */
interface Directory {
  start: number;
  end: number;
  count: number;
}

/** An entry of the directory; `packed` and `size` are bytes before and after unpacking. */
interface Entry {
  name: string;
  nameBytes: Buffer;
  method: number;
  crc: number;
  packed: number;
  size: number;
  offset: number;
}

/**
 * Returns the files of a ZIP by name, without folders. Every entry is unpacked once, no further than to its size in the directory, which the
 * limits bound, and must have that size and the CRC-32 that the directory says. The entries fill the archive without gaps, and their headers and
 * descriptors must agree with the directory. Throws `request_invalid` and `body_too_large`.
 */
export function unpackZip(bytes: Uint8Array): Map<string, Uint8Array> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const directory = findDirectory(buffer);
    const entries = readDirectory(buffer, directory);
    checkLimits(entries);
    return unpackEntries(buffer, entries, directory.start);
  } catch (error) {
    // Reading past the end.
    if (error instanceof RangeError) throw malformed(error);
    throw error;
  }
}

function unpackEntries(buffer: Buffer, entries: readonly Entry[], end: number): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const ordered = entries.toSorted((a, b) => a.offset - b.offset);
  if ((ordered[0]?.offset ?? end) !== 0) throw malformed();
  for (const [index, entry] of ordered.entries()) {
    const packed = packedBytes(buffer, entry, ordered[index + 1]?.offset ?? end);
    const content = unpack(entry, packed);
    if (crc32(content) !== entry.crc) throw damaged(entry, 'its CRC-32 is not the one in the directory');
    if (!isFolder(entry)) files.set(entry.name, content);
  }
  return files;
}

/** Returns the directory that the end of an archive names. A comment follows the end, and may look like one. */
function findDirectory(buffer: Buffer): Directory {
  const last = buffer.length - END.size;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at -= 1) {
    if (buffer.readUInt32LE(at) !== END.signature || buffer.readUInt16LE(at + 20) !== last - at) continue;
    const directory = readEnd(buffer, at);
    if (directory !== null) return directory;
  }
  throw malformed();
}

/** Returns the directory of an end; null if it does not end there. */
function readEnd(buffer: Buffer, at: number): Directory | null {
  const locator = at - LOCATOR.size;
  if (locator >= 0 && buffer.readUInt32LE(locator) === LOCATOR.signature) return readLargeEnd(buffer, locator);
  const start = buffer.readUInt32LE(at + 16);
  const size = buffer.readUInt32LE(at + 12);
  return start + size === at ? { start, end: at, count: buffer.readUInt16LE(at + 10) } : null;
}

/** Reads the end with numbers of 64 bits, which some programs write in every archive. */
function readLargeEnd(buffer: Buffer, locator: number): Directory | null {
  const at = locator - LARGE_END.size;
  if (readLarge(buffer, locator + 8) !== at || buffer.readUInt32LE(at) !== LARGE_END.signature) return null;
  const start = readLarge(buffer, at + 48);
  const size = readLarge(buffer, at + 40);
  return start + size === at ? { start, end: at, count: readLarge(buffer, at + 32) } : null;
}

function readDirectory(buffer: Buffer, { start, end, count }: Directory): Entry[] {
  const entries: Entry[] = [];
  for (let at = start; at < end; ) {
    if (buffer.readUInt32LE(at) !== ENTRY.signature) throw malformed();
    const extra = at + ENTRY.size + buffer.readUInt16LE(at + 28);
    const comment = extra + buffer.readUInt16LE(at + 30);
    entries.push(readEntry(buffer, at, extra, comment));
    at = comment + buffer.readUInt16LE(at + 32);
    if (at > end) throw malformed();
  }
  if (entries.length !== count) throw malformed();
  return entries;
}

/** Reads the entry at `at`, whose name ends at `extra`, where its extra fields begin, which end at `comment`. */
function readEntry(buffer: Buffer, at: number, extra: number, comment: number): Entry {
  const flags = buffer.readUInt16LE(at + 8);
  const nameBytes = buffer.subarray(at + ENTRY.size, extra);
  const name = nameBytes.toString((flags & UTF_8) === 0 ? 'latin1' : 'utf8');
  const method = buffer.readUInt16LE(at + 10);
  if ((flags & ENCRYPTED) !== 0) throw invalidArchive(`contains ${name}, which is encrypted`);
  if (method !== STORED && method !== DEFLATED) {
    throw invalidArchive(`contains ${name}, which is compressed by another method than deflate`);
  }
  const numbers = [24, 20, 42].map((place) => buffer.readUInt32LE(at + place));
  const [size, packed, offset] = withLarge(numbers, buffer.subarray(extra, comment));
  return { name, nameBytes, method, crc: buffer.readUInt32LE(at + 16), packed: packed!, size: size!, offset: offset! };
}

/** Returns numbers of an entry; those that do not fit are taken from its extra fields, in the same order. */
function withLarge(numbers: number[], extra: Buffer): number[] {
  if (!numbers.includes(ELSEWHERE)) return numbers;
  let field = 0;
  while (extra.readUInt16LE(field) !== LARGE_NUMBERS) field += 4 + extra.readUInt16LE(field + 2);
  let next = field - 4;
  return numbers.map((number) => {
    if (number !== ELSEWHERE) return number;
    next += 8;
    return readLarge(extra, next);
  });
}

/** Throws unless an archive with such a directory may be unpacked. */
function checkLimits(entries: readonly Entry[]): void {
  const names = new Set<string>();
  let total = 0;
  for (const entry of entries) {
    const { name, size } = entry;
    if (size > MAX_FILE) throw tooLarge(`contains ${name}, which has more than ${MAX_FILE} bytes`);
    total += size;
    if (total > MAX_UNPACKED) throw tooLarge(`has more than ${MAX_UNPACKED} bytes when unpacked`);
    if (isFolder(entry)) continue;
    if (names.has(name)) throw invalidArchive(`contains ${name} more than once`);
    names.add(name);
    if (names.size > MAX_FILES) throw tooLarge(`contains more than ${MAX_FILES} files`);
  }
}

/** Returns the packed bytes of an entry, which has the archive up to `end`: its header, these bytes, and a descriptor if there is one. */
function packedBytes(buffer: Buffer, entry: Entry, end: number): Buffer {
  const at = entry.offset;
  const extra = at + HEADER.size + buffer.readUInt16LE(at + 26);
  const start = extra + buffer.readUInt16LE(at + 28);
  const descriptor = start + entry.packed;
  if (descriptor > end || buffer.readUInt32LE(at) !== HEADER.signature) throw malformed();
  const flags = buffer.readUInt16LE(at + 6);
  const described = descriptor < end && (flags & DESCRIBED) !== 0;
  const agrees =
    buffer.subarray(at + HEADER.size, extra).equals(entry.nameBytes) &&
    buffer.readUInt16LE(at + 8) === entry.method &&
    (described || descriptor === end) &&
    headerAgrees(buffer, entry, buffer.subarray(extra, start), described) &&
    (!described || descriptorAgrees(buffer.subarray(descriptor, end), entry));
  if (!agrees) throw damaged(entry, 'its header or its descriptor is not what the directory says');
  return buffer.subarray(start, descriptor);
}

/** Compares the numbers in a header; those that were not known when it was written are in the descriptor. */
function headerAgrees(
  buffer: Buffer,
  { offset, crc, size, packed }: Entry,
  extra: Buffer,
  described: boolean,
): boolean {
  const numbers = [14, 22, 18].map((place) => buffer.readUInt32LE(offset + place));
  const [headerCrc, ...sizes] = numbers;
  const known = described ? sizes : withLarge(sizes, extra);
  const matches = (number: number | undefined, right: number) =>
    number === right || (described && (number === 0 || number === ELSEWHERE));
  return matches(headerCrc, crc) && matches(known[0], size) && matches(known[1], packed);
}

/** Compares a descriptor: an optional signature, the CRC-32, and two sizes of 32 or of 64 bits. */
function descriptorAgrees(descriptor: Buffer, { crc, size, packed }: Entry): boolean {
  const signed = descriptor.length === 16 || descriptor.length === 24;
  if (signed && descriptor.readUInt32LE(0) !== DESCRIPTOR_SIGNATURE) return false;
  const numbers = signed ? descriptor.subarray(4) : descriptor;
  if (numbers.length !== 12 && numbers.length !== 20) return false;
  const sizes =
    numbers.length === 12
      ? [numbers.readUInt32LE(4), numbers.readUInt32LE(8)]
      : [readLarge(numbers, 4), readLarge(numbers, 12)];
  return numbers.readUInt32LE(0) === crc && sizes[0] === packed && sizes[1] === size;
}

/** Unpacks an entry. Throws if it does not have the size that the directory says. */
function unpack(entry: Entry, packed: Buffer): Buffer {
  const content = entry.method === STORED ? packed : inflate(entry, packed);
  if (content.length > entry.size) throw longer(entry);
  if (content.length < entry.size) throw damaged(entry, 'it is shorter than the directory says');
  return content;
}

function inflate(entry: Entry, packed: Buffer): Buffer {
  // zlib wants 64 bytes of room, and a limit above zero.
  const chunkSize = Math.max(64, entry.size + 1);
  try {
    return inflateRawSync(packed, { chunkSize, maxOutputLength: Math.max(1, entry.size) });
  } catch (error) {
    if (error instanceof RangeError) throw longer(entry);
    throw damaged(entry, 'it cannot be unpacked', error);
  }
}

/** Reads a number of 64 bits; one above 2^53 may be rounded, which is past the end of any archive. */
function readLarge(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 2 ** 32;
}

function isFolder({ name }: Entry): boolean {
  return name.endsWith('/');
}

function longer({ name }: Entry): AppError {
  return invalidArchive(`contains ${name}, which is longer than its directory entry says`);
}

function damaged({ name }: Entry, how: string, cause?: unknown): AppError {
  return invalidArchive(`contains ${name}, which is damaged: ${how}`, cause);
}

function malformed(cause?: unknown): AppError {
  return invalidArchive('is not a valid ZIP', cause);
}

/** Returns a refusal; the message continues `the archive`. */
export function invalidArchive(message: string, cause?: unknown): AppError {
  return new AppError('request_invalid', `the archive ${message}`, { cause });
}

function tooLarge(message: string): AppError {
  return new AppError('body_too_large', `the archive ${message}`);
}
