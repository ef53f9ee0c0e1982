import type { Command } from 'commander';
import type { JsonObject } from '../../../model/json.ts';
import { formatCell, formatTable, pairs } from '../../output.ts';
import type { Session } from '../../session.ts';

/** Adds the commands for stored workflows, packs and actions. */
export function addDefinitionCommands(program: Command, session: () => Promise<Session>): void {
  const workflows = program.command('workflows').description('list, read and delete stored workflows');
  const pathOf = (ref: string) => `/api/v1/workflows/${encodeURIComponent(ref)}`;

  async function list(path: string, fields: readonly string[], query: Record<string, string | undefined>) {
    const { service, output } = await session();
    const { data, meta } = await service.ask('GET', path, { query: { per_page: '100', ...query } });
    const rows = data as JsonObject[];
    output.show(rows, () => formatTable(rows, fields));
    const total = (meta as JsonObject | undefined)?.total;
    if (typeof total === 'number' && total > rows.length)
      output.note(`showing ${rows.length} of ${total}: use --page for more`);
  }

  workflows
    .command('list')
    .option('--pack <ref>')
    .option('--page <number>', 'page number; a page has 100 entries')
    .action(({ pack, page }: { pack?: string; page?: string }) =>
      list('/api/v1/workflows', ['ref', 'version', 'enabled', 'label', 'updated'], { pack_ref: pack, page }),
    );

  workflows
    .command('get')
    .argument('<ref>')
    .action(async (ref: string) => {
      const { service, output } = await session();
      const data = (await service.ask('GET', pathOf(ref))).data as JsonObject;
      output.show(data, () => pairs(data));
    });

  workflows
    .command('delete')
    .description('delete a workflow with its revisions and its executions')
    .argument('<ref>')
    .option('--force', 'terminate open executions')
    .action(async (ref: string, { force }: { force?: boolean }) => {
      const { service, output } = await session();
      const { message } = await service.ask('DELETE', pathOf(ref), { query: { force: force ? 'true' : undefined } });
      output.show({ message: message ?? 'deleted' }, () => [formatCell(message ?? 'deleted')]);
    });

  const packs = program.command('packs').description('list and create packs');
  packs.command('list').action(() => list('/api/v1/packs', ['ref', 'version', 'label'], {}));
  packs
    .command('create')
    .argument('<ref>')
    .option('--label <text>', 'label (default: the ref)')
    .option('--version <version>', 'version of the pack', '1.0.0')
    .action(async (ref: string, { label = ref, version }: { label?: string; version: string }) => {
      const { service, output } = await session();
      const data = (await service.ask('POST', '/api/v1/packs', { body: { ref, label, version } })).data as JsonObject;
      output.show(data, () => pairs(data));
    });

  const actions = program.command('actions').description('list and read what tasks can run');
  actions
    .command('list')
    .option('--pack <ref>')
    .option('--page <number>', 'page number; a page has 100 entries')
    .action(({ pack, page }: { pack?: string; page?: string }) =>
      list('/api/v1/actions', ['ref', 'label', 'description'], { pack_ref: pack, page }),
    );
  actions
    .command('get')
    .argument('<ref>')
    .action(async (ref: string) => {
      const { service, output } = await session();
      const data = (await service.ask('GET', `/api/v1/actions/${encodeURIComponent(ref)}`)).data as JsonObject;
      output.show(data, () => pairs(data));
    });
}
