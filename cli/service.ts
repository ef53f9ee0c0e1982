import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DevFile } from '../dev/dev-file.ts';
import { IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_RULE } from '../model/idempotency-key.ts';
import type { Issue } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { CliError, EXIT } from './cli-error.ts';

/** The URL of the API and the key to call it with. */
export interface ServiceTarget {
  url: string;
  key: string;
}

/** The optional parts of a request. */
export interface RequestOptions {
  body?: Json;
  query?: Record<string, string | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A client of the REST API. All methods throw a CliError: `refused` with the message of the API, or `unreachable`. */
export interface Service {
  readonly target: ServiceTarget;
  /** Sends a request and returns the response, unless it is an error. */
  send(method: string, path: string, options?: RequestOptions): Promise<Response>;
  /** Sends a request and returns the JSON body of the response. */
  ask(method: string, path: string, options?: RequestOptions): Promise<JsonObject>;
}

/**
 * Finds the API: the given options, else FERMATA_URL and FERMATA_API_KEY, else the file that `npm start` writes to the
 * data folder. Throws a CliError (usage) if there is none.
 */
export async function findTarget(
  given: { url?: string | undefined; key?: string | undefined },
  env: Record<string, string | undefined>,
): Promise<ServiceTarget> {
  const url = given.url || env.FERMATA_URL;
  const key = given.key || env.FERMATA_API_KEY;
  if (url && !URL.canParse(url)) throw new CliError(EXIT.usage, `"${url}" is not a valid URL`);
  if (url && key) return { url: url.replace(/\/+$/, ''), key };
  const path = join(env.FERMATA_DATA_DIR || '.fermata', 'dev.json');
  try {
    const { url: devUrl, api_key: devKey } = JSON.parse(await readFile(path, 'utf8')) as DevFile; // written by npm start
    return { url: url || devUrl, key: key || devKey };
  } catch (cause) {
    const message =
      'no API configured: pass --url and --key, set FERMATA_URL and FERMATA_API_KEY, or run npm start here';
    throw new CliError(EXIT.usage, message, { cause });
  }
}

/** Creates a client. */
export function createService(target: ServiceTarget): Service {
  async function send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const { body, query = {}, headers = {}, signal } = options;
    const url = new URL(target.url + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers: {
          'x-api-key': target.key,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      throw new CliError(EXIT.unreachable, `${target.url} does not respond`, { cause });
    }
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  return {
    target,
    send,
    ask: async (method, path, options) => (await (await send(method, path, options)).json()) as JsonObject,
  };
}

/** Returns the headers of a request that is done once for a key; none without a key. Throws a CliError (usage) for an invalid key. */
export function onceHeaders({ keyOnce }: { keyOnce?: string }): Record<string, string> {
  if (keyOnce === undefined) return {};
  if (!IDEMPOTENCY_KEY.test(keyOnce)) throw new CliError(EXIT.usage, `--key-once ${IDEMPOTENCY_KEY_RULE}`);
  return { 'idempotency-key': keyOnce };
}

async function refusalOf(response: Response): Promise<CliError> {
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  const exit = response.status === 503 ? EXIT.unreachable : EXIT.refused;
  if (!isJsonObject(body as Json) || typeof (body as JsonObject).error !== 'string') {
    return new CliError(exit, `the API responded with status ${response.status}`);
  }
  const { error, code, issues } = body as { error: string; code?: string; issues?: Issue[] };
  return new CliError(exit, `${error} (${code ?? response.status})`, { lines: issueLines(issues ?? []), code });
}

/** Formats issues, one per line. */
export function issueLines(issues: readonly Issue[]): string[] {
  return issues.map(({ code, path, message, line, column }) => {
    const place = line === undefined ? '' : ` (line ${line}, column ${column})`;
    return `${path || '/'}${place}: ${message} [${code}]`;
  });
}
