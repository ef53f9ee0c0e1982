import { Unzip, UnzipInflate } from 'fflate';
import { AppError } from '../../model/app-error.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import { parseYaml, type TokenAllowance, YamlMalformed } from '../../model/yaml.ts';
import type { Ambiguities } from '../../model/yaml-ambiguity.ts';

/** The limits of an archive: its files, and the bytes of one and of all of them when unpacked. */
const MAX_FILES = 4_001;
const MAX_FILE = 1024 * 1024;
const MAX_UNPACKED = 20 * 1024 * 1024;

/** The maximum number of YAML tokens in all files of an archive. */
const MAX_TOKENS = 400_000;

/** The size of the end record of an archive, the maximum size of the comment after it, and its signature. */
const END_RECORD = 22;
const MAX_COMMENT = 65_535;
const END_SIGNATURE = 0x06054b50;

/** The folders of a pack. */
const PARTS = ['triggers', 'actions', 'workflows', 'rules'] as const;

/** Packed bytes that are unpacked at once, before their unpacked size, up to a thousand times as large, is checked. */
const SLICE = 2 * 1024;

/**
 * Reads a ZIP of a pack's folder as the body of an import: `pack.yaml`, and files of YAML or JSON in `triggers`, `actions`, `workflows`
 * and `rules`, at the top or below one folder. Sizes are counted while unpacking, whatever the archive declares. `ambiguities` takes the plain scalars that YAML 1.1 reads otherwise, with pointers into the body. Throws
 * `request_invalid`, `body_too_large`, and `yaml_malformed` with the file's name.
 */
export function readPackArchive(bytes: Uint8Array, ambiguities: Ambiguities): Json {
  const files = unpack(bytes);
  const roots = [...files.keys()].filter((name) => /(^|\/)pack\.(ya?ml|json)$/.test(name));
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw invalid('must contain exactly one pack.yaml');
  const folder = root.slice(0, root.lastIndexOf('/') + 1);
  const allowance: TokenAllowance = { left: MAX_TOKENS };
  const read = (base: string, name: string, content: Uint8Array): Json => {
    ambiguities.base = base;
    return readFile(name, content, allowance, ambiguities);
  };
  const pack = read('/pack', root, files.get(root)!);
  // Parts without `pack_ref` belong to this pack.
  const own = isJsonObject(pack) && typeof pack.ref === 'string' ? { pack_ref: pack.ref } : {};
  const all = (kind: (typeof PARTS)[number]): Json[] =>
    [...files]
      .filter(([name]) => name.startsWith(`${folder}${kind}/`) && /\.(ya?ml|json)$/.test(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, content], index) => read(`/${kind}/${index}`, name, content))
      .map((part) => (isJsonObject(part) ? { ...own, ...part } : part));
  return { pack, ...Object.fromEntries(PARTS.map((kind) => [kind, all(kind)])) };
}

/** A file that is being unpacked. */
interface Unpacking {
  chunks: Uint8Array[];
  size: number;
  complete: boolean;
}

function unpack(bytes: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Unpacking>();
  let total = 0;
  let entries = 0;
  const unzip = new Unzip((entry) => {
    const { name, originalSize } = entry;
    entries += 1;
    if (name.endsWith('/')) return;
    if (files.has(name)) throw invalid(`contains ${name} more than once`);
    const file: Unpacking = { chunks: [], size: 0, complete: false };
    files.set(name, file);
    if (files.size > MAX_FILES) throw tooLarge(`contains more than ${MAX_FILES} files`);
    entry.ondata = (error, chunk, final) => {
      if (error !== null) throw error;
      file.size += chunk.length;
      total += chunk.length;
      if (file.size > MAX_FILE) throw tooLarge(`contains ${name}, which has more than ${MAX_FILE} bytes`);
      if (total > MAX_UNPACKED) throw tooLarge(`has more than ${MAX_UNPACKED} bytes when unpacked`);
      if (originalSize !== undefined && file.size > originalSize) {
        throw invalid(`contains ${name}, which is longer than its directory entry says`);
      }
      file.chunks.push(chunk);
      file.complete = final;
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  try {
    for (let start = 0; start < bytes.length; start += SLICE) {
      unzip.push(bytes.subarray(start, start + SLICE), start + SLICE >= bytes.length);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw invalid('is not a valid ZIP', error);
  }
  const complete = [...files.values()].every((file) => file.complete);
  if (!complete || entries !== entriesInDirectory(bytes)) throw invalid('is not a valid ZIP');
  return new Map([...files].map(([name, { chunks }]) => [name, concat(chunks)]));
}

/** Returns the number of entries in the directory at the end of an archive; null without a directory. */
function entriesInDirectory(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const earliest = Math.max(0, bytes.length - END_RECORD - MAX_COMMENT);
  for (let at = bytes.length - END_RECORD; at >= earliest; at -= 1) {
    if (view.getUint32(at, true) === END_SIGNATURE) return view.getUint16(at + 10, true);
  }
  return null;
}

function concat(chunks: Uint8Array[]): Uint8Array {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : new Uint8Array(Buffer.concat(chunks));
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function readFile(name: string, content: Uint8Array, allowance: TokenAllowance, ambiguities: Ambiguities): Json {
  let text: string;
  try {
    text = decoder.decode(content);
  } catch (error) {
    throw invalid(`contains ${name}, which is not valid UTF-8`, error);
  }
  try {
    return parseYaml(text, allowance, ambiguities);
  } catch (error) {
    if (!(error instanceof YamlMalformed)) throw error;
    throw new AppError('yaml_malformed', `${name} is not valid YAML: ${error.message}`, { cause: error });
  }
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError('request_invalid', `the archive ${message}`, { cause });
}

function tooLarge(message: string): AppError {
  return new AppError('body_too_large', `the archive ${message}`);
}
