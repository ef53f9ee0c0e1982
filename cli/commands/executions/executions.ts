import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { JsonObject } from '../../../model/json.ts';
import { type ExecutionStatus, isClosed } from '../../../model/status.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { readObject, readPairs, readValue } from '../../files.ts';
import { formatCell, table } from '../../output.ts';
import { onceHeaders } from '../../service.ts';
import type { Session } from '../../session.ts';
import { addFilters, buildQuery, type FilterOptions } from './filters.ts';
import { addRetryCommand } from './retry.ts';
import { summarizeExecution } from './summaries.ts';
import { watch } from './watch.ts';

const BASE = '/api/v1/executions';

/** Seconds for which one request waits for an execution to close. */
const WAIT = 30;

/** Adds the commands for executions: run, list, get, watch, cancel, terminate, signal, export. */
export function addExecutionCommands(program: Command, session: () => Promise<Session>): void {
  program
    .command('run')
    .description('start a workflow or an action')
    .argument('<ref>')
    .option('-i, --input <name=value...>', 'input; values are parsed as JSON if possible, else taken as text')
    .option('-f, --file <file>', 'input from a JSON or YAML file; - for standard input')
    .option('--version <version>', 'use the newest revision with this version label')
    .option('--tag <tag...>')
    .option('--key-once <key>', 'idempotency key: the same key with the same input starts one execution')
    .option('-w, --wait', 'wait until the execution has ended; fail if it has failed')
    .action(async (ref: string, options: RunOptions) => {
      const { service, output } = await session();
      const input = { ...(options.file ? await readObject(options.file) : {}), ...readPairs(options.input ?? []) };
      const started = await service.ask('POST', BASE, {
        body: {
          action_ref: ref,
          parameters: input,
          mode: 'cli',
          ...(options.version && { version: options.version }),
          ...(options.tag && { tags: options.tag }),
        },
        headers: onceHeaders(options),
      });
      let execution = started.data as JsonObject;
      while (options.wait && !isClosed(execution.state as ExecutionStatus)) {
        await service
          .send('GET', `${BASE}/${formatCell(execution.id)}/events`, {
            signal: AbortSignal.timeout(WAIT * 1000),
          })
          .then(drain, () => undefined);
        execution = (await service.ask('GET', `${BASE}/${formatCell(execution.id)}`)).data as JsonObject;
      }
      output.show(execution, () => summarizeExecution(execution));
      if (options.wait) demandSuccess(execution);
    });

  addFilters(program.command('list').description('list executions, newest first'))
    .option('-n, --limit <count>', 'maximum number of entries', '20')
    .option('--cursor <cursor>', 'the cursor printed after the previous page')
    .action(async (options: FilterOptions & { limit: string; cursor?: string }) => {
      const { service, output } = await session();
      const { limit, cursor } = options;
      const page = await service.ask('GET', BASE, { query: { ...buildQuery(options), limit, cursor } });
      const rows = page.data as JsonObject[];
      output.show(rows, () => table(['ID', 'ACTION', 'STATUS', 'CREATED', 'UPDATED'], rows.map(row)));
      if (page.next_cursor) output.note(`more: --cursor ${formatCell(page.next_cursor)}`);
    });

  program
    .command('get')
    .description('get an execution with its tasks')
    .argument('<id>')
    .action(async (id: string) => {
      const { service, output } = await session();
      const { data } = await service.ask('GET', `${BASE}/${encodeURIComponent(id)}`);
      const execution = data as JsonObject;
      output.show(execution, () => [
        ...summarizeExecution(execution),
        '',
        ...taskTable(execution.tasks as JsonObject[]),
      ]);
    });

  program
    .command('watch')
    .description('follow an execution until it ends; fail if it has failed')
    .argument('<id>')
    .action(async (id: string) => {
      const { service, output } = await session();
      demandSuccess(await watch(service, output, id));
    });

  const VERBS = {
    cancel: 'cancel an execution; its cleanup runs',
    terminate: 'terminate an execution at once, without cleanup',
    pause: 'pause an execution: running tasks finish, nothing new is started',
    resume: 'resume a paused execution',
  };
  for (const [verb, description] of Object.entries(VERBS)) {
    program
      .command(verb)
      .description(description)
      .argument('<id>')
      .option('--reason <text>')
      .action(async (id: string, { reason }: { reason?: string }) => {
        const { service, output } = await session();
        const body = reason === undefined ? {} : { reason };
        const { data } = await service.ask('POST', `${BASE}/${encodeURIComponent(id)}/${verb}`, { body });
        output.show(data!, () => summarizeExecution(data as JsonObject));
      });
  }

  addRetryCommand(program, session);

  program
    .command('signal')
    .description('send a signal to an execution')
    .argument('<id>')
    .argument('<name>')
    .option('-p, --payload <value>', 'parsed as JSON if possible, else taken as text')
    .option('--key-once <key>', 'idempotency key: the same key is one signal to this execution')
    .action(async (id: string, name: string, options: { payload?: string; keyOnce?: string }) => {
      const { service, output } = await session();
      const { payload } = options;
      const body = { name, ...(payload === undefined ? {} : { payload: readValue(payload) }) };
      const path = `${BASE}/${encodeURIComponent(id)}/signal`;
      const { data } = await service.ask('POST', path, { body, headers: onceHeaders(options) });
      output.show(data!, () => summarizeExecution(data as JsonObject));
    });

  addFilters(program.command('export').description('export executions'))
    .option('--format <format>', 'csv, json or ndjson', 'csv')
    .option('-o, --output <file>', 'a file (default: standard output)')
    .action(async (options: FilterOptions & { format: string; output?: string }) => {
      const { service } = await session();
      const query = { ...buildQuery(options), format: options.format };
      const { body } = await service.send('GET', `${BASE}/export`, { query });
      const target = options.output === undefined ? process.stdout : createWriteStream(options.output);
      await pipeline(Readable.fromWeb(body as never), target, { end: options.output !== undefined });
    });
}

interface RunOptions {
  input?: string[];
  file?: string;
  version?: string;
  tag?: string[];
  keyOnce?: string;
  wait?: boolean;
}

function row({ id, action_ref, state, created, updated }: JsonObject): string[] {
  return [id, action_ref, state, created, updated].map(formatCell);
}

function taskTable(tasks: readonly JsonObject[]): string[] {
  const rows = tasks.map(({ key, action_ref, state, carried, attempts, started, ended, error }) => {
    const message = (error as JsonObject | null)?.message;
    const stands = carried === true ? `${formatCell(state)} (carried)` : state;
    const attempt = (attempts as JsonObject[]).at(-1)?.attempt;
    return [key, action_ref, stands, attempt, started, ended, message].map(formatCell);
  });
  return table(['TASK', 'ACTION', 'STATUS', 'ATTEMPTS', 'STARTED', 'ENDED', 'ERROR'], rows);
}

function demandSuccess({ id, status }: JsonObject): void {
  if (status === 'completed') return;
  throw new CliError(EXIT.refused, `execution ${formatCell(id)} ended as ${formatCell(status)}`);
}

/** Reads a response completely. */
async function drain(response: Response): Promise<void> {
  for await (const _ of response.body ?? []);
}
