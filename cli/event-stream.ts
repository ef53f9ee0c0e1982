import { setTimeout as wait } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { JsonObject } from '../model/json.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Service } from './service.ts';

/** Milliseconds before reconnecting a broken stream, and how often in a row that is tried. */
const RETRY_AFTER = 1_000;
const TRIES = 10;

/** An event of a stream of the API. */
export interface StreamedEvent {
  event: string;
  data: JsonObject;
}

interface Received {
  id?: string;
  event?: string;
  data: string;
}

/** Yields the events of a stream, reconnecting as needed. Throws a CliError when the API refuses, or cannot be reached for long. */
export async function* readStream(service: Service, path: string): AsyncGenerator<StreamedEvent> {
  let last: string | undefined;
  for (let failures = 0; ; ) {
    try {
      const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) };
      const { body } = await service.send('GET', path, { headers });
      const events = body!.pipeThrough(new TextDecoderStream() as never).pipeThrough(new EventSourceParserStream());
      for await (const { id, event = '', data } of events as unknown as AsyncIterable<Received>) {
        last = id ?? last;
        failures = 0;
        yield { event, data: JSON.parse(data) as JsonObject };
      }
    } catch (error) {
      failures += 1;
      // A refusal is final, but a broken stream is reconnected.
      if (failures > TRIES || (error instanceof CliError && error.exitCode === EXIT.refused)) throw error;
    }
    await wait(RETRY_AFTER);
  }
}

/** Writes an event of a stream as a line of JSON, for programs. */
export function writeStreamed({ event, data }: StreamedEvent): void {
  process.stdout.write(`${JSON.stringify({ event, ...data })}\n`);
}
