import { isUtf8 } from 'node:buffer';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { JsonRefused, parseJson } from '../model/json-reader.ts';
import { parseYaml, YamlMalformed } from '../model/yaml.ts';
import { CliError, EXIT } from './cli-error.ts';

/** What `-f` names: a file with one object, or a pack as a folder. */
export type Source =
  | { kind: 'file'; path: string; content: JsonObject }
  | { kind: 'pack'; path: string; body: JsonObject };

/** Reads a file, or the folder of a pack: `pack.yaml`, `actions/*.yaml`, `workflows/*.yaml`. Throws a CliError (usage). */
export async function readSource(path: string): Promise<Source> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new CliError(EXIT.usage, `there is nothing at ${path}`, { cause });
  });
  if (!found.isDirectory()) return { kind: 'file', path, content: await readObject(path) };
  const names = await readdir(path);
  const root = names.find((name) => /^pack\.(ya?ml|json)$/.test(name));
  if (root === undefined) throw new CliError(EXIT.usage, `${path} holds no pack.yaml`);
  const all = async (folder: string): Promise<Json[]> => {
    if (!names.includes(folder)) return [];
    const files = (await readdir(join(path, folder))).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
    return Promise.all(files.map((name) => readObject(join(path, folder, name))));
  };
  const pack = await readObject(join(path, root));
  return { kind: 'pack', path, body: { pack, actions: await all('actions'), workflows: await all('workflows') } };
}

/** Writes a pack as a folder that `readSource` reads; gives the names of its files. */
export async function writePack(folder: string, { pack, actions, workflows }: JsonObject): Promise<string[]> {
  const files: [string, Json][] = [['pack.yaml', pack!]];
  for (const [kind, list] of Object.entries({ actions, workflows })) {
    for (const entry of list as JsonObject[]) {
      files.push([join(kind, `${String(entry.ref).split('.').slice(1).join('.')}.yaml`), entry]);
    }
  }
  for (const [name, content] of files) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, stringify(content, { lineWidth: 120 }));
  }
  return files.map(([name]) => name);
}

/** Reads one object from a file of JSON or YAML; `-` is standard input. Throws a CliError (usage). */
export async function readObject(path: string): Promise<JsonObject> {
  const bytes = path === '-' ? await readInput() : await readFile(path).catch(unreadable);
  if (!isUtf8(bytes)) throw new CliError(EXIT.usage, `${path} is not UTF-8`);
  const text = new TextDecoder().decode(bytes);
  let value: Json;
  try {
    value = path.endsWith('.json') ? parseJson(text) : parseYaml(text);
  } catch (cause) {
    const isKnown = [YamlMalformed, JsonRefused, SyntaxError].some((each) => cause instanceof each);
    throw isKnown ? new CliError(EXIT.usage, `${path}: ${(cause as Error).message}`, { cause }) : cause;
  }
  if (!isJsonObject(value)) throw new CliError(EXIT.usage, `${path} holds no object`);
  return value;

  function unreadable(cause: unknown): never {
    throw new CliError(EXIT.usage, `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Input out of `name=value` pairs: a value is JSON where it can be read as such, else text. Throws a CliError (usage). */
export function readPairs(given: readonly string[]): JsonObject {
  return Object.fromEntries(
    given.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new CliError(EXIT.usage, `"${pair}" is no name=value`);
      return [pair.slice(0, at), readValue(pair.slice(at + 1))];
    }),
  );
}

/** JSON where a text can be read as such, else the text. Throws a CliError (usage) for JSON whose values would change. */
export function readValue(text: string): Json {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonRefused) throw new CliError(EXIT.usage, `${text}: ${error.message}`);
    return text;
  }
}
