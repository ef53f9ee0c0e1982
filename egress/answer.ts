import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import type { Egress } from './egress.ts';

/** The answer of another system is larger than can be used. */
export class AnswerTooLarge extends Error {
  constructor() {
    super(`the answer has more than ${MAX_PAYLOAD_BYTES} bytes`);
    this.name = 'AnswerTooLarge';
  }
}

type Answer = Awaited<ReturnType<Egress['fetch']>>;

/**
 * Reads the bytes of an answer. Counts them after decompression while they arrive, closes the connection when they are more than a
 * payload may have, and then throws an AnswerTooLarge.
 */
export async function readBytes({ body }: Answer): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_PAYLOAD_BYTES) throw new AnswerTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads an answer as text of UTF-8; what is none of it becomes U+FFFD. Throws as `readBytes` does. */
export async function readText(answer: Answer): Promise<string> {
  return new TextDecoder().decode(await readBytes(answer));
}

/** Returns `fetch` for a client library that reads answers without a limit: each answer is read here first, as text. */
export function fetchText(fetch: Egress['fetch'], signal?: AbortSignal): typeof globalThis.fetch {
  return async (url, init) => {
    const signals = [signal, init?.signal].filter((each) => each != null);
    const response = await fetch(String(url), { ...(init as object), signal: AbortSignal.any(signals) });
    const text = await readText(response);
    const { status, statusText } = response;
    return new Response(text === '' ? null : text, { status, statusText, headers: [...response.headers] });
  };
}
