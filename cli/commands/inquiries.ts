import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { Json, JsonObject } from '../../model/json.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { readObject, readPairs } from '../files.ts';
import { formatCell, pairs, table } from '../output.ts';
import type { Session } from '../session.ts';

const BASE = '/api/v1/inquiries';

interface ListOptions {
  all?: boolean;
  status?: string;
  execution?: string;
  limit: string;
}

interface DecideOptions {
  option?: string;
  comment?: string;
  response?: string[];
  yes?: boolean;
  boundTo?: string;
}

/** Adds the commands for inquiries: inquiries, approve, deny, delegate. */
export function addInquiryCommands(program: Command, session: () => Promise<Session>): void {
  const inquiries = program.command('inquiries').description('list and get inquiries');

  inquiries
    .command('list', { isDefault: true })
    .description('list the inquiries that you may decide now')
    .option('--all', 'list all inquiries, including closed ones and those of others')
    .option('--status <status>', 'pending, approved, denied, expired or cancelled; with --all')
    .option('--execution <id>', 'list the inquiries of one execution')
    .option('-n, --limit <count>', 'maximum number of entries', '20')
    .action(async ({ all, status, execution, limit }: ListOptions) => {
      const { service, output } = await session();
      const query = { assigned: all ? undefined : 'me', status, execution, per_page: limit };
      const rows = (await service.ask('GET', BASE, { query })).data as JsonObject[];
      output.show(rows, () => table(['ID', 'WORKFLOW', 'TASK', 'STATUS', 'PROMPT', 'EXPIRES'], rows.map(row)));
    });

  inquiries
    .command('get')
    .description('get an inquiry: the question, what approval runs, and the votes so far')
    .argument('<id>')
    .action(async (id: string) => {
      const { service, output } = await session();
      const inquiry = (await service.ask('GET', `${BASE}/${encodeURIComponent(id)}`)).data as JsonObject;
      output.show(inquiry, () => describe(inquiry));
    });

  program
    .command('delegate')
    .description('delegate your decision to another person, or withdraw the delegation')
    .argument('<id>')
    .option('--to <person>', 'the person: a subject or an alias')
    .option('--withdraw', 'withdraw your delegation: you decide again')
    .option('--reason <text>')
    .action(async (id: string, { withdraw = false, ...body }: JsonObject) => {
      if ((body.to === undefined) !== withdraw) throw new CliError(EXIT.usage, 'either --to or --withdraw is required');
      const { service, output } = await session();
      const path = `${BASE}/${encodeURIComponent(id)}/delegate${withdraw ? '/withdraw' : ''}`;
      const delegated = await service.ask('POST', path, { body });
      const { delegations } = delegated.data as JsonObject;
      output.show(delegated, () =>
        (delegations as JsonObject[]).length === 0
          ? ['there are no delegations']
          : (delegations as JsonObject[]).map(
              ({ by, to }) => `${formatCell(to)} decides on behalf of ${formatCell(by)}`,
            ),
      );
      if (delegated.result === 'received') {
        throw new CliError(EXIT.unreachable, 'the delegation was received, but not yet processed by a worker');
      }
    });

  for (const verb of ['approve', 'deny'] as const) {
    program
      .command(verb)
      .description(`${verb} an inquiry after showing it; without a terminal, --yes or --bound-to is required`)
      .argument('<id>')
      .option('--option <ref>', `the option, if several ${verb}`)
      .option('--comment <text>')
      .option('--response <value...>', 'values of the form: name=value pairs, or @ and a JSON or YAML file')
      .option('--yes', 'decide the inquiry as it is now, without confirmation')
      .option('--bound-to <hash>', 'decide only if this is still the bound_to of the inquiry')
      .action(async (id: string, options: DecideOptions) => {
        const { service, output } = await session();
        const confirms = needsConfirmation(options);
        const path = `${BASE}/${encodeURIComponent(id)}`;
        const inquiry = (await service.ask('GET', path)).data as JsonObject;
        const option = chooseOption(inquiry, verb, options.option);
        if (!output.json || confirms) for (const line of describe(inquiry)) console.error(line);
        if (confirms && !(await confirm(`${verb} with "${option}"? [y/N] `))) {
          throw new CliError(EXIT.refused, 'nothing was decided');
        }
        const body = await decisionOf(inquiry, option, options);
        const answered = await service.ask('POST', `${path}/respond`, { body });
        output.show(answered, () => [outcome(answered)]);
        if (answered.result === 'received') {
          throw new CliError(EXIT.unreachable, 'the decision was received, but not yet processed by a worker');
        }
      });
  }
}

