import type { Command } from 'commander';
import { type Issue, valueAt } from '../../model/issue.ts';
import { canonicalJson, type Json, type JsonObject } from '../../model/json.ts';
import { Ambiguities } from '../../model/yaml-ambiguity.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { readObject, readSource, type Source, withFile, writePack } from '../files.ts';
import { formatCell, formatTable, type Output } from '../output.ts';
import { issueLines, type Service } from '../service.ts';
import type { Session } from '../session.ts';
import { addGraphCommand } from './graph.ts';
import { addSimulateCommand } from './simulate.ts';

const BASE = '/api/v1/workflows';

/** Adds the commands for definitions: apply, validate, graph, simulate. */
export function addWorkflowCommands(program: Command, session: () => Promise<Session>): void {
  program
    .command('apply')
    .description('store workflows from files, or a whole pack from its folder')
    .requiredOption(
      '-f, --file <path...>',
      'a JSON or YAML file with a workflow, - for standard input, or a folder with pack.yaml, actions/ and workflows/',
    )
    .option('--dry-run', 'show what would change, without changing anything')
    .option(
      '--prune',
      'with a folder: delete the actions and workflows of the pack that are not in it, including executions',
    )
    .option('--force', 'with --prune: terminate open executions of deleted workflows')
    .action(async ({ file, dryRun: dry = false, prune = false, force = false }: ApplyOptions) => {
      const { service, output } = await session();
      const applied: JsonObject[] = [];
      for (const path of file) {
        const source = await readSource(path);
        const { changes, warnings } =
          source.kind === 'pack'
            ? await importPack(service, source, { dry, prune, force })
            : await applyOne(service, source, { dry, applied: new Set(applied.map(({ ref }) => ref)) });
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
    .description('write a pack to a folder, in the form that apply reads: pack.yaml, actions/, workflows/')
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
    .description('show all issues and warnings of a workflow, without storing it, or of the stored workflows')
    .option('-f, --file <file>', 'a JSON or YAML file with a workflow, or just a definition')
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
  const { data } = await service.ask('POST', `${BASE}/validate`, { body });
  const found = data as unknown as Validation;
  const validation = { ...found, warnings: [...found.warnings, ...ambiguities.warnings()] };
  output.show(validation as unknown as Json, () => {
    const lines = validationLines(validation);
    return lines.length === 0 ? ['no issues found'] : lines;
  });
  if (!validation.valid) throw new CliError(EXIT.refused, `${file} is invalid`);
}

/** Shows the issues and warnings of the stored workflows. Throws a CliError (refused) if one is invalid. */
async function validateStored(service: Service, output: Output): Promise<void> {
  const found: (Validation & { ref: string })[] = [];
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

function validationLines({ issues, warnings }: Validation): string[] {
  return [
    ...issueLines(issues).map((line) => `error    ${line}`),
    ...issueLines(warnings).map((line) => `warning  ${line}`),
  ];
}

/** The issues and warnings of a workflow. */
interface Validation {
  valid: boolean;
  issues: Issue[];
  warnings: Issue[];
}

interface ApplyOptions {
  file: string[];
  dryRun?: boolean;
  prune?: boolean;
  force?: boolean;
}

/** Formats what was applied and its warnings, one per line. */
interface Applied {
  changes: JsonObject[];
  warnings: string[];
}

function warningLines(warnings: Json | undefined): string[] {
  return issueLines((warnings ?? []) as unknown as Issue[]);
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
  const { pack, actions, workflows } = answer.data as {
    pack: JsonObject;
    actions: JsonObject[];
    workflows: JsonObject[];
  };
  return {
    changes: [
      { kind: 'pack', ...pack },
      ...actions.map((action) => ({ kind: 'action', ...action })),
      ...workflows.map((workflow) => ({ kind: 'workflow', ...workflow })),
    ],
    warnings: [...warningLines(answer.warnings), ...issueLines(ofFiles)].map((line) => withFile(line, files)),
  };
}

/** Rewrites an error of the API in terms of the command line. */
function inCommands(message: string): string {
  return message.replace('use ?force=true to terminate them', 'use --force to terminate them');
}

/** How a file is applied: whether nothing is to be stored, and the refs that earlier files of the same command have. */
interface ApplyContext {
  dry: boolean;
  applied: ReadonlySet<Json | undefined>;
}

async function applyOne(
  service: Service,
  source: Extract<Source, { kind: 'file' }>,
  { dry, applied }: ApplyContext,
): Promise<Applied> {
  const { path: file, content, warnings: ofFile } = source;
  const { ref, pack_ref: pack, ...fields } = content;
  if (typeof ref !== 'string') throw new CliError(EXIT.usage, `${file} is not a workflow: "ref" is missing`);
  const refused = (error: unknown): never => {
    if (!(error instanceof CliError)) throw error;
    const hint = error.code === 'pack_not_found' ? `: fermata packs create ${formatCell(pack)}` : '';
    throw new CliError(error.exitCode, `${file}: ${error.message}${hint}`, { lines: [...error.lines], cause: error });
  };
  const path = `${BASE}/${encodeURIComponent(ref)}`;
  const before = await service.ask('GET', path).then(
    ({ data }) => data as JsonObject,
    (error: unknown) => (error instanceof CliError && error.code === 'workflow_not_found' ? null : refused(error)),
  );
  const done = (revision: Json, change: string, warnings: Json | undefined = []) => ({
    changes: [{ kind: 'workflow', ref, change, revision }],
    warnings: [...warningLines(warnings), ...issueLines(ofFile)].map((line) => `${file} ${line}`),
  });
  const write = async (method: string, to: string, body: JsonObject, change: string) => {
    const { data, warnings } = await service.ask(method, to, { body }).catch(refused);
    return done((data as JsonObject).revision!, change, warnings);
  };
  if (before === null) {
    return dry
      ? done(0, 'created', await examined(service, content, { file, applied }))
      : write('POST', BASE, content, 'created');
  }
  const same = Object.entries(fields).every(
    ([name, value]) => canonicalJson(before[name] ?? null) === canonicalJson(value),
  );
  if (same) return done(before.revision!, 'unchanged');
  if (dry)
    return done(
      before.revision!,
      'updated',
      await examined(service, { ...contentOf(before), ...content }, { file, applied }),
    );
  return write('PUT', path, fields, 'updated');
}

/**
 * Returns the warnings of a workflow that is not stored, in which actions may be workflows of earlier files. Throws a CliError (refused)
 * with its issues.
 */
async function examined(
  service: Service,
  body: JsonObject,
  { file, applied }: { file: string; applied: ReadonlySet<Json | undefined> },
): Promise<Json> {
  const { data } = await service.ask('POST', `${BASE}/validate`, { body });
  const { issues, warnings } = data as unknown as Validation;
  const open = issues.filter(({ code, path }) => code !== 'unknown_action' || !applied.has(valueAt(body, path)));
  if (open.length === 0) return warnings as unknown as Json;
  throw new CliError(EXIT.refused, `${file} is invalid`, { lines: issueLines(open) });
}

/** Returns the fields that an update keeps unless it names them. */
function contentOf({ label, version, definition, param_schema, out_schema, pack_ref }: JsonObject): JsonObject {
  return {
    pack_ref: pack_ref!,
    label: label!,
    version: version!,
    definition: definition!,
    param_schema: param_schema!,
    out_schema: out_schema!,
  };
}
