import type { Command } from 'commander';
import type { JsonObject } from '../../../model/json.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { readObject } from '../../files.ts';
import { formatCell, formatTable, pairs } from '../../output.ts';
import type { Session } from '../../session.ts';
import { recentLines, testLines } from './rule-test-lines.ts';

const BASE = '/api/v1/rules';

/** Adds the commands for rules. */
export function addRuleCommands(program: Command, session: () => Promise<Session>): void {
  const rules = program.command('rules').description('list, read, test, enable, disable and delete rules');
  const pathOf = (ref: string) => `${BASE}/${encodeURIComponent(ref)}`;

  rules
    .command('list')
    .option('--pack <ref>')
    .option('--type <type>', 'the type or pattern of events, as it is written in the rules')
    .option('--workflow <ref>', 'the workflow that they start')
    .option('--page <number>', 'page number; a page has 100 entries')
    .action(async ({ pack, type, workflow, page }: Record<string, string | undefined>) => {
      const { service, output } = await session();
      const query = { per_page: '100', pack_ref: pack, type, workflow, page };
      const { data, meta } = await service.ask('GET', BASE, { query });
      const rows = (data as JsonObject[]).map((rule) => ({ ...rule, ...(rule.counts as JsonObject) }));
      const fields = ['ref', 'type', 'workflow', 'enabled', 'revision', 'matched', 'failed', 'label'];
      output.show(data!, () => formatTable(rows, fields));
      const total = (meta as JsonObject | undefined)?.total;
      if (typeof total === 'number' && total > rows.length) {
        output.note(`showing ${rows.length} of ${total}: use --page for more`);
      }
    });

  rules
    .command('get')
    .argument('<ref>')
    .action(async (ref: string) => {
      const { service, output } = await session();
      const data = (await service.ask('GET', pathOf(ref))).data as JsonObject;
      output.show(data, () => pairs(data));
    });

  rules
    .command('test')
    .description('show what a rule does with an event; starts nothing')
    .argument('<ref>')
    .option(
      '--event <file or id>',
      'a JSON or YAML file with type and payload of the event, - for standard input, or the id of a recorded event',
    )
    .option('--recent <count>', 'test it on so many of the newest events of its type, up to 500')
    .action(async (ref: string, { event, recent }: { event?: string; recent?: string }) => {
      if ((event === undefined) === (recent === undefined)) {
        throw new CliError(EXIT.usage, 'pass either --event or --recent');
      }
      const { service, output } = await session();
      const body = event === undefined ? { recent: Number(recent) } : { event: await readTestedEvent(event) };
      const data = (await service.ask('POST', `${pathOf(ref)}/test`, { body })).data as JsonObject;
      output.show(data, () => (event === undefined ? recentLines(data) : testLines(data)));
    });

  for (const [name, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    rules
      .command(name)
      .argument('<ref>')
      .action(async (ref: string) => {
        const { service, output } = await session();
        const data = (await service.ask('PUT', pathOf(ref), { body: { enabled } })).data as JsonObject;
        output.show(data, () => pairs(data));
      });
  }

  rules
    .command('delete')
    .description('delete a rule with its revisions')
    .argument('<ref>')
    .action(async (ref: string) => {
      const { service, output } = await session();
      const { message } = await service.ask('DELETE', pathOf(ref));
      output.show({ message: message ?? 'deleted' }, () => [formatCell(message ?? 'deleted')]);
    });
}

/** Reads an event to test: the id of a recorded one, or a file. */
async function readTestedEvent(given: string): Promise<number | JsonObject> {
  return /^\d+$/.test(given) ? Number(given) : readObject(given);
}
