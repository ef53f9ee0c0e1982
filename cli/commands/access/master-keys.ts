import type { Command } from 'commander';
import type { Json } from '../../../model/json.ts';
import { EXIT } from '../../cli-error.ts';
import { pairs, table } from '../../output.ts';
import type { Session } from '../../session.ts';

/** The master keys as reported by the API: their ids, how much each has encrypted, and who lacks one. */
interface MasterKeys {
  keys: { id: string; seals: boolean; sealed: Record<string, number> }[];
  processes: {
    kind: string;
    host: string;
    pid: number;
    key_ids: string[];
    missing: string[];
    payload_key_ids: string[] | null;
    missing_payload_keys: string[];
  }[];
  damaged: { kind: string; name: string }[];
}

/** Adds the commands reseal and doctor. */
export function addMasterKeyCommands(program: Command, session: () => Promise<Session>): void {
  const masterKeys = async ({ service }: Session) =>
    (await service.ask('GET', '/api/v1/master-keys')).data as unknown as MasterKeys; // the schema of the API

  program
    .command('reseal')
    .description('re-encrypt stored values with the first master key')
    .option('--check', 'only report how much each key has encrypted, and which processes lack a key')
    .action(async ({ check }: { check?: boolean }) => {
      const current = await session();
      const { service, output } = current;
      if (check) {
        const found = await masterKeys(current);
        return output.show(found as unknown as Json, () => [...linesOf(found), ...damagedOf(found.damaged)]);
      }
      let renewed = 0;
      for (;;) {
        const { data } = await service.ask('POST', '/api/v1/master-keys/reseal');
        const last = data as { renewed: number; left: number; unopened: number };
        renewed += last.renewed;
        if (last.left > 0 && last.renewed > 0) continue;
        const total = { ...last, renewed };
        return output.show(total, () => pairs(total));
      }
    });

  program
    .command('doctor')
    .description('report which dependencies do not respond, and which processes lack a master key or payload key')
    .action(async () => {
      const current = await session();
      const { service, output } = current;
      const unready = await service.ask('GET', '/readyz').then(
        () => [],
        ({ message }: Error) => [`/readyz: ${message}`],
      );
      const found = await masterKeys(current);
      const troubles = [...unready, ...troublesOf(found)];
      const shown = { ...(found as unknown as Record<string, Json>), troubles };
      output.show(shown, () => [...linesOf(found), ...(troubles.length === 0 ? ['all is well'] : troubles)]);
      if (troubles.length > 0) process.exitCode = EXIT.refused;
    });
}

/** Describes the problems of the keys of processes and of stored values. */
function troublesOf({ processes, damaged }: MasterKeys): string[] {
  return [...lackingOf(processes), ...damagedOf(damaged)];
}

function damagedOf(damaged: MasterKeys['damaged']): string[] {
  const nounOf = (kind: string) => kind.replace('_', ' ').replace(/s$/, '');
  return damaged.map(({ kind, name }) => `the stored ${nounOf(kind)} ${name} is damaged: store it again`);
}

function lackingOf(processes: MasterKeys['processes']): string[] {
  return processes.flatMap(({ kind, host, pid, missing, missing_payload_keys: missingPayloadKeys }) => {
    const who = `${kind} ${pid} on ${host}`;
    return [
      ...missing.map((id) => `${who} does not have the master key ${id}: add it to its FERMATA_SECRET_KEY`),
      ...missingPayloadKeys.map(
        (id) => `${who} does not have the payload key ${id}: add it to its FERMATA_PAYLOAD_KEY`,
      ),
    ];
  });
}

function linesOf({ keys, processes }: MasterKeys): string[] {
  const counts = (sealed: Record<string, number>) => Object.values(sealed).map(String);
  return [
    ...table(
      ['KEY', 'SEALS', ...Object.keys(keys[0]?.sealed ?? {}).map((kind) => kind.toUpperCase())],
      keys.map(({ id, seals, sealed }) => [id, seals ? 'yes' : '-', ...counts(sealed)]),
    ),
    '',
    ...table(
      ['PROCESS', 'HOST', 'PID', 'KEYS', 'PAYLOAD KEYS', 'MISSING'],
      processes.map((holder) => [
        ...[holder.kind, holder.host, String(holder.pid), holder.key_ids.join(',')],
        holder.payload_key_ids?.join(',') || '-',
        [...holder.missing, ...holder.missing_payload_keys].join(',') || '-',
      ]),
    ),
    '',
  ];
}
