import { isUtf8 } from 'node:buffer';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { didYouMean, type Issue } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { JsonRefused, parseJson } from '../model/json-reader.ts';
import { parseYaml, YamlMalformed } from '../model/yaml.ts';
import { Ambiguities } from '../model/yaml-ambiguity.ts';
import { formatYaml } from '../model/yaml-text.ts';
import { CliError, EXIT } from './cli-error.ts';

/**
 * The object or pack that `-f` names: a file with one object, or the folder of a pack. `files` are the files from which its parts were
 * read. The warnings are about how they are written, with pointers into what was read.
 */
export type Source =
  | { kind: 'file'; path: string; content: JsonObject; warnings: Issue[] }
  | { kind: 'pack'; path: string; body: JsonObject; files: PackFiles; warnings: Issue[] };

/** The folders of a pack. */
const PARTS = ['triggers', 'actions', 'workflows', 'rules'] as const;

/** The files of a pack, in the order of its parts. */
type PackFiles = { pack: string } & Record<(typeof PARTS)[number], string[]>;

/**
 * Reads a file (`-` is standard input), or the folder of a pack: `pack.yaml`, and the files in `triggers`, `actions`, `workflows` and `rules`.
 * Parts without `pack_ref` belong to the pack. Throws a CliError (usage), also for unexpected files and folders.
 */
export async function readSource(path: string): Promise<Source> {
  const ambiguities = new Ambiguities();
  const readOne = async (): Promise<Source> => {
    const content = await readObject(path, ambiguities);
    return { kind: 'file', path, content, warnings: ambiguities.warnings() };
  };
  if (path === '-') return readOne();
  const found = await stat(path).catch((cause: unknown) => {
    throw new CliError(EXIT.usage, `${path} does not exist`, { cause });
  });
  if (!found.isDirectory()) return readOne();
  const entries = await readdir(path, { withFileTypes: true });
  const root = entries.find(({ name }) => /^pack\.(ya?ml|json)$/.test(name))?.name;
  if (root === undefined) throw new CliError(EXIT.usage, `${path} does not contain pack.yaml`);
  const folders = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  for (const name of folders) {
    const hint = PARTS.includes(name as never) ? '' : didYouMean(name, PARTS);
    if (hint !== '')
      throw new CliError(
        EXIT.usage,
        `unexpected ${join(path, name)}: a pack has the folders triggers, actions, workflows and rules.${hint}`,
      );
  }
  ambiguities.base = '/pack';
  const pack = await readObject(join(path, root), ambiguities);
  const own = typeof pack.ref === 'string' ? { pack_ref: pack.ref } : {};
  const read = async (folder: (typeof PARTS)[number]): Promise<[names: string[], content: Json[]]> => {
    if (!folders.includes(folder)) return [[], []];
    const inside = await readdir(join(path, folder), { withFileTypes: true });
    const below = inside.find((entry) => entry.isDirectory());
    if (below !== undefined) {
      throw new CliError(
        EXIT.usage,
        `unexpected folder ${join(path, folder, below.name)}: move its files to ${folder}`,
      );
    }
    const names = inside
      .map(({ name }) => name)
      .filter((name) => /\.(ya?ml|json)$/.test(name))
      .sort();
    const content: JsonObject[] = [];
    for (const [index, name] of names.entries()) {
      ambiguities.base = `/${folder}/${index}`;
      content.push(await readObject(join(path, folder, name), ambiguities));
    }
    return [names.map((name) => join(folder, name)), content.map((each) => ({ ...own, ...each }))];
  };
  const files: PackFiles = { pack: root, triggers: [], actions: [], workflows: [], rules: [] };
  const body: JsonObject = { pack };
  for (const part of PARTS) {
    const [names, content] = await read(part);
    files[part] = names;
    // An API that knows fewer kinds of parts takes a pack without the others.
    if (content.length > 0 || part === 'actions' || part === 'workflows') body[part] = content;
  }
  return { kind: 'pack', path, body, files, warnings: ambiguities.warnings() };
}

/** Replaces the index of a part of a pack in a line with the name of its file. */
export function withFile(line: string, files: PackFiles): string {
  const [, part, index, rest = ''] = /^\/(pack|triggers|actions|workflows|rules)(?:\/(\d+))?(.*)$/s.exec(line) ?? [];
  const file = part === 'pack' ? files.pack : part && files[part as (typeof PARTS)[number]][Number(index)];
  if (!file) return line;
  const where = part === 'pack' && index !== undefined ? `/${index}${rest}` : rest;
  return `${file} ${where.startsWith('/') ? where : `/${where}`}`;
}

/** Writes a pack to a folder that `readSource` can read. Returns the names of its files. */
export async function writePack(folder: string, exported: JsonObject): Promise<string[]> {
  const files: [string, Json][] = [['pack.yaml', exported.pack!]];
  for (const kind of PARTS) {
    for (const entry of (exported[kind] ?? []) as JsonObject[]) {
      files.push([join(kind, `${String(entry.ref).split('.').slice(1).join('.')}.yaml`), entry]);
    }
  }
  try {
    for (const [name, content] of files) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, formatYaml(content));
    }
  } catch (cause) {
    throw new CliError(EXIT.usage, `${folder} cannot be written: ${(cause as Error).message}`, { cause });
  }
  return files.map(([name]) => name);
}

/**
 * Reads one object from a file of JSON or YAML; `-` is standard input. `ambiguities` takes the plain scalars of YAML that YAML 1.1 reads
 * otherwise. Throws a CliError (usage).
 */
export async function readObject(path: string, ambiguities: Ambiguities | null = null): Promise<JsonObject> {
  const value = await readDocument(path, ambiguities);
  if (!isJsonObject(value)) throw new CliError(EXIT.usage, `${path} must contain an object`);
  return value;
}

/** Reads any value from a file of JSON or YAML, as `readObject` does. Throws a CliError (usage). */
export async function readDocument(path: string, ambiguities: Ambiguities | null = null): Promise<Json> {
  const text = await readTextFile(path);
  try {
    return path.endsWith('.json') ? parseJson(text) : parseYaml(text, undefined, ambiguities);
  } catch (cause) {
    const isKnown = [YamlMalformed, JsonRefused, SyntaxError].some((each) => cause instanceof each);
    throw isKnown ? new CliError(EXIT.usage, `${path}: ${(cause as Error).message}`, { cause }) : cause;
  }
}

/** Reads a file of UTF-8; `-` is standard input. Throws a CliError (usage). */
export async function readTextFile(path: string): Promise<string> {
  const unreadable = (cause: unknown): never => {
    throw new CliError(EXIT.usage, `${path} cannot be read: ${(cause as Error).message}`, { cause });
  };
  const bytes = path === '-' ? await readInput() : await readFile(path).catch(unreadable);
  if (!isUtf8(bytes)) throw new CliError(EXIT.usage, `${path} is not valid UTF-8`);
  return new TextDecoder().decode(bytes);
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Parses `name=value` pairs; values are parsed as JSON if possible, else taken as text. Throws a CliError (usage). */
export function readPairs(given: readonly string[]): JsonObject {
  return Object.fromEntries(
    given.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new CliError(EXIT.usage, `"${pair}" must have the form name=value`);
      return [pair.slice(0, at), readValue(pair.slice(at + 1))];
    }),
  );
}

/** Parses a text as JSON if possible, else returns it. Throws a CliError (usage) for JSON whose values would change. */
export function readValue(text: string): Json {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonRefused) throw new CliError(EXIT.usage, `${text}: ${error.message}`);
    return text;
  }
}
