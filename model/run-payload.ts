import { deflateSync, Inflate, strFromU8, strToU8 } from 'fflate/browser';
import { isJsonObject, type Json } from './json.ts';
import { INTERPRETER_VERSION, type RunInput } from './run-input.ts';

// How a run input is written into a payload, and read from one. It is deflated: it stands in every history, and twice in that of a
// sub-workflow. The payload remains JSON, which says no more than the interpreter of the run, with the deflated text next to it in the
// metadata: a worker or an API of an earlier version reads a run of an interpreter that it does not know, and leaves it to others.

/** The first interpreter version whose run inputs may be deflated. */
export const DEFLATED_INPUTS = 11;

/** The metadata that holds the deflated text; temporal/codec/payload-converter.cjs has the same name. */
export const DEFLATED = 'fermata-deflated';

/** The bytes of JSON from which on a run input is deflated: below, nothing is saved. */
const MIN_BYTES = 200;

/**
 * The text that every deflated run input may refer to, what is common last. It is part of the format: histories are read by it, so it never
 * changes. Another one needs another name of the metadata.
 */
export const DICTIONARY = strToU8(
  [
    '"description":"label":"with_items":"{{ ","concurrency":"on_item_failure":"stop","retry":{"count":3,"delay":1,"max_delay":60,"backoff":',
    '"exponential","when":"{{ error.type == \'","publish":{"on_cancel":["on_failure":"on_complete":["join":"all","secret.workflow.param.',
    'parameters.execution.id items loop.index succeeded()failed()","next":[{"when":"{{ result().","do":["start":["variables":{"output":{',
    '"on_success":["core.inquiry","input":{"approvers":["message":"core.wait_signal","core.delay","input":{"seconds":"core.fail","core.log",',
    '"core.noop","core.transform","input":{"data":"{{ .output }}","core.http","input":{"method":"POST","url":"https://","headers":{"body":{',
    '"workflows":{"param_schema":{"type":"object","properties":{"type":"string","type":"integer"},"required":["out_schema":',
    '"additionalProperties":false,"write_only":[["carried":{"visits":[{"variables":"scheduled":{"at":"schedule":"depth":1,"lineage":"code":',
    '"timeout":3600,"inline":true,"waits":"timer","connects":true,"idempotent":"by_method","task_queue":"trust":{"keys":{"starters":[],',
    '"tenant":"default","blind":"seed":"{"interpreter":11,"n":17,"ref":"examples.","version":"1.0.0","revision":1,"hash":null,"definition":{',
    '"tasks":[{"name":"a","action":"","timeout":60},"actions":{"core.":{"idempotent":true,"timeout":600,"heartbeat_timeout":30,',
    '"queue_timeout":86400}}',
  ].join(''),
);

/** The most bytes that a deflated text may have: no payload of Temporal's is larger. */
const MAX_BYTES = 2 * 1024 * 1024;

/** Compressed bytes that are inflated before the size is looked at again; they make four megabytes at most. Each portion needs a buffer. */
const PORTION = 4_096;

/** A payload of Temporal. */
export interface RunPayload {
  metadata: Record<string, Uint8Array>;
  data: Uint8Array;
}

/** Deflates bytes, without a header, by the dictionary. */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

/** Writes a run input, deflated unless it is tiny or of an earlier interpreter; by zlib where there is Node.js, which is faster. */
export function writeRunInput(
  run: RunInput,
  deflate: Deflate = (bytes) => deflateSync(bytes, { dictionary: DICTIONARY }),
): RunPayload {
  const encoding = strToU8('json/plain');
  const data = strToU8(JSON.stringify(run));
  if (data.length < MIN_BYTES || run.interpreter < DEFLATED_INPUTS) return { metadata: { encoding }, data };
  const stub = { interpreter: run.interpreter, definition: {} };
  return { metadata: { encoding, [DEFLATED]: deflate(data) }, data: strToU8(JSON.stringify(stub)) };
}

/**
 * Reads a run input from the JSON of its payload and the deflated text, if there is one. Null for a text that is too large, is damaged, or is
 * of another interpreter than the JSON says. Of a later interpreter only the JSON is read: how it deflates is not known here.
 */
export function readRunInput(value: Json, deflated: Uint8Array | undefined): Json {
  if (deflated === undefined || !isJsonObject(value)) return value;
  if (typeof value.interpreter !== 'number' || value.interpreter > INTERPRETER_VERSION) return value;
  const text = inflated(deflated);
  if (text === null) return null;
  try {
    const run = JSON.parse(strFromU8(text)) as Json;
    return isJsonObject(run) && run.interpreter === value.interpreter ? run : null;
  } catch {
    return null;
  }
}

/** Returns a payload with its text instead of the deflated text; any other payload, and one that is damaged, unchanged. */
export function withoutDeflation<T extends { [Field in keyof RunPayload]?: RunPayload[Field] | null }>(payload: T): T {
  const { [DEFLATED]: deflated, ...metadata } = payload.metadata ?? {};
  const data = deflated === undefined ? null : inflated(deflated);
  return data === null ? payload : { ...payload, metadata, data };
}

/** Inflates a text; null for one that is too large or damaged. */
function inflated(deflated: Uint8Array): Uint8Array | null {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isComplete = false;
  const stream = new Inflate({ dictionary: DICTIONARY }, (chunk, final) => {
    chunks.push(chunk);
    size += chunk.length;
    isComplete = final;
  });
  try {
    for (let at = 0; at < deflated.length; at += PORTION) {
      stream.push(deflated.subarray(at, at + PORTION), at + PORTION >= deflated.length);
      if (size > MAX_BYTES) return null;
    }
  } catch {
    return null;
  }
  return isComplete ? joined(chunks, size) : null;
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
