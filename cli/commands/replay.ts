import type { Command } from 'commander';
import type { Json } from '../../model/json.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { formatCell, type Output, table } from '../output.ts';

/** Adds the command replay, which calls Temporal directly. */
export function addReplayCommand(program: Command, output: () => Output): void {
  program
    .command('replay')
    .description(
      'replay all open runs of a Temporal server against this build and report which of them it can continue',
    )
    .option('--open', 'replay the open runs; required')
    .action(async () => {
      // The modules of a worker, which no other command needs.
      const { replayOpen } = await import('../../dev/replay.ts');
      const { readConfig } = await import('../../model/config.ts');
      const replayed = await replayOpen(readConfig(process.env).config).catch((error: Error) => {
        throw new CliError(EXIT.unreachable, error.message, { cause: error });
      });
      const rows: Json = replayed.map((run) => ({ ...run }));
      output().show(rows, () =>
        table(
          ['WORKFLOW ID', 'SAFE', 'WHY NOT'],
          replayed.map((run) => [run.workflow_id, run.safe ? 'yes' : 'no', formatCell(run.trouble)]),
        ),
      );
      const unsafe = replayed.filter(({ safe }) => !safe).length;
      if (unsafe > 0)
        throw new CliError(EXIT.refused, `${unsafe} of ${replayed.length} open runs could not be continued`);
    });
}
