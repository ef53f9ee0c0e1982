import type { Command } from 'commander';
import type { JsonObject } from '../../../model/json.ts';
import { readObject, readTextFile } from '../../files.ts';
import { formatCell, formatTable, pairs } from '../../output.ts';
import type { Session } from '../../session.ts';

const BASE = '/api/v1/webhooks';

interface CreateOptions {
  preset: string;
  secretFile?: string;
  file?: string;
  insecure?: boolean;
}

/** Adds the commands for webhooks. */
export function addWebhookCommands(program: Command, session: () => Promise<Session>): void {
  const webhooks = program
    .command('webhooks')
    .description('list, create, rotate and delete URLs to which events are sent');
  const pathOf = (name: string, verb = '') => `${BASE}/${encodeURIComponent(name)}${verb}`;

  /** Sends a request and shows the webhook that it returns, with a new URL if there is one. */
  async function show(method: string, path: string, body: JsonObject): Promise<void> {
    const { service, output } = await session();
    const data = (await service.ask(method, path, { body })).data as JsonObject;
    for (const warning of data.warnings as JsonObject[]) output.warn(formatCell(warning.message));
    output.show(data, () => pairs(shownOf(data)));
  }

  webhooks.command('list').action(async () => {
    const { service, output } = await session();
    const rows = (await service.ask('GET', BASE)).data as JsonObject[];
    const columns = ['name', 'preset', 'enabled', 'secrets', 'key_prefix', 'last event', 'refused'];
    output.show(rows, () => formatTable(rows.map(rowOf), columns));
  });

  webhooks
    .command('create')
    .description('create a webhook; its URL and a generated secret are shown only here')
    .argument('<name>')
    .requiredOption('--preset <preset>', 'how requests are verified: github, stripe, standard-webhooks, …')
    .option('--secret-file <file>', 'a file with the secret; - for standard input (default: one is generated)')
    .option('-f, --file <file>', 'a JSON or YAML file with further fields')
    .option('--insecure', 'required by the preset none')
    .action(async (name: string, { preset, secretFile, file, insecure }: CreateOptions) => {
      const fields = file === undefined ? {} : await readObject(file);
      const secret = secretFile === undefined ? {} : { secret: await readSecret(secretFile) };
      await show('POST', BASE, { ...fields, name, preset, ...secret, ...(insecure ? { insecure } : {}) });
    });

  webhooks
    .command('secret')
    .description(
      'replace the secret of a webhook; it is read from a file or standard input, so that it is in no shell history',
    )
    .argument('<name>')
    .option('-f, --file <file>', 'a file (default: standard input)', '-')
    .action(async (name: string, { file }: { file: string }) =>
      show('PUT', pathOf(name), { secret: await readSecret(file) }),
    );

  webhooks
    .command('rotate')
    .description('give a webhook a new URL, which is shown only here')
    .argument('<name>')
    .option('--keep <seconds>', 'how long the old URL stays valid', Number, 0)
    .action((name: string, { keep }: { keep: number }) => show('POST', pathOf(name, '/rotate'), { keep }));

  webhooks
    .command('delete')
    .argument('<name>')
    .action(async (name: string) => {
      const { service, output } = await session();
      const { message } = await service.ask('DELETE', pathOf(name));
      output.show({ message: message! }, () => [formatCell(message)]);
    });
}

async function readSecret(file: string): Promise<string> {
  return (await readTextFile(file)).replace(/\r?\n$/, '');
}

function rowOf(webhook: JsonObject): JsonObject {
  const { last_event: last, refusals } = webhook as { last_event: JsonObject | null; refusals: JsonObject };
  return { ...webhook, 'last event': last?.at ?? null, refused: refusals.count! };
}

function shownOf(webhook: JsonObject): JsonObject {
  const { name, preset, url, secret, enabled, secrets, old_key_until: until } = webhook;
  return {
    name: name!,
    preset: preset!,
    enabled: enabled!,
    ...(url === undefined ? {} : { url }),
    ...(secret === undefined || secret === null ? {} : { secret }),
    secrets: secrets!,
    ...(until === null ? {} : { 'old URL until': until! }),
  };
}
