import type { Command } from 'commander';
import type { Json, JsonObject } from '../../../model/json.ts';
import { Ambiguities } from '../../../model/yaml-ambiguity.ts';
import { type Applied, applyPart, findPartKind, type PartValidation, validatePart, warningLines } from '../../apply.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { readObject, readSource, type Source, withFile, writePack } from '../../files.ts';
import { formatCell, formatTable, type Output } from '../../output.ts';
import { issueLines, type Service } from '../../service.ts';
import type { Session } from '../../session.ts';
import { addGraphCommand } from './graph.ts';
import { addSimulateCommand } from './simulate.ts';

/** Adds the commands for definitions: apply, validate, graph, simulate. */
export function addWorkflowCommands(program: Command, session: () => Promise<Session>): void {
  program
    .command('apply')
    .description('store workflows, rules and triggers from files, or a whole pack from its folder')
    .requiredOption(
      '-f, --file <path...>',
      'a JSON or YAML file with a workflow, a rule or a trigger, - for standard input, or a folder with pack.yaml, triggers/, actions/, workflows/ and rules/',
    )
    .option('--dry-run', 'show what would change, without changing anything')
    .option(
      '--prune',
      'with a folder: delete the parts of the pack that are not in it, including executions of workflows',
    )
    .option(
      '--force',
      'with --prune: terminate open executions of deleted workflows, and disable rules that start them',
    )
    .action(async ({ file, dryRun: dry = false, prune = false, force = false }: ApplyOptions) => {
      const { service, output } = await session();
      const applied: JsonObject[] = [];
      for (const path of file) {
        const source = await readSource(path);
        const { changes, warnings } =
          source.kind === 'pack'
            ? await importPack(service, source, { dry, prune, force })
            : await applyPart(service, source, { dry, applied: new Set(applied.map(({ ref }) => ref)) });
        applied.push(...changes);
        for (const line of warnings) output.warn(line);
        for (const { ref, executions } of changes) {
          if (executions)
            output.note(
              `${formatCell(ref)}: ${formatCell(executions)} of its executions ${dry ? 'would be' : 'are'} deleted`,
            );
        }
      }
      output.show(applied, () => formatTable(applied, ['kind', 'ref', 'change', 'revision']));
    });

  program
    .command('pack')
    .description(
      'write a pack to a folder, in the form that apply reads: pack.yaml, triggers/, actions/, workflows/, rules/',
    )
    .argument('<ref>')
    .requiredOption('-o, --output <folder>', 'a folder; existing files are replaced')
    .action(async (ref: string, { output: folder }: { output: string }) => {
      const { service, output } = await session();
      const { data } = await service.ask('GET', `/api/v1/packs/${encodeURIComponent(ref)}/export`);
      const written = await writePack(folder, data as JsonObject);
      output.show(written, () => written);
    });

  program
    .command('validate')
    .description(
      'show all issues and warnings of a workflow, a rule or a trigger, without storing it, or of the stored workflows',
    )
    .option('-f, --file <file>', 'a JSON or YAML file with a workflow, a rule or a trigger, or just a definition')
    .option('--stored', 'validate the stored workflows by the rules of this version, as after an upgrade')
    .action(async ({ file, stored = false }: { file?: string; stored?: boolean }) => {
      if ((file === undefined) !== stored) throw new CliError(EXIT.usage, 'give either --file or --stored');
      const { service, output } = await session();
      await (file === undefined ? validateStored(service, output) : validateFile(service, output, file));
    });

  addGraphCommand(program, session);
  addSimulateCommand(program, session);
}

async function validateFile(service: Service, output: Output, file: string): Promise<void> {
  const ambiguities = new Ambiguities();
  const body = await readObject(file, ambiguities);
  const found = await validatePart(service, findPartKind(body), body);
  const validation = { ...found, warnings: [...found.warnings, ...ambiguities.warnings()] };
  output.show(validation as unknown as Json, () => {
    const lines = validationLines(validation);
    return lines.length === 0 ? ['no issues found'] : lines;
  });
  if (!validation.valid) throw new CliError(EXIT.refused, `${file} is invalid`);
}

/** Shows the issues and warnings of the stored workflows. Throws a CliError (refused) if one is invalid. */
async function validateStored(service: Service, output: Output): Promise<void> {
  const found: (PartValidation & { ref: string })[] = [];
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const { data, meta } = await service.ask('GET', '/api/v1/workflow-validations', { query: { page: String(page) } });
    pages = (meta as { total_pages: number }).total_pages;
    for (const each of data as unknown as typeof found) {
      if (each.issues.length + each.warnings.length > 0) found.push(each);
    }
  }
  output.show(found as unknown as Json, () =>
    found.length === 0
      ? ['no issues found']
      : found.flatMap((each) => validationLines(each).map((line) => line.replace(/^\w+ +/, `$&${each.ref} `))),
  );
  const invalid = found.filter(({ valid }) => !valid).length;
  if (invalid === 0) return;
  const what = invalid === 1 ? '1 stored workflow is invalid' : `${invalid} stored workflows are invalid`;
  throw new CliError(EXIT.refused, what);
}

function validationLines({ issues, warnings }: PartValidation): string[] {
  return [
    ...issueLines(issues).map((line) => `error    ${line}`),
    ...issueLines(warnings).map((line) => `warning  ${line}`),
  ];
}

interface ApplyOptions {
  file: string[];
  dryRun?: boolean;
  prune?: boolean;
  force?: boolean;
}

async function importPack(
  service: Service,
  { path, body, files, warnings: ofFiles }: Extract<Source, { kind: 'pack' }>,
  { dry, prune, force }: { dry: boolean; prune: boolean; force: boolean },
): Promise<Applied> {
  const query = { dry_run: String(dry), prune: String(prune), ...(force && { force: 'true' }) };
  const answer = await service.ask('POST', '/api/v1/packs/import', { body, query }).catch((error: unknown) => {
    if (!(error instanceof CliError)) throw error;
    const lines = error.lines.map((line) => withFile(line, files));
    throw new CliError(error.exitCode, `${path}: ${inCommands(withFile(error.message, files))}`, {
      lines,
      cause: error,
    });
  });
  const { pack, ...lists } = answer.data as { pack: JsonObject } & Record<string, JsonObject[]>;
  const changes = (['trigger', 'action', 'workflow', 'rule'] as const).flatMap((kind) =>
    (lists[`${kind}s`] ?? []).map((part) => ({ kind, ...part })),
  );
  return {
    changes: [{ kind: 'pack', ...pack }, ...changes],
    warnings: [...warningLines(answer.warnings), ...issueLines(ofFiles)].map((line) => withFile(line, files)),
  };
}

/** Rewrites an error of the API in terms of the command line. */
function inCommands(message: string): string {
  return message.replace('use ?force=true to', 'use --force to');
}
