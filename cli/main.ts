import { Command, CommanderError } from 'commander';
import { VERSION } from '../model/product.ts';
import { CliError, EXIT } from './cli-error.ts';
import { addAdministrationCommands } from './commands/access/administration.ts';
import { addConnectionCommands } from './commands/access/connections.ts';
import { addMasterKeyCommands } from './commands/access/master-keys.ts';
import { addDebugCommand } from './commands/debug.ts';
import { addDefinitionCommands } from './commands/definitions/definitions.ts';
import { addRuleCommands } from './commands/definitions/rules.ts';
import { addWorkflowCommands } from './commands/definitions/workflows.ts';
import { addEnforcementCommands } from './commands/events/enforcements.ts';
import { addEventCommands } from './commands/events/events.ts';
import { addWebhookCommands } from './commands/events/webhooks.ts';
import { addBulkCommands } from './commands/executions/bulk.ts';
import { addExecutionCommands } from './commands/executions/executions.ts';
import { addExplanationCommands } from './commands/executions/explanations.ts';
import { addInquiryCommands } from './commands/inquiries.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addScheduleCommands } from './commands/schedules.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { createOutput } from './output.ts';
import { createService, findTarget } from './service.ts';
import type { Session } from './session.ts';

const program = new Command('fermata');
// A command may have its own `--version`, which the program would take from it.
if (process.argv.slice(2).every((word) => word.startsWith('-'))) program.version(VERSION);
program
  .description('Workflows as data, run by Temporal. Uses only the API.')
  .option('--url <url>', 'URL of the API (default: FERMATA_URL, or that of an installation that npm start runs here)')
  .option('--key <key>', 'API key (default: FERMATA_API_KEY, or that of an installation that npm start runs here)')
  .option('--json', 'print JSON, the default if output is not a terminal')
  .option('--table', 'print tables, the default on a terminal')
  .exitOverride()
  .showSuggestionAfterError()
  .showHelpAfterError('(see fermata --help)');

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
addRuleCommands(program, session);
addExecutionCommands(program, session);
addBulkCommands(program, session);
addExplanationCommands(program, session);
addScheduleCommands(program, session);
addConnectionCommands(program, session);
addEventCommands(program, session);
addEnforcementCommands(program, session);
addWebhookCommands(program, session);
addInquiryCommands(program, session);
addAdministrationCommands(program, session);
addMasterKeyCommands(program, session);
program
  .command('mcp')
  .description('serve MCP over standard input and output')
  .action(async () => {
    // The MCP library is large, and no other command needs it.
    const { serveMcp } = await import('./commands/mcp.ts');
    await serveMcp(await findTarget(program.opts<GlobalOptions>(), process.env));
  });
addDebugCommand(program, session, () => createOutput(program.opts<GlobalOptions>(), process.stdout));
addVerifyCommand(program, () => createOutput(program.opts<GlobalOptions>(), process.stdout));
addReplayCommand(program, () => createOutput(program.opts<GlobalOptions>(), process.stdout));
program
  .command('dev')
  .description('start everything on this machine, as npm start does')
  .action(async () => {
    await import('../dev/main.ts');
  });

// The reader of the output may exit early.
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
  // Commander has already printed the error or the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (!(error instanceof CliError)) throw error;
  console.error(`fermata: ${error.message}`);
  for (const line of error.lines) console.error(`  ${line}`);
  return error.exitCode;
}
