import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { JsonObject } from '../../../model/json.ts';
import { formatCell, pairs, table } from '../../output.ts';
import type { Session } from '../../session.ts';

/** Milliseconds between two checks of a rebuild. */
const LOOK_EVERY = 500;

/** Adds the commands for administrators: keys, signing-keys, reindex. */
export function addAdministrationCommands(program: Command, session: () => Promise<Session>): void {
  const keys = program.command('keys').description('list, create and revoke API keys');

  keys.command('list').action(async () => {
    const { service, output } = await session();
    const rows = (await service.ask('GET', '/api/v1/keys')).data as JsonObject[];
    output.show(rows, () =>
      table(
        ['ID', 'PREFIX', 'SUBJECT', 'ROLES', 'EXPIRES'],
        rows.map(({ id, prefix, subject, roles, expires }) =>
          [id, prefix, subject, (roles as string[]).join(','), expires].map((cell) => formatCell(cell)),
        ),
      ),
    );
  });

  keys
    .command('create')
    .argument('<subject>', 'the subject that the key is for')
    .option('--role <role...>', 'viewer, approver, operator, author or admin')
    .option('--permission <permission...>')
    .option('--group <group...>')
    .option('--tenant <ref>')
    .option('--kind <kind>', 'person, service or agent; only people can decide inquiries')
    .option('--on-behalf-of <subject>', 'the subject on whose behalf the key acts')
    .option('--label <text>')
    .option('--expires-in <seconds>')
    .option('--force', 'even if the last admin of another tenant is demoted, or its only admin expires')
    .action(async (subject: string, options: KeyOptions) => {
      const { service, output } = await session();
      const { role, permission, group, tenant, label, expiresIn, kind, onBehalfOf } = options;
      const { data } = await service.ask('POST', '/api/v1/keys', {
        ...(options.force && { query: { force: 'true' } }),
        body: {
          subject,
          ...(role && { roles: role }),
          ...(permission && { permissions: permission }),
          ...(group && { groups: group }),
          ...(tenant && { tenant }),
          ...(label && { label }),
          ...(kind && { kind }),
          ...(onBehalfOf && { on_behalf_of: onBehalfOf }),
          ...(expiresIn && { expires_in: Number(expiresIn) }),
        },
      });
      output.show(data!, () => pairs(data as JsonObject));
    });

  keys
    .command('revoke')
    .argument('<id>')
    .action(async (id: string) => {
      const { service, output } = await session();
      const { message } = await service.ask('DELETE', `/api/v1/keys/${encodeURIComponent(id)}`);
      output.show({ message: message! }, () => [formatCell(message)]);
    });

  program
    .command('rotate-signing-key')
    .description('create a signing key for new executions')
    .action(async () => {
      const { service, output } = await session();
      const { keys: all } = await service.ask('POST', '/api/v1/signing-keys/rotate');
      output.show(all!, () =>
        table(
          ['KID', 'STATUS', 'CREATED'],
          (all as JsonObject[]).map(({ kid, status, created_at }) =>
            [kid, status, created_at].map((cell) => formatCell(cell)),
          ),
        ),
      );
    });

  program
    .command('revoke-signing-key')
    .description('revoke a signing key permanently, in every open execution that trusts it')
    .argument('<kid>', 'the id of the key in /.well-known/fermata-keys.json')
    .action(async (kid: string) => {
      const { service, output } = await session();
      for (;;) {
        const { data } = await service.ask('POST', `/api/v1/signing-keys/${encodeURIComponent(kid)}/revoke`);
        const { finished, ...counts } = data as JsonObject;
        if (finished !== false) return output.show(data!, () => pairs(counts));
        output.note(`the key is revoked; ${formatCell(counts.told)} executions have been notified so far`);
      }
    });

  program
    .command('reindex')
    .description('rebuild the execution index from Temporal; lists stay available')
    .action(async () => {
      const { service, output } = await session();
      let { data } = await service.ask('POST', '/api/v1/index/rebuild');
      while ((data as JsonObject).status === 'rebuilding') {
        await wait(LOOK_EVERY);
        ({ data } = await service.ask('GET', '/api/v1/index'));
      }
      output.show(data!, () => ['the index has been rebuilt']);
    });
}

interface KeyOptions {
  role?: string[];
  permission?: string[];
  group?: string[];
  tenant?: string;
  kind?: string;
  onBehalfOf?: string;
  label?: string;
  expiresIn?: string;
  force?: boolean;
}
