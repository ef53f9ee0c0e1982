import type { Command } from 'commander';
import type { JsonObject } from '../../model/json.ts';
import { readObject } from '../files.ts';
import { formatCell, formatTable, pairs } from '../output.ts';
import { onceHeaders } from '../service.ts';
import type { Session } from '../session.ts';

const BASE = '/api/v1/schedules';

/** Adds the commands for schedules. */
export function addScheduleCommands(program: Command, session: () => Promise<Session>): void {
  const schedules = program.command('schedules').description('list, create, pause, trigger and backfill schedules');
  const pathOf = (id: string, verb = '') => `${BASE}/${encodeURIComponent(id)}${verb}`;

  /** Sends a request and shows the schedule that it returns. */
  async function show(method: string, path: string, body?: JsonObject, headers: Record<string, string> = {}) {
    const { service, output } = await session();
    const asked = { headers, ...(body === undefined ? {} : { body }) };
    const data = (await service.ask(method, path, asked)).data as JsonObject;
    output.show(data, () => pairs(shownOf(data)));
  }

  schedules.command('list').action(async () => {
    const { service, output } = await session();
    const rows = (await service.ask('GET', BASE, { query: { per_page: '100' } })).data as JsonObject[];
    output.show(rows, () =>
      formatTable(
        rows.map((row) => ({ ...row, next: (row.next as string[])[0] ?? null })),
        ['id', 'workflow', 'paused', 'next', 'note'],
      ),
    );
  });

  schedules
    .command('get')
    .argument('<id>')
    .action((id: string) => show('GET', pathOf(id)));

  schedules
    .command('create')
    .description('create a schedule, or replace the one with its id')
    .requiredOption('-f, --file <file>', 'a JSON or YAML file with the schedule; - for standard input')
    .option('--replace', 'replace an existing schedule')
    .action(async ({ file, replace }: { file: string; replace?: boolean }) => {
      const schedule = await readObject(file);
      const { id, ...fields } = schedule;
      await (replace ? show('PUT', pathOf(formatCell(id)), fields) : show('POST', BASE, schedule));
    });

  schedules
    .command('delete')
    .argument('<id>')
    .action(async (id: string) => {
      const { service, output } = await session();
      const { message } = await service.ask('DELETE', pathOf(id));
      output.show({ message: message! }, () => [formatCell(message)]);
    });

  for (const verb of ['pause', 'resume']) {
    schedules
      .command(verb)
      .argument('<id>')
      .option('--note <text>', 'why')
      .action((id: string, { note }: { note?: string }) =>
        show('POST', pathOf(id, `/${verb}`), note === undefined ? {} : { note }),
      );
  }

  schedules
    .command('trigger')
    .description('start an execution now')
    .argument('<id>')
    .option('--overlap <policy>', 'skip, buffer_one, buffer_all, cancel_other, terminate_other or allow_all')
    .option('--key-once <key>', 'idempotency key: the same key is one execution')
    .action((id: string, { overlap, ...options }: { overlap?: string; keyOnce?: string }) =>
      show('POST', pathOf(id, '/trigger'), overlap === undefined ? {} : { overlap }, onceHeaders(options)),
    );

  schedules
    .command('backfill')
    .description('backfill a schedule between two times')
    .argument('<id>')
    .requiredOption('--from <time>', 'ISO 8601 with a time zone')
    .requiredOption('--to <time>', 'ISO 8601 with a time zone')
    .option('--overlap <policy>', 'the overlap policy (default: buffer_all)')
    .option('--key-once <key>', 'idempotency key: the same key is one backfill')
    .action((id: string, options: { from: string; to: string; overlap?: string; keyOnce?: string }) => {
      const { from, to, overlap } = options;
      const body = { start: from, end: to, ...(overlap !== undefined && { overlap }) };
      return show('POST', pathOf(id, '/backfill'), body, onceHeaders(options));
    });
}

function shownOf(schedule: JsonObject): JsonObject {
  const { id, workflow, spec, overlap, paused, note, state_note, next, recent, triggered } = schedule;
  return {
    id: id!,
    workflow: workflow!,
    spec: spec!,
    overlap: overlap!,
    paused: paused!,
    ...(note === null ? {} : { note: note! }),
    ...(state_note === null ? {} : { 'state note': state_note! }),
    next: (next as string[]).join(', ') || null,
    ...(triggered === undefined ? {} : { triggered: (triggered as JsonObject).execution! }),
    recent: (recent as JsonObject[]).map((run) => formatCell(run.execution)).join(', ') || null,
  };
}
