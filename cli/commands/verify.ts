import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { Ledger, LedgerFinding, LedgerKey } from '../../model/ledger.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { readHistory } from '../../projection/json/history.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { formatCell, type Output, table } from '../output.ts';

/** Adds the command verify, which checks exported decisions and histories without a server. */
export function addVerifyCommand(program: Command, output: () => Output): void {
  program
    .command('verify')
    .description('verify decisions against the published keys, without a server')
    .argument(
      '<files...>',
      'responses of GET /api/v1/executions/{id}/decisions/export, or histories (temporal workflow show --output json)',
    )
    .requiredOption('--keys <file-or-url>', 'the published keys: /.well-known/fermata-keys.json, or a copy of it')
    .action(async (files: string[], { keys: from }: { keys: string }) => {
      // The interpreter is large, and no other command needs it.
      const { verifyLedger } = await import('../../interpreter/ledger.ts');
      const { verifyHistories } = await import('../../projection/verification.ts');
      const keys = keysOf(await readJson(from), from);
      const read = await Promise.all(files.map(async (file) => contentOf(await readJson(file), file)));
      const histories = read.flatMap((each) => ('events' in each ? [each.events] : []));
      const ledgers = read.flatMap((each) => ('ledger' in each ? [each.ledger] : []));
      const findings = [
        ...ledgers.flatMap((ledger) => verifyLedger(ledger, keys)),
        ...verifyHistories(histories, keys),
      ];
      const count = (wanted: LedgerFinding['result']) => findings.filter(({ result }) => result === wanted).length;
      const [verified, failed, hidden] = [count('verified'), count('failed'), count('not recomputable')];
      const summary = `${verified} of ${findings.length} verified, ${failed} failed, ${hidden} not recomputable`;
      output().show(findings as unknown as Json, () => [
        ...table(
          ['EXECUTION', 'INQUIRY', 'WHAT', 'BY', 'RESULT', 'REASON'],
          findings.map(({ execution, inquiry, subject, by, result, reason }) =>
            [execution, inquiry, subject, by, result, reason].map((cell) => formatCell(cell)),
          ),
        ),
        summary,
      ]);
      if (verified < findings.length) throw new CliError(EXIT.refused, `not all decisions are verified: ${summary}`);
    });
}

async function readJson(from: string): Promise<Json> {
  try {
    const isUrl = /^https?:\/\//.test(from);
    return JSON.parse(isUrl ? await (await fetch(from)).text() : await readFile(from, 'utf8')) as Json;
  } catch (cause) {
    throw new CliError(EXIT.usage, `${from} is not valid JSON`, { cause });
  }
}

/** Reads a file with exported decisions or the history of a run. */
function contentOf(value: Json, from: string): { ledger: Ledger } | { events: HistoryEvent[] } {
  // The content is not trusted: it is checked while it is read.
  if (isJsonObject(value) && value.fermata_decisions === 1) return { ledger: value as unknown as Ledger };
  const events = readHistory(value);
  if (events !== null) return { events };
  throw new CliError(EXIT.usage, `${from} contains neither exported decisions ("fermata_decisions": 1) nor a history`);
}

function keysOf(value: Json, from: string): LedgerKey[] {
  if (isJsonObject(value) && Array.isArray(value.keys)) return value.keys as unknown as LedgerKey[];
  throw new CliError(EXIT.usage, `${from} does not contain keys (a JWKS)`);
}