/** Reports whether a decision is confirmed at the terminal. Throws a CliError (usage) if it must be and there is none. */
function needsConfirmation({ yes, boundTo }: DecideOptions): boolean {
  if (yes === true || boundTo !== undefined) return false;
  if (process.stdin.isTTY === true) return true;
  throw new CliError(EXIT.usage, 'no terminal for confirmation: pass --yes or --bound-to');
}

async function decisionOf(
  inquiry: JsonObject,
  option: string,
  { boundTo, comment, response }: DecideOptions,
): Promise<JsonObject> {
  return {
    option,
    bound_to: boundTo ?? inquiry.bound_to!,
    ...(comment === undefined ? {} : { comment }),
    ...(response === undefined ? {} : { response: await readResponse(response) }),
  };
}

/** Returns the named option, or the only one with the outcome. Throws a CliError (usage). */
function chooseOption(inquiry: JsonObject, verb: 'approve' | 'deny', named: string | undefined): string {
  const fitting = (inquiry.options as JsonObject[])
    .filter(({ outcome: of }) => of === verb)
    .map(({ ref }) => String(ref));
  const chosen = named ?? (fitting.length === 1 ? fitting[0] : undefined);
  if (chosen !== undefined && fitting.includes(chosen)) return chosen;
  const what = named === undefined ? 'choose one with --option' : `"${named}" does not ${verb}`;
  throw new CliError(EXIT.usage, `${what}; options that ${verb}: ${fitting.join(', ') || 'none'}`);
}

async function readResponse(given: readonly string[]): Promise<Json> {
  const [first = ''] = given;
  return first.startsWith('@') && given.length === 1 ? readObject(first.slice(1)) : readPairs(given);
}

async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}

function outcome({ result, data }: JsonObject): string {
  const { status, votes } = data as JsonObject;
  const { length } = votes as Json[];
  return result === 'decided'
    ? `decided: ${formatCell(status)}`
    : `${formatCell(result)}: ${length} votes, ${formatCell(status)}`;
}

function row({ id, action_ref, task, status, prompt, expires_at }: JsonObject): string[] {
  return [id, action_ref, task, status, prompt, expires_at].map((cell) => formatCell(cell));
}

/** Formats an inquiry: the question, who asks, what approval runs, and who has decided. */
function describe(inquiry: JsonObject): string[] {
  const { prompt, details, will_run: plan, votes, delegations, options, ...rest } = inquiry;
  const { id, action_ref, requested_by, task, status, quorum, expires_at, bound_to } = rest;
  const offered = (options as JsonObject[]).map(({ ref }) => String(ref)).join(', ');
  return [
    ...[prompt, details].filter((text) => typeof text === 'string').flatMap((text) => [...text.split('\n'), '']),
    ...pairs({
      id: id!,
      workflow: action_ref!,
      started_by: requested_by!,
      task: task!,
      status: status!,
      quorum: quorum!,
    }),
    ...pairs({ options: offered, expires_at: expires_at!, bound_to: bound_to! }),
    ...(plan as JsonObject[]).map(
      ({ task: next, action, input }) =>
        `approval runs ${formatCell(next)} (${formatCell(action)}) ${formatCell(input)}`,
    ),
    ...(delegations as JsonObject[]).map(({ by, to }) => `${formatCell(to)} decides on behalf of ${formatCell(by)}`),
    ...(votes as JsonObject[]).map(
      ({ by, option, comment }) => `${formatCell(by)}: ${formatCell(option)} ${formatCell(comment)}`,
    ),
  ];
}
