import type { Command } from 'commander';
import type { Json } from '../../model/json.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type Output, table, textOf } from '../output.ts';

/** `replay`, which talks to Temporal itself. */
export function addReplayCommand(program: Command, output: () => Output): void {
  program
    .command('replay')
    .description('replay all open runs of a Temporal server against this build: which of them it could go on with')
    .option('--open', 'those that are open, which are all that are replayed')
    .action(async () => {
      // The parts of a worker, which no other command needs.
      const { replayOpen } = await import('../../dev/replay.ts');
      const { readConfig } = await import('../../model/config.ts');
      const replayed = await replayOpen(readConfig(process.env).config).catch((error: Error) => {
        throw new CliError(EXIT.unreachable, error.message, { cause: error });
      });
      const rows: Json = replayed.map((run) => ({ ...run }));
      output().show(rows, () =>
        table(
          ['WORKFLOW ID', 'SAFE', 'WHY NOT'],
          replayed.map((run) => [run.workflow_id, run.safe ? 'yes' : 'no', textOf(run.trouble)]),
        ),
      );
      const unsafe = replayed.filter(({ safe }) => !safe).length;
      if (unsafe > 0) throw new CliError(EXIT.refused, `${unsafe} of ${replayed.length} open runs would not go on`);
    });
}
