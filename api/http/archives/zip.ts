import { crc32, inflateRawSync } from 'node:zlib';
import {
  type Entry,
  fromBufferPromise,
  getFileNameLowLevel,
  type LocalFileHeader,
  validateFileName,
  type ZipFile,
} from 'yauzl';
import { AppError } from '../../../model/app-error.ts';

/** The limits of an archive: its files, and the bytes of one and of all of them when unpacked. */
const MAX_FILES = 4_001;
const MAX_FILE = 1024 * 1024;
const MAX_UNPACKED = 20 * 1024 * 1024;

/** The size of the end of an archive without its comment, and of what precedes it if its numbers have 64 bits. */
const END_SIZE = 22;
const LARGE_END = { signature: 0x06064b50, size: 56 + 20 };

/** The flag of a file whose CRC-32 and sizes were not known when its header was written. */
const DESCRIBED = 0x8;

/** Stands for a number that does not fit; an extra field has it. */
const ELSEWHERE = 0xffffffff;

const STORED = 0;

/**
 * Returns the files of a ZIP by name, without folders. Every entry is unpacked once, no further than to its size in the directory, which the
 * limits bound, and must have that size and the CRC-32 that the directory says. Its header must agree with the directory. Throws
 * `request_invalid` and `body_too_large`.
 */
export async function unpackZip(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files = new Map<string, Uint8Array>();
  try {
    const zip = await fromBufferPromise(buffer, { decodeStrings: false, validateEntrySizes: false });
    for (const [name, entry] of await readDirectory(zip, buffer)) {
      const header = await zip.readLocalFileHeaderPromise(entry);
      if (!headerAgrees(header, entry)) throw damaged(name, 'its header is not what the directory says');
      const start = header.fileDataStart;
      const content = unpack(name, entry, buffer.subarray(start, start + entry.compressedSize));
      if (!isFolder(name)) files.set(name, content);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw invalidArchive('is not a valid ZIP', error);
  }
  return files;
}

/** Returns the entries of the directory by name. Throws unless all of them may be unpacked. */
async function readDirectory(zip: ZipFile, buffer: Buffer): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let files = 0;
  let packed = 0;
  let unpacked = 0;
  for await (const entry of zip.eachEntry()) {
    const name = nameOf(entry);
    if (entry.uncompressedSize > MAX_FILE) throw tooLarge(`contains ${name}, which has more than ${MAX_FILE} bytes`);
    unpacked += entry.uncompressedSize;
    if (unpacked > MAX_UNPACKED) throw tooLarge(`has more than ${MAX_UNPACKED} bytes when unpacked`);
    // Shared bytes would be unpacked once for each file.
    packed += entry.compressedSize;
    if (packed > buffer.length) throw new Error('the files have bytes in common');
    if (!isFolder(name)) files += 1;
    if (files > MAX_FILES) throw tooLarge(`contains more than ${MAX_FILES} files`);
    if (entries.has(name) && !isFolder(name)) throw invalidArchive(`contains ${name} more than once`);
    entries.set(name, entry);
  }
  // yauzl reads as many entries as the end of the archive counts. Its types have this place as a boolean.
  const next = Number(zip.readEntryCursor);
  const large = buffer.readUInt32LE(next) === LARGE_END.signature ? LARGE_END.size : 0;
  const end = next + large + END_SIZE + zip.comment.length;
  if (end !== buffer.length) throw new Error('the directory has more entries than the archive counts');
  return entries;
}

/** Returns the name of an entry. Throws if it is unsafe, or if the entry is encrypted or compressed by an unknown method. */
function nameOf(entry: Entry): string {
  const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
  const fault = validateFileName(name);
  if (fault !== null) throw invalidArchive(`contains a file with an unsafe name: ${fault}`);
  if (entry.isEncrypted()) throw invalidArchive(`contains ${name}, which is encrypted`);
  if (!entry.canDecodeFileData()) {
    throw invalidArchive(`contains ${name}, which is compressed by another method than deflate`);
  }
  return name;
}

/** Compares a header with the directory, except for numbers that the header does not have. */
function headerAgrees(header: LocalFileHeader, entry: Entry): boolean {
  const unknown = (header.generalPurposeBitFlag & DESCRIBED) === 0 ? [ELSEWHERE] : [ELSEWHERE, 0];
  const matches = (field: 'crc32' | 'compressedSize' | 'uncompressedSize') =>
    header[field] === entry[field] || unknown.includes(header[field]);
  return (
    header.fileName.equals(entry.fileNameRaw) &&
    header.compressionMethod === entry.compressionMethod &&
    matches('crc32') &&
    matches('compressedSize') &&
    matches('uncompressedSize')
  );
}

/** Unpacks an entry. Throws unless it has the size and the CRC-32 that the directory says. */
function unpack(name: string, entry: Entry, packed: Buffer): Buffer {
  const size = entry.uncompressedSize;
  const content = entry.compressionMethod === STORED ? packed : inflate(name, size, packed);
  if (content.length > size) throw longer(name);
  if (content.length < size) throw damaged(name, 'it is shorter than the directory says');
  if (crc32(content) !== entry.crc32) throw damaged(name, 'its CRC-32 is not the one in the directory');
  return content;
}

function inflate(name: string, size: number, packed: Buffer): Buffer {
  // zlib wants 64 bytes of room, and a limit above zero.
  const chunkSize = Math.max(64, size + 1);
  try {
    return inflateRawSync(packed, { chunkSize, maxOutputLength: Math.max(1, size) });
  } catch (error) {
    if (error instanceof RangeError) throw longer(name);
    throw damaged(name, 'it cannot be unpacked', error);
  }
}

function isFolder(name: string): boolean {
  return name.endsWith('/');
}

function longer(name: string): AppError {
  return invalidArchive(`contains ${name}, which is longer than its directory entry says`);
}

function damaged(name: string, how: string, cause?: unknown): AppError {
  return invalidArchive(`contains ${name}, which is damaged: ${how}`, cause);
}

/** Returns a refusal; the message continues `the archive`. */
export function invalidArchive(message: string, cause?: unknown): AppError {
  return new AppError('request_invalid', `the archive ${message}`, { cause });
}

function tooLarge(message: string): AppError {
  return new AppError('body_too_large', `the archive ${message}`);
}
