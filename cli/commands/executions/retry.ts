import type { Command } from 'commander';
import type { JsonObject } from '../../../model/json.ts';
import type { PlannedRetry } from '../../../model/retry-plan.ts';
import { readPairs } from '../../files.ts';
import { formatTable, pairs } from '../../output.ts';
import { onceHeaders } from '../../service.ts';
import type { Session } from '../../session.ts';
import { summarizeExecution } from './summaries.ts';

interface RetryOptions {
  from: string;
  version?: string;
  input?: string[];
  reason?: string;
  plan?: boolean;
  planHash?: string;
  keyOnce?: string;
}

/** Adds the command that retries an execution, or plans that. */
export function addRetryCommand(program: Command, session: () => Promise<Session>): void {
  program
    .command('retry')
    .description('retry a closed execution: a new one continues where it ended')
    .argument('<id>')
    .option(
      '--from <what>',
      'failed, start, the name of a task (task:start for one named start), or event:<number>',
      'failed',
    )
    .option('--version <version>', 'use the newest revision with this version label')
    .option('-i, --input <name=value...>', 'another input, which replaces the whole input; only with --from start')
    .option('--reason <text>')
    .option('--plan', 'show what the retry would do, and start nothing')
    .option('--plan-hash <hash>', 'start only if the retry would still do what the plan with this hash says')
    .option('--key-once <key>', 'idempotency key: the same key is one retry')
    .action(async (id: string, options: RetryOptions) => {
      const { service, output } = await session();
      const { from, version, input, reason, plan, planHash } = options;
      const body = {
        from,
        ...(version && { version }),
        ...(input && { input: readPairs(input) }),
        ...(reason && { reason }),
        ...(plan && { plan }),
        ...(planHash && { plan_hash: planHash }),
      };
      const path = `/api/v1/executions/${encodeURIComponent(id)}/retry`;
      const { data } = await service.ask('POST', path, { body, headers: onceHeaders(options) });
      output.show(data!, () =>
        plan ? formatPlan(data as unknown as PlannedRetry) : summarizeExecution(data as JsonObject),
      );
    });
}

function formatPlan({ hash, counts, problems, kept, again, dropped, effects, simulated }: PlannedRetry): string[] {
  const part = (title: string, count: number, rows: readonly object[], fields: readonly string[]) =>
    count === 0 ? [] : ['', `${title} (${count})`, ...formatTable(rows as JsonObject[], fields)];
  const risks = effects.map((effect) => ({ ...effect, last_error: effect.last_error?.message ?? null }));
  return [
    ...pairs({
      plan: hash ?? 'none: it would be refused',
      ...(simulated && { 'likely end': simulated.status }),
    }),
    ...part('PROBLEMS', problems.length, problems, ['code', 'path', 'message']),
    ...part('RUNS AGAIN', counts.again, again, ['key', 'action_ref', 'was', 'why']),
    ...part('KEPT', counts.kept, kept, ['key', 'action_ref', 'status']),
    ...part('DROPPED', counts.dropped, dropped, ['key', 'action_ref', 'was', 'why']),
    ...part('EFFECTS THAT MAY REPEAT', counts.effects, risks, [
      ...['key', 'action_ref', 'idempotent', 'attempts', 'ended', 'last_error'],
    ]),
  ];
}
