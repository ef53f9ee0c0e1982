import { Command, CommanderError } from 'commander';
import { VERSION } from '../model/product.ts';
import { CliError, EXIT } from './cli-error.ts';
import { addAdministrationCommands } from './commands/administration.ts';
import { addConnectionCommands } from './commands/connections.ts';
import { addDefinitionCommands } from './commands/definitions.ts';
import { addExecutionCommands } from './commands/executions.ts';
import { addExplanationCommands } from './commands/explanations.ts';
import { addInquiryCommands } from './commands/inquiries.ts';
import { addMasterKeyCommands } from './commands/master-keys.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addScheduleCommands } from './commands/schedules.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { addWorkflowCommands } from './commands/workflows.ts';
import { createOutput } from './output.ts';
import { createService, findTarget } from './service.ts';
import type { Session } from './session.ts';

const program = new Command('fermata')
  .version(VERSION)
  .description('Workflows as data, run by Temporal. Speaks to the API alone.')
  .option('--url <url>', 'where the API is; FERMATA_URL, or what npm start has left here')
  .option('--key <key>', 'the API key; FERMATA_API_KEY, or what npm start has left here')
  .option('--json', 'JSON, as it is where nobody looks at a terminal')
  .option('--table', 'tables, as they are on a terminal')
  .exitOverride()
  .showSuggestionAfterError()
  .showHelpAfterError('(fermata --help tells more)');

interface GlobalOptions {
  url?: string;
  key?: string;
  json?: boolean;
  table?: boolean;
}

async function session(): Promise<Session> {
  const options = program.opts<GlobalOptions>();
  const service = createService(await findTarget(options, process.env));
  return { service, output: createOutput(options, process.stdout) };
}

addWorkflowCommands(program, session);
addDefinitionCommands(program, session);
addExecutionCommands(program, session);
addExplanationCommands(program, session);
addScheduleCommands(program, session);
addConnectionCommands(program, session);
addInquiryCommands(program, session);
addAdministrationCommands(program, session);
addMasterKeyCommands(program, session);
program
  .command('mcp')
  .description('serve MCP over standard input and output')
  .action(async () => {
    // The protocol's library is heavy, and no other command needs it.
    const { serveMcp } = await import('./commands/mcp.ts');
    await serveMcp(await findTarget(program.opts<GlobalOptions>(), process.env));
  });
addVerifyCommand(program, () => createOutput(program.opts<GlobalOptions>(), process.stdout));
addReplayCommand(program, () => createOutput(program.opts<GlobalOptions>(), process.stdout));
program
  .command('dev')
  .description('start everything on this machine, as npm start does')
  .action(async () => {
    await import('../dev/main.ts');
  });

// What reads our output may go before we are done.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

try {
  for (const command of program.commands)
    for (const each of [command, ...command.commands]) each.copyInheritedSettings(program);
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  // It has said what is wrong, or shown its help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (!(error instanceof CliError)) throw error;
  console.error(`fermata: ${error.message}`);
  for (const line of error.lines) console.error(`  ${line}`);
  return error.exitCode;
}
