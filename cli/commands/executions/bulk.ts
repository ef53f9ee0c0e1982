import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { BULK_VERBS, type BulkVerb } from '../../../model/bulk.ts';
import type { JsonObject } from '../../../model/json.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { readValue } from '../../files.ts';
import type { Output } from '../../output.ts';
import { formatCell, formatTable, pairs } from '../../output.ts';
import { onceHeaders, type Service } from '../../service.ts';
import type { Session } from '../../session.ts';
import { addFilters, buildQuery, type FilterOptions } from './filters.ts';

/** Milliseconds between two looks at a job. */
const INTERVAL = 1_000;

/** The filters that are numbers in the body of a request. */
const NUMBERS = new Set(['enforcement', 'executor']);

const VERBS: Record<BulkVerb, string> = {
  cancel: 'cancel executions that are open; their cleanup runs',
  terminate: 'terminate executions that are open at once, without cleanup',
  pause: 'pause executions that are open',
  resume: 'resume executions that are paused',
  retry:
    'retry executions that failed, timed out, or were abandoned, cancelled or terminated: a new one continues where each ended',
  delete: 'delete executions that have ended',
};

interface BulkOptions extends FilterOptions {
  reason?: string;
  dryRun?: boolean;
  keyOnce?: string;
  wait?: boolean;
}

/** Adds the commands that change many executions, and those for their jobs. */
export function addBulkCommands(program: Command, session: () => Promise<Session>): void {
  const bulk = program.command('bulk').description('change many executions: those with some ids, or those that match');

  for (const verb of BULK_VERBS) {
    addFilters(bulk.command(verb).description(VERBS[verb]).argument('[id...]', 'instead of filters'))
      .option('--reason <text>')
      .option('--dry-run', 'only count the executions')
      .option('--key-once <key>', 'idempotency key: the same key is one job')
      .option('-w, --wait', 'wait until the job has ended; fail if it could not change all of them')
      .action(async (ids: string[], options: BulkOptions) => {
        const { service, output } = await session();
        const { dryRun = false, reason } = options;
        const body = { ...targetOf(ids, options), ...(reason === undefined ? {} : { reason }) };
        const query = dryRun ? { dry_run: 'true' } : {};
        const path = `/api/v1/executions/bulk/${verb}`;
        const begun = (await service.ask('POST', path, { body, query, headers: onceHeaders(options) }))
          .data as JsonObject;
        if (!options.wait || dryRun) output.show(begun, () => pairs(begun));
        else await showEnded(service, output, formatCell(begun.job_id));
      });
  }

  bulk
    .command('get')
    .description('get the progress of a job, and the executions that it could not change')
    .argument('<job>')
    .option('-w, --wait', 'wait until it has ended; fail if it could not change all of its executions')
    .action(async (id: string, { wait: isAwaited }: { wait?: boolean }) => {
      const { service, output } = await session();
      if (isAwaited) return showEnded(service, output, id);
      const job = await jobOf(service, 'GET', id);
      output.show(job, () => linesOf(job));
    });

  bulk
    .command('abort')
    .description('abort a job; executions that it has changed stay changed')
    .argument('<job>')
    .action(async (id: string) => {
      const { service, output } = await session();
      const job = await jobOf(service, 'DELETE', id);
      output.show(job, () => linesOf(job));
    });
}

/** Returns the executions of a job, as the body of a request names them: by ids, by filters, or refused by the API as both or neither. */
function targetOf(ids: readonly string[], options: FilterOptions): JsonObject {
  const given = Object.entries(buildQuery(options)).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, NUMBERS.has(name) ? readValue(value) : value] as const],
  );
  return {
    ...(ids.length === 0 ? {} : { ids: [...ids] }),
    ...(ids.length > 0 && given.length === 0 ? {} : { filter: Object.fromEntries(given) }),
  };
}

async function jobOf(service: Service, method: string, id: string): Promise<JsonObject> {
  return (await service.ask(method, `/api/v1/bulk/${encodeURIComponent(id)}`)).data as JsonObject;
}

/** Shows a job once it has ended, and until then how far it is. Throws a CliError (refused) unless it has changed all. */
async function showEnded(service: Service, output: Output, id: string): Promise<void> {
  let job = await jobOf(service, 'GET', id);
  while (job.status === 'running') {
    output.note(`${Number(job.succeeded) + Number(job.failed)} of ${formatCell(job.matched)}`);
    await wait(INTERVAL);
    job = await jobOf(service, 'GET', id);
  }
  output.show(job, () => linesOf(job));
  const { status, matched, succeeded } = job;
  if (status === 'completed' && succeeded === matched) return;
  throw new CliError(
    EXIT.refused,
    `the job is ${formatCell(status)}: ${formatCell(succeeded)} of ${formatCell(matched)} are changed`,
  );
}

function linesOf({ errors, ...job }: JsonObject): string[] {
  const rows = errors as JsonObject[];
  return [...pairs(job), ...(rows.length === 0 ? [] : ['', ...formatTable(rows, ['id', 'error'])])];
}
