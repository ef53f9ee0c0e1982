import type { Command } from 'commander';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { readStream, type StreamedEvent, writeLine } from '../../event-stream.ts';
import { readDocument, readValue } from '../../files.ts';
import { formatCell, formatTable, pairs } from '../../output.ts';
import { onceHeaders } from '../../service.ts';
import type { Session } from '../../session.ts';
import { testLines } from '../definitions/rule-test-lines.ts';

const BASE = '/api/v1/events';

interface ListOptions {
  type?: string;
  source?: string;
  webhook?: string;
  state?: string;
  matched?: string;
  limit: string;
  cursor?: string;
}

interface ReplayOptions {
  rule?: string[];
  reason?: string;
  keyOnce?: string;
}

interface SendOptions {
  type: string;
  payload?: string;
  source?: string;
  subject?: string;
  time?: string;
  keyOnce?: string;
}

/** Adds the commands for events. */
export function addEventCommands(program: Command, session: () => Promise<Session>): void {
  const events = program.command('events').description('list, get, explain, follow, send, replay and erase events');
  const pathOf = (id: string) => `${BASE}/${encodeURIComponent(id)}`;

  events
    .command('list')
    .description('list events, newest first')
    .option('--type <type>', 'a type, or a pattern such as com.github.*')
    .option('--source <source>')
    .option('--webhook <name>', 'only those that came in there')
    .option('--state <state>', 'received, planned or invalid')
    .option('--matched <yes>', 'true or false: whether any rule has matched')
    .option('-n, --limit <count>', 'maximum number of entries', '20')
    .option('--cursor <cursor>', 'the cursor printed after the previous page')
    .action(async (options: ListOptions) => {
      const { service, output } = await session();
      const { type, source, webhook, state, matched, limit, cursor } = options;
      const page = await service.ask('GET', BASE, { query: { type, source, webhook, state, matched, limit, cursor } });
      const rows = page.data as JsonObject[];
      output.show(rows, () => formatTable(rows, ['id', 'type', 'source', 'state', 'matches', 'received']));
      if (page.next_cursor) output.note(`more: --cursor ${formatCell(page.next_cursor)}`);
    });

  events
    .command('get')
    .argument('<id>')
    .action(async (id: string) => {
      const { service, output } = await session();
      const data = (await service.ask('GET', pathOf(id))).data as JsonObject;
      output.show(data, () => pairs(data));
    });

  events
    .command('matches')
    .description('explain which rules match an event, as they are now, and why others do not')
    .argument('<id>')
    .option('--cursor <cursor>', 'the cursor printed after the previous page')
    .action(async (id: string, { cursor }: { cursor?: string }) => {
      const { service, output } = await session();
      const page = await service.ask('GET', `${pathOf(id)}/matches`, { query: { cursor } });
      const rows = page.data as JsonObject[];
      output.show(rows, () => rows.flatMap(matchLines));
      if (page.next_cursor) output.note(`more: --cursor ${formatCell(page.next_cursor)}`);
    });

  events
    .command('watch')
    .description('follow events and enforcements from now on, until it is interrupted')
    .option('--after <id>', 'continue after the line with this id, instead of from now on')
    .action(async ({ after }: { after?: string }) => {
      const { service, output } = await session();
      for await (const streamed of readStream(service, `${BASE}/stream`, after)) {
        if (streamed.event === 'end') throw new CliError(EXIT.refused, 'the key may no longer follow events');
        // An enforcement has an event itself.
        if (output.json) writeLine({ id: streamed.id, event: streamed.event, data: streamed.data });
        else output.note(streamedLine(streamed));
      }
    });

  events
    .command('send')
    .description('send an event')
    .requiredOption('--type <type>')
    .option(
      '-p, --payload <value>',
      'parsed as JSON if possible, else taken as text; @file reads JSON or YAML, @- standard input',
    )
    .option('--source <source>')
    .option('--subject <subject>')
    .option('--time <time>', 'ISO 8601 with a time zone')
    .option('--key-once <key>', 'idempotency key: the same key is one event')
    .action(async (options: SendOptions) => {
      const { service, output } = await session();
      const { type, payload, source, subject, time } = options;
      const body = {
        type,
        ...(payload === undefined
          ? {}
          : { payload: payload.startsWith('@') ? await readDocument(payload.slice(1)) : readValue(payload) }),
        ...(source === undefined ? {} : { source }),
        ...(subject === undefined ? {} : { subject }),
        ...(time === undefined ? {} : { time }),
      };
      const data = (await service.ask('POST', BASE, { body, headers: onceHeaders(options) })).data as JsonObject;
      output.show(data, () => pairs(data));
    });

  events
    .command('replay')
    .description('record an event again, which the rules of today match')
    .argument('<id>')
    .option('--rule <ref...>', 'only this rule may match it')
    .option('--reason <text>')
    .option('--key-once <key>', 'idempotency key: the same key is one replay')
    .action(async (id: string, options: ReplayOptions) => {
      const { service, output } = await session();
      const { rule: rules, reason } = options;
      const body = { ...(rules && { rules }), ...(reason && { reason }) };
      const { data } = await service.ask('POST', `${pathOf(id)}/replay`, { body, headers: onceHeaders(options) });
      output.show(data!, () => pairs(data as JsonObject));
    });

  events
    .command('erase')
    .description('erase the payload, the headers and the subject of an event for good; what it has started stays')
    .argument('<id>')
    .action(async (id: string) => {
      const { service, output } = await session();
      const { message } = await service.ask('DELETE', pathOf(id));
      output.show({ message: message! }, () => [formatCell(message)]);
    });
}

/** Returns the lines about a rule and an event: what was recorded, and what the rule does now. */
function matchLines({ rule_ref: ref, revision, enabled, enforcement, ...test }: JsonObject): string[] {
  const state = enabled === true ? '' : ', disabled';
  const recorded = isJsonObject(enforcement)
    ? `enforcement ${formatCell(enforcement.id)} is ${formatCell(enforcement.status)}`
    : 'no enforcement';
  return [
    `${formatCell(ref)} (revision ${formatCell(revision)}${state}): ${recorded}`,
    ...testLines(test).map((line) => `  ${line}`),
  ];
}

function streamedLine({ event, data }: StreamedEvent): string {
  const [at, what] =
    event === 'event' ? [data.received, data.type] : [data.updated, `${formatCell(data.rule_ref)} is ${data.status}`];
  return `${formatCell(at)}  ${event.padEnd(11)}  ${formatCell(data.id)}  ${formatCell(what)}`;
}
