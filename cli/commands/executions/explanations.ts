import type { Command } from 'commander';
import type { JsonObject } from '../../../model/json.ts';
import { readValue } from '../../files.ts';
import { formatCell, formatTable } from '../../output.ts';
import type { Session } from '../../session.ts';

const BASE = '/api/v1/executions';

/** Adds the commands explain, logs and skip. */
export function addExplanationCommands(program: Command, session: () => Promise<Session>): void {
  program
    .command('explain')
    .description('explain what an execution waits for, and what can be done')
    .argument('<id>')
    .action(async (id: string) => {
      const { service, output } = await session();
      const data = (await service.ask('GET', `${BASE}/${encodeURIComponent(id)}/explain`)).data as JsonObject;
      const advice = data.advice as JsonObject[];
      output.show(data, () => (advice.length === 0 ? ['no action is needed'] : advice.map(adviceLine)));
    });

  program
    .command('logs')
    .description('show the log of an execution: its events and what its tasks have logged')
    .argument('<id>')
    .action(async (id: string) => {
      const { service, output } = await session();
      const rows = (await service.ask('GET', `${BASE}/${encodeURIComponent(id)}/logs`)).data as JsonObject[];
      output.show(rows, () => formatTable(rows, ['timestamp', 'level', 'task', 'message']));
    });

  program
    .command('skip')
    .description('end the wait of a task for a timer, a signal, an inquiry or another attempt')
    .argument('<id>')
    .argument('<task>', 'the key of the task, as shown by get')
    .option(
      '--output <value>',
      'the output of the task, parsed as JSON if possible, else taken as text (default: null)',
    )
    .option('--reason <text>')
    .action(async (id: string, task: string, { output: given, reason }: { output?: string; reason?: string }) => {
      const { service, output } = await session();
      const body = {
        ...(given !== undefined && { output: readValue(given) }),
        ...(reason !== undefined && { reason }),
      };
      const path = `${BASE}/${encodeURIComponent(id)}/tasks/${encodeURIComponent(task)}/skip`;
      const data = (await service.ask('POST', path, { body })).data;
      output.show(data!, () => [`"${task}" has been skipped`]);
    });
}

function adviceLine({ text, method, href }: JsonObject): string {
  return method === null ? formatCell(text) : `${formatCell(text)} (${formatCell(method)} ${formatCell(href)})`;
}
