import type { Command } from 'commander';
import type { JsonObject } from '../../../model/json.ts';
import { readObject, readTextFile } from '../../files.ts';
import { formatCell, formatTable, pairs } from '../../output.ts';
import type { Session } from '../../session.ts';

/** Adds the commands for connections and secrets. */
export function addConnectionCommands(program: Command, session: () => Promise<Session>): void {
  const connections = program.command('connections').description('list, set and delete connections to other systems');
  const pathOf = (pack: string, name: string) =>
    `/api/v1/connections/${encodeURIComponent(pack)}/${encodeURIComponent(name)}`;

  async function tell(method: string, path: string): Promise<void> {
    const { service, output } = await session();
    const { message } = await service.ask(method, path);
    output.show({ message: message ?? 'done' }, () => [formatCell(message ?? 'done')]);
  }

  connections.command('list').action(async () => {
    const { service, output } = await session();
    const rows = (await service.ask('GET', '/api/v1/connections')).data as JsonObject[];
    output.show(rows, () => formatTable(rows, ['pack', 'name', 'settings', 'secrets', 'updated']));
  });

  connections
    .command('get')
    .argument('<pack>')
    .argument('<name>')
    .action(async (pack: string, name: string) => {
      const { service, output } = await session();
      const data = (await service.ask('GET', pathOf(pack, name))).data as JsonObject;
      output.show(data, () => pairs(data));
    });

  connections
    .command('set')
    .description('create or replace a connection')
    .argument('<pack>')
    .argument('<name>')
    .requiredOption('-f, --file <file>', 'a JSON or YAML file with settings and secrets; - for standard input')
    .action(async (pack: string, name: string, { file }: { file: string }) => {
      const { service, output } = await session();
      const data = (await service.ask('PUT', pathOf(pack, name), { body: await readObject(file) })).data as JsonObject;
      output.show(data, () => pairs(data));
    });

  connections
    .command('delete')
    .argument('<pack>')
    .argument('<name>')
    .action((pack: string, name: string) => tell('DELETE', pathOf(pack, name)));

  const secrets = program.command('secrets').description('list, set and delete secrets');
  const secretPath = (name: string) => `/api/v1/secrets/${encodeURIComponent(name)}`;

  secrets.command('list').action(async () => {
    const { service, output } = await session();
    const rows = (await service.ask('GET', '/api/v1/secrets')).data as JsonObject[];
    output.show(rows, () => formatTable(rows, ['name', 'updated']));
  });

  secrets
    .command('set')
    .description('store a secret; the value is read from a file or standard input, so that it is in no shell history')
    .argument('<name>')
    .option('-f, --file <file>', 'a file (default: standard input)', '-')
    .option('--keep-newline', 'keep a line break at the end, which is removed by default')
    .action(async (name: string, { file, keepNewline }: { file: string; keepNewline?: boolean }) => {
      const { service, output } = await session();
      const text = await readTextFile(file);
      const value = keepNewline ? text : text.replace(/\r?\n$/, '');
      const data = (await service.ask('PUT', secretPath(name), { body: { value } })).data as JsonObject;
      output.show(data, () => pairs(data));
    });

  secrets
    .command('delete')
    .argument('<name>')
    .action((name: string) => tell('DELETE', secretPath(name)));
}
