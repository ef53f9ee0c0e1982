import { unzipSync } from 'fflate';
import { AppError } from '../model/app-error.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { parseYaml } from './yaml.ts';

/** Files of an archive, and bytes of all of them, that are unpacked at most. */
const MAX_FILES = 2_001;
const MAX_UNPACKED = 20 * 1024 * 1024;

/**
 * Reads a ZIP of a pack's folder as the body of an import: `pack.yaml`, `actions/*.yaml`, `workflows/*.yaml`, which may
 * be JSON too, below one folder or none. Throws `request_invalid`, `yaml_malformed` with the file's name.
 */
export function readPackArchive(bytes: Uint8Array): Json {
  const files = unpack(bytes);
  const roots = [...files.keys()].filter((name) => /(^|\/)pack\.(ya?ml|json)$/.test(name));
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw invalid('must hold one pack.yaml');
  const folder = root.slice(0, root.lastIndexOf('/') + 1);
  const all = (kind: 'actions' | 'workflows'): Json[] =>
    [...files]
      .filter(([name]) => name.startsWith(`${folder}${kind}/`) && /\.(ya?ml|json)$/.test(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, content]) => read(name, content));
  const body: JsonObject = { pack: read(root, files.get(root)!), actions: all('actions'), workflows: all('workflows') };
  return body;
}

function unpack(bytes: Uint8Array): Map<string, Uint8Array> {
  let total = 0;
  let count = 0;
  try {
    const unpacked = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (name.endsWith('/')) return false;
        total += originalSize;
        count += 1;
        if (count > MAX_FILES || total > MAX_UNPACKED) throw invalid('is larger than a pack may be');
        return true;
      },
    });
    return new Map(Object.entries(unpacked));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw invalid('is no ZIP', error);
  }
}

function read(name: string, content: Uint8Array): Json {
  try {
    return parseYaml(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, `${name}: ${error.message}`, { cause: error });
    throw invalid(`holds ${name}, which is no UTF-8`, error);
  }
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError('request_invalid', `the archive ${message}`, { cause });
}
