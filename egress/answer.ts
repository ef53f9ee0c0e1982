import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import { createSignalScope } from '../model/signals.ts';
import type { Egress } from './egress.ts';

/** The error for a response that is larger than the payload limit. */
export class AnswerTooLarge extends Error {
  constructor() {
    super(`the response has more than ${MAX_PAYLOAD_BYTES} bytes`);
    this.name = 'AnswerTooLarge';
  }
}

type Answer = Awaited<ReturnType<Egress['fetch']>>;

/**
 * Reads the bytes of a response, counted after decompression. Closes the connection and throws an AnswerTooLarge if
 * they exceed the payload limit.
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

/** Reads a response as UTF-8; invalid bytes become U+FFFD. Throws like `readBytes`. */
export async function readText(answer: Answer): Promise<string> {
  return new TextDecoder().decode(await readBytes(answer));
}

/**
 * Returns a `fetch` for client libraries that read responses without a limit; it reads each response first, as text.
 */
export function fetchText(fetch: Egress['fetch'], signal?: AbortSignal): typeof globalThis.fetch {
  return async (url, init) => {
    const signals = [signal, init?.signal].filter((each) => each != null);
    const scope = createSignalScope();
    try {
      const response = await fetch(String(url), { ...(init as object), signal: scope.eitherOf(signals) });
      const text = await readText(response);
      const { status, statusText } = response;
      return new Response(text === '' ? null : text, { status, statusText, headers: [...response.headers] });
    } finally {
      scope.end();
    }
  };
}
