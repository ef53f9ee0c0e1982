import type { Command } from 'commander';
import type { JsonObject } from '../../../model/json.ts';
import { formatCell, formatTable, pairs } from '../../output.ts';
import type { Session } from '../../session.ts';

const BASE = '/api/v1/enforcements';

interface ListOptions {
  rule?: string;
  event?: string;
  status?: string;
  reason?: string;
  workflow?: string;
  limit: string;
  cursor?: string;
}

/** Adds the commands for enforcements. */
export function addEnforcementCommands(program: Command, session: () => Promise<Session>): void {
  const enforcements = program.command('enforcements').description('list and get matches of rules by events');

  enforcements
    .command('list')
    .description('list enforcements, newest first')
    .option('--rule <ref>', 'the ref or the integer id of a rule')
    .option('--event <id>')
    .option('--status <status>', 'pending, started, suppressed or failed')
    .option('--reason <code>', 'why they are suppressed or have failed')
    .option('--workflow <ref>', 'the workflow or action that they start')
    .option('-n, --limit <count>', 'maximum number of entries', '20')
    .option('--cursor <cursor>', 'the cursor printed after the previous page')
    .action(async ({ rule, event, status, reason, workflow, limit, cursor }: ListOptions) => {
      const { service, output } = await session();
      const page = await service.ask('GET', BASE, { query: { rule, event, status, reason, workflow, limit, cursor } });
      const rows = page.data as JsonObject[];
      output.show(rows, () => formatTable(rows, ['id', 'rule_ref', 'event', 'workflow', 'status', 'execution']));
      if (page.next_cursor) output.note(`more: --cursor ${formatCell(page.next_cursor)}`);
    });

  enforcements
    .command('get')
    .argument('<id>')
    .action(async (id: string) => {
      const { service, output } = await session();
      const data = (await service.ask('GET', `${BASE}/${encodeURIComponent(id)}`)).data as JsonObject;
      output.show(data, () => pairs(data));
    });
}
