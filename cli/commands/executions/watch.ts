import { setTimeout as wait } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { JsonObject } from '../../../model/json.ts';
import { CliError } from '../../cli-error.ts';
import { formatCell, type Output } from '../../output.ts';
import type { Service } from '../../service.ts';

/** Milliseconds before reconnecting a broken stream, and how often in a row that is tried. */
const RETRY_AFTER = 1_000;
const TRIES = 10;

/** Follows an execution to its end, reconnecting as needed, and returns it. Throws a CliError. */
export async function watch(service: Service, output: Output, id: string): Promise<JsonObject> {
  const path = `/api/v1/executions/${encodeURIComponent(id)}`;
  let last: string | undefined;
  for (let failures = 0; ; ) {
    try {
      const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) };
      const { body } = await service.send('GET', `${path}/events`, { headers });
      const events = body!.pipeThrough(new TextDecoderStream() as never).pipeThrough(new EventSourceParserStream());
      for await (const { id: at, event = '', data } of events as unknown as AsyncIterable<{
        id?: string;
        event?: string;
        data: string;
      }>) {
        last = at ?? last;
        failures = 0;
        tell(output, event, JSON.parse(data) as JsonObject);
        if (event === 'end') return (await service.ask('GET', path)).data as JsonObject;
      }
    } catch (error) {
      failures += 1;
      // A refusal is final, but a broken stream is reconnected.
      if (failures > TRIES || (error instanceof CliError && error.exitCode === 1)) throw error;
    }
    await wait(RETRY_AFTER);
  }
}

function tell(output: Output, event: string, data: JsonObject): void {
  if (output.json) {
    process.stdout.write(`${JSON.stringify({ event, ...data })}\n`);
    return;
  }
  if (event === 'log')
    output.note(`${formatCell(data.timestamp)}  ${formatCell(data.level).padEnd(5)}  ${formatCell(data.message)}`);
  if (event === 'execution') output.note(`${formatCell(data.updated)}  is ${formatCell(data.state)}`);
}
