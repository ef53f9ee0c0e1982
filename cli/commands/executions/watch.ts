import type { JsonObject } from '../../../model/json.ts';
import { persist, readStream, type StreamedEvent, writeLine } from '../../event-stream.ts';
import { formatCell, type Output } from '../../output.ts';
import type { Service } from '../../service.ts';

/** Follows an execution to its end, reconnecting as needed, and returns it. Throws a CliError. */
export async function watch(service: Service, output: Output, id: string): Promise<JsonObject> {
  const path = `/api/v1/executions/${encodeURIComponent(id)}`;
  for await (const streamed of readStream(service, `${path}/events`)) {
    if (output.json) writeLine({ event: streamed.event, ...streamed.data });
    else tell(output, streamed);
    if (streamed.event === 'end') break;
  }
  return (await persist(() => service.ask('GET', path))).data as JsonObject;
}

function tell(output: Output, { event, data }: StreamedEvent): void {
  if (event === 'log')
    output.note(`${formatCell(data.timestamp)}  ${formatCell(data.level).padEnd(5)}  ${formatCell(data.message)}`);
  if (event === 'execution') output.note(`${formatCell(data.updated)}  is ${formatCell(data.state)}`);
}
