import type { Command } from 'commander';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import { readObject } from '../../files.ts';
import { formatCell, formatTable, pairs } from '../../output.ts';
import type { Session } from '../../session.ts';

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
    .requiredOption(
      '--event <file or id>',
      'a JSON or YAML file with type and payload of the event, - for standard input, or the id of a recorded event',
    )
    .action(async (ref: string, { event: given }: { event: string }) => {
      const { service, output } = await session();
      const event = /^\d+$/.test(given) ? Number(given) : await readObject(given);
      const data = (await service.ask('POST', `${pathOf(ref)}/test`, { body: { event } })).data as JsonObject;
      output.show(data, () => testLines(data));
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

/** Writes the result of a test: what it comes to, and then the condition, each part below the whole. */
function testLines({ matched, reason, when, parameters, would_start: start, dedupe, throttle }: JsonObject): string[] {
  const lines = [matched === true ? 'matches' : 'does not match'];
  if (isJsonObject(reason)) lines.push(`reason      ${formatCell(reason.code)}: ${formatCell(reason.message)}`);
  if (isJsonObject(when)) lines.push('condition', ...conditionLines(when, '  '));
  if (isJsonObject(dedupe)) lines.push(`key         ${formatCell(dedupe.key)}`);
  if (isJsonObject(throttle))
    lines.push(`throttle    ${formatCell(throttle.taken)} of ${formatCell(throttle.limit)} starts`);
  if (isJsonObject(parameters)) lines.push(`parameters  ${JSON.stringify(parameters)}`);
  if (isJsonObject(start))
    lines.push(`starts      ${[start.workflow, start.version].map((each) => formatCell(each)).join(' ')}`);
  return lines;
}

function conditionLines({ text, value, error, operands, parts }: JsonObject, indent: string): string[] {
  const result = isJsonObject(error) ? `error: ${formatCell(error.message)}` : JSON.stringify(value);
  const below = [operands, parts].flatMap((list) => (Array.isArray(list) ? (list as JsonObject[]) : []));
  return [`${indent}${formatCell(text)} → ${result}`, ...below.flatMap((each) => conditionLines(each, `${indent}  `))];
}
