import { AppError } from '../../../model/app-error.ts';
import { isJsonObject, type Json } from '../../../model/json.ts';
import { parseYaml, type TokenAllowance, YamlMalformed } from '../../../model/yaml.ts';
import type { Ambiguities } from '../../../model/yaml-ambiguity.ts';
import { invalidArchive, unpackZip } from './zip.ts';

/** The maximum number of YAML tokens in all files of an archive. */
const MAX_TOKENS = 400_000;

/** The folders of a pack. */
const PARTS = ['triggers', 'actions', 'workflows', 'rules'] as const;

/**
 * Reads a ZIP of a pack's folder as the body of an import: `pack.yaml`, and files of YAML or JSON in `triggers`, `actions`, `workflows`
 * and `rules`, at the top or below one folder. `ambiguities` takes the plain scalars that YAML 1.1 reads otherwise, with pointers into the body. Throws
 * `request_invalid`, `body_too_large`, and `yaml_malformed` with the file's name.
 */
export async function readPackArchive(bytes: Uint8Array, ambiguities: Ambiguities): Promise<Json> {
  const files = await unpackZip(bytes);
  const roots = [...files.keys()].filter((name) => /(^|\/)pack\.(ya?ml|json)$/.test(name));
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw invalidArchive('must contain exactly one pack.yaml');
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

const decoder = new TextDecoder('utf-8', { fatal: true });

function readFile(name: string, content: Uint8Array, allowance: TokenAllowance, ambiguities: Ambiguities): Json {
  let text: string;
  try {
    text = decoder.decode(content);
  } catch (error) {
    throw invalidArchive(`contains ${name}, which is not valid UTF-8`, error);
  }
  try {
    return parseYaml(text, allowance, ambiguities);
  } catch (error) {
    if (!(error instanceof YamlMalformed)) throw error;
    throw new AppError('yaml_malformed', `${name} is not valid YAML: ${error.message}`, { cause: error });
  }
}
