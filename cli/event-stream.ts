import { setTimeout as wait } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { JsonObject } from '../model/json.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Service } from './service.ts';

/** Milliseconds before trying again, as reconnecting a broken stream, and how often in a row that is done. */
const RETRY_AFTER = 1_000;
const TRIES = 10;

/** An event of a stream of the API. */
export interface StreamedEvent {
  /** The id after which the stream continues behind it; null for an event without one. */
  id: string | null;
  event: string;
  data: JsonObject;
}

interface Received {
  id?: string;
  event?: string;
  data: string;
}

/** Reports whether work that has failed so often in a row is given up: a refusal is final, but a broken connection is made again. */
function isFinal(error: unknown, failures: number): boolean {
  return failures > TRIES || (error instanceof CliError && error.exitCode === EXIT.refused);
}

/** Does work, again as needed. Throws a CliError when the API refuses, or cannot be reached for long. */
export async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (isFinal(error, failures)) throw error;
    }
    await wait(RETRY_AFTER);
  }
}

/**
 * Yields the events of a stream from its beginning, or after an id, reconnecting as needed. Throws a CliError when the API refuses, or cannot
 * be reached for long.
 */
export async function* readStream(service: Service, path: string, after?: string): AsyncGenerator<StreamedEvent> {
  let last = after;
  for (let failures = 0; ; ) {
    try {
      const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) };
      const { body } = await service.send('GET', path, { headers });
      const events = body!.pipeThrough(new TextDecoderStream() as never).pipeThrough(new EventSourceParserStream());
      for await (const { id, event = '', data } of events as unknown as AsyncIterable<Received>) {
        last = id ?? last;
        failures = 0;
        yield { id: id ?? null, event, data: JSON.parse(data) as JsonObject };
      }
    } catch (error) {
      failures += 1;
      if (isFinal(error, failures)) throw error;
    }
    await wait(RETRY_AFTER);
  }
}

/** Writes a value as a line of JSON, for programs. */
export function writeLine(value: JsonObject): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
