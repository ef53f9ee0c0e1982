import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { verifyLedger } from '../interpreter/ledger.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import type { Ledger, LedgerFinding, LedgerKey } from '../model/ledger.ts';
import { CliError, EXIT } from './cli-error.ts';
import { type Output, table, textOf } from './output.ts';

/** The command that checks exported decisions; it needs no server. */
export function addVerifyCommand(program: Command, output: () => Output): void {
  program
    .command('verify')
    .description('check exported decisions against the keys that are published, without a server')
    .argument('<file>', 'what GET /api/v1/executions/{id}/decisions/export has answered')
    .requiredOption('--keys <file-or-url>', 'the published keys: /.well-known/fermata-keys.json, or a copy of it')
    .action(async (file: string, { keys }: { keys: string }) => {
      const findings = verifyLedger(ledgerOf(await readJson(file), file), keysOf(await readJson(keys), keys));
      const count = (wanted: LedgerFinding['result']) => findings.filter(({ result }) => result === wanted).length;
      const [verified, failed, hidden] = [count('verified'), count('failed'), count('not recomputable')];
      const summary = `${verified} of ${findings.length} verified, ${failed} failed, ${hidden} not recomputable`;
      output().show(findings as unknown as Json, () => [
        ...table(
          ['EXECUTION', 'INQUIRY', 'WHAT', 'BY', 'RESULT', 'REASON'],
          findings.map(({ execution, inquiry, subject, by, result, reason }) =>
            [execution, inquiry, subject, by, result, reason].map((cell) => textOf(cell)),
          ),
        ),
        summary,
      ]);
      if (verified < findings.length) throw new CliError(EXIT.refused, `not everything is verified: ${summary}`);
    });
}

async function readJson(from: string): Promise<Json> {
  try {
    const isUrl = /^https?:\/\//.test(from);
    return JSON.parse(isUrl ? await (await fetch(from)).text() : await readFile(from, 'utf8')) as Json;
  } catch (cause) {
    throw new CliError(EXIT.usage, `${from} cannot be read as JSON`, { cause });
  }
}

function ledgerOf(value: Json, from: string): Ledger {
  // What is in it is checked as it is read: nothing of it is trusted.
  if (isJsonObject(value) && value.fermata_decisions === 1) return value as unknown as Ledger;
  throw new CliError(EXIT.usage, `${from} holds no exported decisions ("fermata_decisions": 1)`);
}

function keysOf(value: Json, from: string): LedgerKey[] {
  if (isJsonObject(value) && Array.isArray(value.keys)) return value.keys as unknown as LedgerKey[];
  throw new CliError(EXIT.usage, `${from} holds no keys (a JWKS)`);
}
